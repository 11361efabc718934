"""Pages of research: its phases, its notes and how they are written, and the cards of experiments."""

from .archives import (
    archive_delete,
    archive_detail,
    archive_file,
    archive_list,
    archive_progress,
    membership_archive,
)
from .attachments import (
    attachment_describe,
    attachment_detail,
    attachment_put_back,
    attachment_remove,
    attachment_save,
    note_attachments,
    note_quick,
)
from .experiments import experiment_detail, experiment_edit, experiment_history, experiment_list, experiment_new
from .history import note_compare, note_history, note_restore
from .notes import (
    drafts_download,
    note_addendum,
    note_comment,
    note_delete,
    note_deleted_list,
    note_detail,
    note_list,
    note_put_back,
)
from .phases import phase_detail, phase_list
from .readers import note_readers
from .together import note_conflict, note_presence
from .us_too import us_too_new, us_too_remove
from .writing import note_edit, note_new, note_preview, note_save

__all__ = [
    "archive_delete",
    "archive_detail",
    "archive_file",
    "archive_list",
    "archive_progress",
    "attachment_describe",
    "attachment_detail",
    "attachment_put_back",
    "attachment_remove",
    "attachment_save",
    "drafts_download",
    "experiment_detail",
    "experiment_edit",
    "experiment_history",
    "experiment_list",
    "experiment_new",
    "membership_archive",
    "note_addendum",
    "note_attachments",
    "note_comment",
    "note_compare",
    "note_conflict",
    "note_delete",
    "note_deleted_list",
    "note_detail",
    "note_edit",
    "note_history",
    "note_list",
    "note_new",
    "note_presence",
    "note_preview",
    "note_put_back",
    "note_quick",
    "note_readers",
    "note_restore",
    "note_save",
    "phase_detail",
    "phase_list",
    "us_too_new",
    "us_too_remove",
]

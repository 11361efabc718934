"""Phases of research, the experiments run in them, the notes people write, and what hangs on them."""

from .archives import Archive, notes_to_take
from .attachments import Attachment
from .experiments import BOXES, CardVersion, Experiment, Framing
from .locks import Addendum, Seal, Unlock
from .notes import WAITS, NoteVersion, ResearchNote, name_kinds
from .phases import GRACE, Kind, KindLabel, Prompt, ResearchPhase, kinds_of, last_locked_day
from .us_too import UsToo, may_join

__all__ = [
    "BOXES",
    "GRACE",
    "WAITS",
    "Addendum",
    "Archive",
    "Attachment",
    "CardVersion",
    "Experiment",
    "Framing",
    "Kind",
    "KindLabel",
    "NoteVersion",
    "Prompt",
    "ResearchNote",
    "ResearchPhase",
    "Seal",
    "Unlock",
    "UsToo",
    "kinds_of",
    "last_locked_day",
    "may_join",
    "name_kinds",
    "notes_to_take",
]

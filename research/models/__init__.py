"""Phases of research, the experiments run in them, the notes people write, and what hangs on them."""

from .attachments import Attachment
from .experiments import Experiment, Framing
from .notes import NoteVersion, ResearchNote, name_kinds
from .phases import Kind, KindLabel, Prompt, ResearchPhase, kinds_of

__all__ = [
    "Attachment",
    "Experiment",
    "Framing",
    "Kind",
    "KindLabel",
    "NoteVersion",
    "Prompt",
    "ResearchNote",
    "ResearchPhase",
    "kinds_of",
    "name_kinds",
]

"""The pages of mentoring: times on offer, sessions, and what is written up about them."""

from .records import follow_up_new, follow_up_tick, remark_new, session_record
from .sessions import session_book, session_cancel, session_detail, session_move
from .times import mentoring_list, slot_new, slot_withdraw

__all__ = [
    "follow_up_new",
    "follow_up_tick",
    "mentoring_list",
    "remark_new",
    "session_book",
    "session_cancel",
    "session_detail",
    "session_move",
    "session_record",
    "slot_new",
    "slot_withdraw",
]

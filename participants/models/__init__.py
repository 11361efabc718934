"""Who takes part, in what role, and since when."""

from .cohorts import Cohort, Membership, Organisation, month_range
from .invitation import Invitation
from .people import User
from .places import Mentor, Mentorship, Seat

__all__ = ["Cohort", "Invitation", "Membership", "Mentor", "Mentorship", "Organisation", "Seat", "User", "month_range"]

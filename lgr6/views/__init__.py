"""Pages that belong to no single app: the shop window, one's own programme, and what machines ask for."""

from .calendar import calendar_feed
from .health import bad_request, csrf_failure, healthz, readyz, server_error
from .inside import cohort_detail, membership_detail, my_programme
from .machines import change_password, favicon, robots, security_txt, sitemap
from .offline import offline, service_worker
from .shop_window import accessibility, home, privacy

__all__ = [
    "accessibility",
    "bad_request",
    "calendar_feed",
    "change_password",
    "cohort_detail",
    "csrf_failure",
    "favicon",
    "healthz",
    "home",
    "membership_detail",
    "my_programme",
    "offline",
    "privacy",
    "readyz",
    "robots",
    "security_txt",
    "server_error",
    "service_worker",
    "sitemap",
]

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PortalConfig(AppConfig):
    name = "lgr6"
    verbose_name = "Portal"

    def ready(self) -> None:
        from . import checks, clock  # noqa: F401  the checks register themselves

        clock.wind_up()


class StaffDeskConfig(AdminConfig):
    """Django admin, opening on the cohort."""

    default_site = "lgr6.staff_desk.StaffDesk"

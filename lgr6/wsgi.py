"""The door for the web server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lgr6.settings")

application = get_wsgi_application()


def be_patient_but_not_for_ever() -> None:
    """For requests alone: a migration may take its time."""
    from django.conf import settings
    from django.db import connection

    if connection.vendor == "postgresql" and settings.DATABASE_PATIENCE:
        from .patience import limit_waiting

        limit_waiting(settings.DATABASE_PATIENCE)


be_patient_but_not_for_ever()

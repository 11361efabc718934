"""The door for the task queue: `celery -A lgr6 worker` and `celery -A lgr6 beat`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lgr6.settings")

app = Celery("lgr6")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

"""How gunicorn serves the portal, here and in production: `gunicorn -c python:lgr6.server lgr6.wsgi`.

Without Redis there is no Celery worker either, so one of the server's processes keeps the clock in a thread.
"""

import os
import signal
from pathlib import Path
from typing import Any

from celery.beat import EmbeddedService, Scheduler

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
# Processes: WEB_CONCURRENCY, which gunicorn reads itself; 1 without it.
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 60
graceful_timeout = 20
keepalive = 5
# The heartbeat file of a worker on a slow disk would get the worker killed.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  (a shared-memory disk, not a place for our files)
control_socket_disable = True
# What `make run` has to say when the first process answers.
greeting = os.environ.pop("PORTAL_GREETING", "")
loglevel = os.environ.get("SERVER_LOG_LEVEL", "info")


class Clock(Scheduler):
    """Beat's scheduler for a thread beside the web's: it remembers in memory and lets no dead connection live on."""

    def apply_async(self, *args: Any, **kwargs: Any) -> Any:
        # What request_started and request_finished do for a request.
        from django.db import close_old_connections

        close_old_connections()
        try:
            return super().apply_async(*args, **kwargs)
        finally:
            close_old_connections()

    def close(self) -> None:
        from django.db import connections

        super().close()
        connections.close_all()


def start_clock() -> Any:
    """Starts the clock in a thread of this process and returns it; None when it is not this process's to keep.

    Celery beat keeps it where there is a Redis; elsewhere the first process that holds var/clock.lock. The lock goes
    with its process, and the server's next one takes it.
    """
    from django.conf import settings

    from .celery import app

    if not settings.CELERY_TASK_ALWAYS_EAGER:
        return None
    lock = hold(settings.VAR_DIR / "clock.lock")
    if lock is None:
        return None
    # The task the clock calls is known before anybody has asked for a page.
    app.loader.import_default_modules()
    clock = EmbeddedService(app, thread=True, scheduler_cls=Clock)
    clock.lock = lock
    clock.start()
    return clock


def stop_clock(clock: Any) -> None:
    """Lets a tick in hand come to its end, for ten seconds: cut off, it would leave a letter in doubt."""
    clock.service.stop(wait=False)
    clock.join(timeout=10)


def hold(path: Path) -> Any:
    """The open lock file, or None while another process holds it."""
    file = path.open("w")
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        # Windows: `make run` is one process there.
        pass
    except OSError:
        file.close()
        return None
    return file


def when_ready(server: Any) -> None:
    """A closed terminal ends a rehearsal; gunicorn itself would start it anew."""
    if greeting:
        signal.signal(signal.SIGHUP, end)


def end(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def post_worker_init(worker: Any) -> None:
    worker.clock = start_clock()
    if greeting:
        # The server, which gets it too, ends its workers in good order.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if worker.age == 1:
            print(greeting, flush=True)


def worker_exit(server: Any, worker: Any) -> None:
    if getattr(worker, "clock", None):
        stop_clock(worker.clock)

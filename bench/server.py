"""gunicorn's settings for both sides of a comparison: the portal's own, without its clock and its greeting."""

import os

from lgr6.server import bind, control_socket_disable, keepalive, threads, timeout, worker_class, worker_tmp_dir

workers = int(os.environ.get("BENCH_WORKERS", "1"))
loglevel = "error"

__all__ = [
    "bind",
    "control_socket_disable",
    "keepalive",
    "loglevel",
    "threads",
    "timeout",
    "worker_class",
    "worker_tmp_dir",
    "workers",
]

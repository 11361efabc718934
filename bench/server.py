"""gunicorn's settings for both sides of a comparison: the portal's own, without its clock and its greeting."""

from lgr6.server import bind, control_socket_disable, keepalive, threads, timeout, worker_class, worker_tmp_dir

workers = 1
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

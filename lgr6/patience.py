"""How long a request waits for PostgreSQL: not for ever, also where the server is there and says nothing.

A frozen server keeps its connections open and answers none of them; its own time limits are frozen with it, and the
network has nothing to complain about. Only the one who waits can stop waiting. Else a few requests would hold every
thread of the web server for as long as the database is silent.
"""

from __future__ import annotations

import select
import time
from typing import Any

from psycopg2 import OperationalError, extensions


def limit_waiting(seconds: float) -> None:
    """From now on, no statement of this process and no connecting takes longer: OperationalError instead."""
    extensions.set_wait_callback(lambda connection: wait(connection, time.monotonic() + seconds))


def wait(connection: Any, end: float) -> None:
    """Until the connection has what it waits for. psycopg2 closes it when this raises."""
    while (state := connection.poll()) != extensions.POLL_OK:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        if not poll.poll(1000 * max(0, end - time.monotonic())):
            raise OperationalError("the database did not answer in time")

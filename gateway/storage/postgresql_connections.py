"""Connections to PostgreSQL: their limits in time, on both sides, and their set-up."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.storage.company_binding import UNNAMED, CompanyBinding
from gateway.storage.database_url import DatabaseUrl

CONNECT_WITHIN = 3
"""Seconds for a new connection, unless the URL has its own `connect_timeout`."""

STATEMENT_WITHIN = 60
"""Seconds for any statement of a server, also the end of a transaction. The deadline of an operation is
usually shorter."""

LOCK_WITHIN = 2
"""Seconds that a statement waits for a lock before it is retried or refused, unless the role or the
database has its own `lock_timeout`."""

SERVER_SETTINGS = {
    "client_connection_check_interval": "1s",
    "idle_in_transaction_session_timeout": "5min",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
"""What PostgreSQL checks, so that a gateway that stopped or cannot be reached keeps neither a statement
nor a lock."""

KEEPALIVES = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}
"""Options of a socket, those that the system has: a silent server is noticed after at most 25 seconds, and
unconfirmed data after 10."""


class InterruptibleConnection(asyncpg.Connection):  # type: ignore[misc]  # it has no types
    """A connection whose `executemany` ends when it is cancelled.

    asyncpg forgets a cancellation that comes between two parts of many parameters, and then waits for the
    end of a command that it has not sent completely. So the connection is cut."""

    async def executemany(self, command: str, args: Iterable[Any], **options: Any) -> None:
        sending = asyncio.ensure_future(super().executemany(command, args, **options))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            self.terminate()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            raise


def engine_options(
    address: DatabaseUrl, binding: CompanyBinding, *, is_serving: bool
) -> dict[str, Any]:
    """The options of an engine and of its driver. The parameters of the URL take precedence. A pooler would
    refuse the settings. The statements of a command may take any time."""
    limits: dict[str, Any] = {"command_timeout": STATEMENT_WITHIN} if is_serving else {}
    if "connect_timeout" not in address.parameters:
        limits["timeout"] = CONNECT_WITHIN
    if not binding.is_pooled:
        settings = {k: v for k, v in SERVER_SETTINGS.items() if k not in address.parameters}
        limits["server_settings"] = settings
    limits["connection_class"] = InterruptibleConnection
    arguments = address.arguments | limits | (UNNAMED if binding.is_pooled else {})
    return {"connect_args": arguments, "pool_reset_on_return": None}  # `Drivers` resets


def lock_limit(deadline: float) -> str:
    """The SQL that limits the wait for a lock, so that there is time for a second attempt before the
    deadline, in seconds."""
    milliseconds = round(1000 * min(LOCK_WITHIN, deadline / 3))
    return (
        f"SELECT set_config('lock_timeout', '{milliseconds}', false)"
        " WHERE current_setting('lock_timeout') = '0'"
    )


async def give_back(connection: AsyncConnection) -> None:
    """Return a connection to the pool, or drop it if its transaction cannot be rolled back."""
    try:
        await connection.close()
    except (DBAPIError, PendingRollbackError):
        if not connection.closed:
            await connection.invalidate()
            await connection.close()


@asynccontextmanager
async def discarding(connection: AsyncConnection) -> AsyncIterator[None]:
    """Drop the connection if its statement is late, instead of waiting for its rollback. The driver has
    the server cancel the statement."""
    try:
        yield
    except (asyncio.CancelledError, TimeoutError):
        await connection.invalidate()
        raise


def keep_alive(connection: Any) -> None:
    """Set the keep-alives of a new connection."""
    transport = connection.driver_connection._transport  # noqa: SLF001 - the driver has no option for it
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family == socket.AF_UNIX:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVES.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

"""Outages of PostgreSQL: the gateway notices them, refuses work until they end, and logs them.

As long as the database answers, this costs an operation nothing but an entry in a dictionary. When a use of
a connection takes longer than a second, or fails, a new connection shows whether the database can be
reached. If it cannot, all uses are ended, and a new connection is tried again and again."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg

from gateway.storage.failures import Overloaded, Unavailable, failure_of

log = logging.getLogger("gateway.outages")

CHECKED_AFTER = 1.0
"""Seconds that a use of a connection takes before the database is checked, and between two checks."""

ANSWERS_WITHIN = 2.0
"""Seconds that the database may take to answer a check."""

MOST_UNANSWERED = 2
"""Checks in a row without an answer that make an outage; a refused connection makes one at once."""

TRIED_EVERY = 0.5
"""Seconds between two attempts to reach the database during an outage."""

LOG_INTERVAL = 1.0
"""Seconds between two lines in the log."""

CONNECTING = "connecting"
"""The use that stands for all waits for a new connection."""

ACTIVITY = """SELECT pid, state_change FROM pg_stat_activity
WHERE pid = ANY($1::int[]) AND state <> 'active'"""

Connect = Callable[[], Awaitable[Any]]
"""Opens a connection of the driver outside the pool."""


class OutageLog:
    """Logs failures of connections, one line a second at most."""

    def __init__(self) -> None:
        self._logged = -LOG_INTERVAL
        self._count = 0

    def note(self, reason: str) -> None:
        self._count += 1
        moment = time.monotonic()
        if moment - self._logged >= LOG_INTERVAL:
            log.error("the database is unavailable: %s; uses that failed: %d", reason, self._count)
            self._logged, self._count = moment, 0


class Outages:
    """Watches the connections of one engine. `distrust` is called when pooled connections may have been
    lost without notice."""

    def __init__(self, distrust: Callable[[], None]) -> None:
        self._distrust = distrust
        self._connect: Connect | None = None
        self._is_watching = False
        self._sees_processes = True
        self._log = OutageLog()
        self._uses: dict[Any, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._checks: set[asyncio.Task[None]] = set()
        self._connecting = 0
        self._idle: dict[Any, Any] = {}
        """The uses that PostgreSQL did not work for at the last check, with the time of its last work."""
        self._unanswered = 0
        self._checking_since: float | None = None
        self._recovery: asyncio.Task[None] | None = None
        self._began = 0.0
        self._error: BaseException = Unavailable()

    def watch(self, connect: Connect | None, *, is_pooled: bool) -> None:
        """Log failures, and check the database with connections that `connect` opens. Otherwise every use
        finds out about an outage by itself. A pooler hides which process of the server works for a connection."""
        self._connect = connect
        self._is_watching = True
        self._sees_processes = not is_pooled

    @property
    def is_out(self) -> bool:
        return self._recovery is not None

    @property
    def is_doubtful(self) -> bool:
        """Whether the database has left a check unanswered, so that a late operation was in vain."""
        if self.is_out or self._unanswered:
            return True
        since = self._checking_since
        return since is not None and time.monotonic() - since >= CHECKED_AFTER / 2

    def refuse(self) -> None:
        """Raises Unavailable during an outage."""
        if self.is_out:
            self._log.note(_reason(self._error))
            failure = Unavailable()
            failure.orig = self._error
            raise failure

    def begin(self, driver: Any) -> None:
        """Note that a connection is in use."""
        self._uses[driver] = time.monotonic()
        if self._timer is None and self._connect is not None:
            self._timer = asyncio.get_running_loop().call_later(CHECKED_AFTER, self._look)

    def end(self, driver: Any) -> None:
        self._uses.pop(driver, None)

    @contextmanager
    def used(self, driver: Any) -> Iterator[None]:
        self.begin(driver)
        try:
            yield
        finally:
            self.end(driver)

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Raises Unavailable if no connection can be opened, and Overloaded if the server has too many."""
        self._connecting += 1
        if CONNECTING not in self._uses:
            self.begin(CONNECTING)
        try:
            yield
        except Exception as error:
            failure = failure_of(error)
            if isinstance(failure, Overloaded):
                raise failure from error
            if failure is None and not isinstance(error, OSError | asyncpg.PostgresError):
                raise
            failure = Unavailable()
            failure.orig = getattr(error, "driver_exception", error)
            self._note(error)
            if isinstance(error, OSError) or failure_of(error) is not None:
                self._begin_outage(error)
            raise failure from error
        finally:
            self._connecting -= 1
            if not self._connecting:
                self.end(CONNECTING)

    def note_lost(self, error: BaseException) -> None:
        """Note that a connection was lost while it was in use."""
        self._note(error)
        self._distrust()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        tasks = self._checks if self._recovery is None else {*self._checks, self._recovery}
        for task in tasks:
            task.cancel()

    def _note(self, error: BaseException) -> None:
        if self._is_watching:
            self._log.note(_reason(error))

    def _look(self) -> None:
        """Check the database if a connection has been in use for long."""
        self._timer = None
        if not self._uses or self.is_out:
            return
        oldest = next(iter(self._uses.values()))
        if self._checking_since is None and time.monotonic() - oldest >= CHECKED_AFTER:
            self._checking_since = time.monotonic()
            self._start(self._check())
        self._timer = asyncio.get_running_loop().call_later(CHECKED_AFTER, self._look)

    def _start(self, check: Any) -> None:
        task = asyncio.create_task(check)
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    async def _check(self) -> None:
        uses = self._late_uses() if self._sees_processes else set()
        try:
            self._compare(uses, await self._reach([use.get_server_pid() for use in uses]))
        except TimeoutError as error:
            self._unanswered += 1
            if self._unanswered >= MOST_UNANSWERED:
                self._begin_outage(error)
        except Exception as error:  # noqa: BLE001 - whatever the reason is
            if _is_unreachable(error):
                self._begin_outage(error)
        else:
            self._unanswered = 0
        finally:
            self._checking_since = None

    def _late_uses(self) -> set[Any]:
        late = time.monotonic() - CHECKED_AFTER
        return {use for use, since in self._uses.items() if since <= late} - {CONNECTING}

    def _compare(self, uses: set[Any], idle: dict[int, Any]) -> None:
        """End the uses whose statements have not arrived: twice in a row, PostgreSQL was `idle` for them, and
        since the same time. These are connections that a fail-over or a firewall has cut silently."""
        seen = {use: idle[pid] for use in uses if (pid := use.get_server_pid()) in idle}
        self._end([use for use in seen if use in self._uses and self._idle.get(use) == seen[use]])
        self._idle = seen

    def _end(self, uses: Sequence[Any]) -> None:
        if uses:
            self._distrust()
        for use in uses:
            use.terminate()

    async def _reach(self, processes: Sequence[int] = ()) -> dict[int, Any]:
        """Open a connection and have a statement answered: those of the server's processes that are idle,
        with the time since when."""
        assert self._connect is not None  # noqa: S101
        async with asyncio.timeout(ANSWERS_WITHIN):
            connection = await self._connect()
            try:
                rows = await connection.fetch(ACTIVITY, processes)
                await connection.close()
                return {row["pid"]: row["state_change"] for row in rows}
            finally:
                connection.terminate()

    def _begin_outage(self, error: BaseException) -> None:
        """End all uses, because they would wait in vain."""
        if self._connect is None or self.is_out:
            return
        self._began, self._error = time.monotonic(), error
        self._recovery = asyncio.create_task(self._recover())
        self._note(error)
        self._end([use for use in self._uses if use is not CONNECTING])

    async def _recover(self) -> None:
        """Try to reach the database until an attempt succeeds. An attempt need not wait for those before."""
        reached = asyncio.Event()
        while not reached.is_set():
            self._start(self._attempt(reached))
            try:
                async with asyncio.timeout(TRIED_EVERY):
                    await reached.wait()
            except TimeoutError:
                continue
        self._recovery, self._unanswered = None, 0
        log.warning("the database was unavailable for %.1f seconds", time.monotonic() - self._began)

    async def _attempt(self, reached: asyncio.Event) -> None:
        try:
            await self._reach()
        except Exception as error:  # noqa: BLE001 - whatever the reason is
            if _is_unreachable(error):
                self._error = error
                return
        reached.set()


def _is_unreachable(error: Exception) -> bool:
    """Whether the database gave no answer at all. One that refuses, say for lack of connections, lives."""
    return isinstance(error, OSError) or isinstance(failure_of(error), Unavailable)


def _reason(error: BaseException) -> str:
    cause = getattr(error, "driver_exception", error)
    if isinstance(cause, TimeoutError) and cause.errno is None:
        return "it does not answer"
    return (str(cause) or type(cause).__name__).splitlines()[0]

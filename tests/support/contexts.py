"""Contexts of operations that run without a server."""

from gateway.api.context import Context
from gateway.execution.limits import Limits
from gateway.orders.service import Rules
from gateway.storage.database import Database


class NoJobs:
    """Import jobs are not started."""

    def begin(self, job: object) -> None: ...

    def stop(self, key: str) -> None: ...


def context_of(database: Database, limits: Limits) -> Context:
    return Context(database, Rules(), 200, NoJobs(), limits=limits)

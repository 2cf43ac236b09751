"""Contexts of operations that run without a server."""

from gateway.api.context import Context
from gateway.execution.limits import Limits
from gateway.storage.database import Database
from tests.support.default_rules import RULES


class NoJobs:
    """Import jobs are not started."""

    def begin(self, job: object) -> None: ...

    def stop(self, key: str) -> None: ...


def context_of(database: Database, limits: Limits) -> Context:
    return Context(database, RULES, 200, NoJobs(), limits=limits)

"""The context of an operation, which resolvers find in `info.context`."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import strawberry
from graphql import OperationDefinitionNode

from gateway.access.caller import ANYONE, Caller
from gateway.access.quotas import Quota
from gateway.execution.limits import Limits
from gateway.execution.measurement import Measured, Pages
from gateway.execution.turns import Turns
from gateway.orders.service import Rules
from gateway.storage.company_directory import find_scope
from gateway.storage.contention import DatabaseBusy
from gateway.storage.database import Database
from gateway.storage.paging import DEFAULT_PAGE
from gateway.storage.reading import Names, Reader
from gateway.storage.scope import Scope, ScopeRequest

OBJECT = re.compile(rb'\{"[A-Za-z_]')
"""The beginning of an object in JSON. No text has it, because a quotation mark in a text is escaped."""


class Jobs(Protocol):
    """Runs import jobs in the background."""

    def begin(self, job: Any) -> None: ...

    def stop(self, key: str) -> None: ...


class Plans(Protocol):
    """Answers operations with compiled plans."""

    async def answer(
        self, text: str, variables: dict[str, Any], context: "Context", *, may_change: bool
    ) -> bytes | None:
        """The answer as JSON, or None if there is no plan; raises RateLimited, UnderKey and the kinds of
        TemporaryFailure."""
        ...

    def remember(self, text: str) -> None:
        """Remember that the document is valid and within all limits."""
        ...


@dataclass
class OperationState:
    """The state of one running operation."""

    only_reads: bool = False
    name: str | None = None
    """That of the operation in its document, once it is found."""
    cost: int | None = None
    """None until the operation is measured."""
    actual_cost: int | None = None
    """None unless the operation was run for a caller with a quota."""
    taken: float | None = None
    """What the quota needs to give points back; None until the cost is taken from it."""
    computed_cost: int = 0
    """That of the fields which Python has computed so far."""
    introspects: bool = False
    """Whether the document is one of the usual introspection queries."""
    columns: dict[Any, Names] = field(default_factory=dict)
    """The columns that a field of the operation needs, by its type and position."""
    payloads: dict[Any, Any] = field(default_factory=dict)
    """The result or the exception of each finished mutation, by key."""
    stopped: Exception | None = None
    """Raised by further mutations once the operation has timed out."""

    @property
    def refusal_codes(self) -> set[str]:
        """Of the mutations of the operation."""
        refused = (getattr(each, "user_errors", None) or () for each in self.payloads.values())
        return {error.code.name for errors in refused for error in errors}

    @property
    def has_written(self) -> bool:
        """Whether any mutation, or a row of one that writes several, was not refused."""
        rows = [
            row
            for each in self.payloads.values()
            for row in (each if isinstance(each, list) else [each])
        ]
        return any(not isinstance(row, Exception) and not row.user_errors for row in rows)

    def raise_conflict(self) -> None:
        """Raise the DatabaseBusy of a mutation."""
        for each in self.payloads.values():
            if isinstance(each, DatabaseBusy):
                raise each

    async def payload(self, key: Any, make: Callable[[], Awaitable[Any]]) -> Any:
        """The result of `make` for the mutation `key`. It is called only once, even if the operation
        runs again because a plan failed or the time was up."""
        if key in self.payloads:
            if isinstance(self.payloads[key], Exception):
                raise self.payloads[key]
            return self.payloads[key]
        if self.stopped is not None:
            raise self.stopped
        try:
            self.payloads[key] = await make()
        except Exception as error:
            self.payloads[key] = error
            raise
        return self.payloads[key]


@dataclass(frozen=True, eq=False)
class Context:
    """The settings of the deployment and of the request for one operation, and its state."""

    database: Database
    rules: Rules
    largest_page: int
    jobs: Jobs
    request: ScopeRequest = field(default_factory=ScopeRequest)
    """The company that the request names, and the limits of its caller."""
    limits: Limits = field(default_factory=Limits)
    seconds: float = 30
    """The time limit of the operation."""
    plans: Plans | None = None
    operation_name: str | None = None
    if_match: str | None = None
    """The header If-Match, which stands for the argument `ifMatch` of a single mutation."""
    idempotency_key: Callable[[], str | None] = lambda: None
    """Reads the header Idempotency-Key, which only matters to mutations."""
    caller: Caller = ANYONE
    quota: Quota | None = None
    """That of the caller; None if it has no limit."""
    turns: Turns = field(default_factory=Turns)
    """Shared by all operations on one event loop."""
    state: OperationState = field(default_factory=OperationState)

    def copy(self, **changed: Any) -> "Context":
        """A copy in which these fields are changed; `dataclasses.replace` takes ten times as long."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, **changed)
        copy.__dict__.pop("reader", None)
        return copy

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.database, self.request)

    async def scope(self) -> Scope:
        """The scope of the request. Raises CompanyNotFound."""
        return await find_scope(self.database, self.request)

    @property
    def pages(self) -> Pages:
        return Pages(min(DEFAULT_PAGE, self.largest_page), self.largest_page)

    def measure(self, measured: Measured) -> int:
        """Store and return the cost of the operation; raises TooLarge."""
        size = measured.size(self.pages, self.limits)
        self.state.cost = size.cost
        self.note_name(measured.operation)
        self.state.introspects = measured.introspects(size)
        measured.check(size, self.pages, self.limits)
        return size.cost

    def note_name(self, operation: OperationDefinitionNode) -> None:
        self.state.name = operation.name.value if operation.name is not None else None

    async def charge(self) -> None:
        """Take the cost of the operation from the quota of the caller, once. Raises RateLimited."""
        if self.quota is not None and self.state.taken is None:
            self.state.taken = await self.quota.take(self.state.cost or 0)

    def note_data(self, data: bytes) -> None:
        """Derive the actual cost of an operation from its data in JSON. A change and introspection cost what they
        request."""
        requested, state = self.state.cost or 0, self.state
        if state.only_reads and not state.introspects:
            objects = len(OBJECT.findall(data)) - 1 + state.computed_cost
            state.actual_cost = min(requested, max(1, objects))
        else:
            state.actual_cost = requested

    def note_refusal(self) -> None:
        """Let the operation cost nothing, because it is not run after all."""
        if self.state.taken is not None:
            self.state.actual_cost = 0

    def settle(self) -> None:
        """Give back to the caller what the operation did not cost."""
        if self.quota is not None and self.state.taken is not None:
            self.quota.give_back(self._excess, self.state.taken)

    @property
    def _excess(self) -> int:
        """The points that were taken in excess of the actual cost."""
        if self.state.taken is None or self.state.actual_cost is None:
            return 0
        return (self.state.cost or 0) - self.state.actual_cost

    @property
    def extensions(self) -> dict[str, Any]:
        """The `extensions` of the answer, once the operation is measured."""
        if self.state.cost is None:
            return {}
        cost = {"requested": self.state.cost}
        if self.state.actual_cost is not None:
            cost["actual"] = self.state.actual_cost
        cost["maximum"] = self.limits.cost
        if self.quota is not None:
            cost["available"] = self.quota.available + self._excess
            cost["resetSeconds"] = self.quota.reset_seconds
        return {"extensions": {"cost": cost}}


Info = strawberry.Info[Context, None]

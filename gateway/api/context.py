"""What resolvers find in `info.context`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import strawberry
from graphql import OperationDefinitionNode

from gateway.access.caller import ANYONE, Caller
from gateway.execution.limits import Limits
from gateway.execution.measurement import Measured, Pages
from gateway.execution.turns import Turns
from gateway.orders.service import Rules
from gateway.storage.company_directory import find_scope
from gateway.storage.database import Database
from gateway.storage.paging import DEFAULT_PAGE
from gateway.storage.reading import Names, Reader
from gateway.storage.scope import Scope, ScopeRequest


class Jobs(Protocol):
    """What runs import jobs in the background."""

    def begin(self, job: Any) -> None: ...

    def stop(self, key: str) -> None: ...


class Plans(Protocol):
    """What answers operations by compiled plans."""

    async def answer(
        self, text: str, variables: dict[str, Any], context: "Context", *, may_change: bool
    ) -> bytes | None:
        """The answer as JSON, or None if there is no plan; raises Overloaded."""
        ...

    def remember(self, text: str) -> None:
        """Note that the document is valid and within all limits."""
        ...


@dataclass
class OperationState:
    """What becomes known while one operation runs."""

    only_reads: bool = False
    name: str | None = None
    """That of the operation in its document, once it is found."""
    cost: int | None = None
    """None until the operation is measured."""
    introspects: bool = False
    """Whether it is a usual document of introspection."""
    columns: dict[Any, Names] = field(default_factory=dict)
    """The columns that a field of the operation needs, by its type and position."""
    payloads: dict[Any, Any] = field(default_factory=dict)
    """What the mutations of the operation have returned or raised, by key."""
    stopped: Exception | None = None
    """What other mutations raise, once the time of the operation is over."""

    @property
    def refusal_codes(self) -> set[str]:
        """Of the mutations of the operation."""
        refused = (getattr(each, "user_errors", None) or () for each in self.payloads.values())
        return {error.code.name for errors in refused for error in errors}

    async def payload(self, key: Any, make: Callable[[], Awaitable[Any]]) -> Any:
        """What `make` returns or raises for the mutation `key`. It is called once, also if the operation
        runs again because a plan failed or the time was over."""
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
    """One operation: what the deployment and the request fix, and its state."""

    database: Database
    rules: Rules
    largest_page: int
    jobs: Jobs
    request: ScopeRequest = field(default_factory=ScopeRequest)
    """The company that the request names, and the limits of its caller."""
    limits: Limits = field(default_factory=Limits)
    seconds: float = 30
    """How long the operation may run."""
    plans: Plans | None = None
    operation_name: str | None = None
    if_match: str | None = None
    """The header If-Match, which stands for the argument `ifMatch` of a single mutation."""
    caller: Caller = ANYONE
    turns: Turns = field(default_factory=Turns)
    """Shared by all operations on one event loop."""
    state: OperationState = field(default_factory=OperationState)

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
        """Note and return the cost of the operation; raises TooLarge."""
        size = measured.size(self.pages, self.limits)
        self.state.cost = size.cost
        self.note_name(measured.operation)
        self.state.introspects = measured.introspects(size)
        measured.check(size, self.pages, self.limits)
        return size.cost

    def note_name(self, operation: OperationDefinitionNode) -> None:
        self.state.name = operation.name.value if operation.name is not None else None

    @property
    def extensions(self) -> dict[str, Any]:
        """What an answer says about its operation, once that is measured."""
        if self.state.cost is None:
            return {}
        return {"extensions": {"cost": {"requested": self.state.cost, "maximum": self.limits.cost}}}


Info = strawberry.Info[Context, None]

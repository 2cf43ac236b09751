"""What every resolver finds in `info.context`."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import strawberry
from graphql import OperationDefinitionNode
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from gateway.api.errors import RequestError
from gateway.orders.service import Rules
from gateway.storage.database import Database
from gateway.storage.reading import Names, Reader


class Jobs(Protocol):
    """What runs import jobs in the background."""

    def begin(self, company: str, key: str) -> None: ...

    def stop(self, key: str) -> None: ...


@dataclass
class Context:
    """One operation: the database, the company and the operation that its request names, whether it
    only reads (known when it is parsed), and its reader."""

    database: Database
    rules: Rules
    largest_page: int
    jobs: Jobs
    company: str | None = None
    operation_name: str | None = None
    only_reads: bool = False
    reader: Reader = field(init=False)
    wanted: dict[Any, Names] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reader = Reader(self.database, self.company)


Info = strawberry.Info[Context, None]


class OneOperation(SchemaExtension):
    """Runs one operation, which must be named if the document has several, and gives its connection
    back at its end."""

    def on_validate(self) -> Any:
        context = self.execution_context
        document = context.graphql_document
        operations = (
            [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
            if document is not None
            else []
        )
        if len(operations) > 1 and context.context.operation_name is None:
            refusal = RequestError("Name one of the document's operations.", "BAD_USER_INPUT")
            context.pre_execution_errors = [refusal]
        yield

    def on_execute(self) -> Any:
        is_query = self.execution_context.operation_type is OperationType.QUERY
        self.execution_context.context.only_reads = is_query
        yield

    async def on_operation(self) -> Any:
        try:
            yield
        finally:
            await self.execution_context.context.reader.close()

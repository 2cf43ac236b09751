"""What every resolver finds in `info.context`."""

from dataclasses import dataclass, field
from typing import Any

import strawberry
from strawberry.extensions import SchemaExtension

from gateway.orders.service import Rules
from gateway.storage.database import Database
from gateway.storage.reading import Names, Reader


@dataclass
class Context:
    """One operation: the database, the company that its request names, and its reader."""

    database: Database
    rules: Rules
    largest_page: int
    company: str | None = None
    reader: Reader = field(init=False)
    wanted: dict[Any, Names] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reader = Reader(self.database, self.company)


Info = strawberry.Info[Context, None]


class CloseReader(SchemaExtension):
    """Gives the connection of an operation back at its end."""

    async def on_operation(self) -> Any:
        try:
            yield
        finally:
            await self.execution_context.context.reader.close()

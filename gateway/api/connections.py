"""The arguments of connections, which depend on the filters of all types."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry
from strawberry import UNSET
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import get_object_definition

from gateway.api.entities import DECLARATION
from gateway.api.filters import FILTERS
from gateway.api.pages import Connection
from gateway.api.registration import TYPES
from gateway.api.sorting import CustomerSort, ItemSort, SalesOrderLineSort, SalesOrderSort
from gateway.execution.declarations import PagedField
from gateway.storage.paging import DEFAULT_PAGE

SORTS: dict[str, Any] = {
    "SalesOrder": list[SalesOrderSort],
    "SalesOrderLine": list[SalesOrderLineSort],
    "Customer": list[CustomerSort],
    "Item": list[ItemSort],
}
"""The lists that clients may sort."""

First = Annotated[
    int | None,
    strawberry.argument(
        description=f"Number of rows from the front of the list; {DEFAULT_PAGE} by default."
    ),
]
After = Annotated[
    str | None, strawberry.argument(description="Only rows after the one with this cursor.")
]
Last = Annotated[
    int | None,
    strawberry.argument(description="Number of rows from the end of the list, instead of `first`."),
]
Before = Annotated[
    str | None, strawberry.argument(description="Only rows before the one with this cursor.")
]


def complete_connections(root: type, inputs: Mapping[str, Any]) -> None:
    """Complete each connection of `root` and of the registered types with its type and its arguments;
    `inputs` has the filters by name.

    A connection can be declared before the type of its rows and their filter exist."""
    generic: Any = Connection
    for cls in (root, *TYPES.values()):
        for field in get_object_definition(cls, strict=True).fields:
            declaration = field.metadata.get(DECLARATION)
            if isinstance(declaration, PagedField):
                field.type = generic[TYPES[declaration.target]]
                field.arguments = _arguments(declaration.target, inputs)


def _arguments(target: str, inputs: Mapping[str, Any]) -> list[StrawberryArgument]:
    matching = strawberry.argument(description="Only rows that match this filter.")
    kinds: dict[str, Any] = {"filter": Annotated[inputs[FILTERS[target]] | None, matching]}
    if target in SORTS:
        by = strawberry.argument(description="Keys to sort by, the most significant first.")
        kinds["sort"] = Annotated[SORTS[target] | None, by]
    kinds |= {"first": First, "after": After, "last": Last, "before": Before}
    return [
        StrawberryArgument(name, None, StrawberryAnnotation(kind), default=UNSET)
        for name, kind in kinds.items()
    ]

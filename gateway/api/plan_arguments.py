"""The arguments of a plan's slots, in the form that fields and reads need."""

from collections.abc import Mapping
from typing import Any

from gateway.api.context import Context
from gateway.api.entities import filter_of
from gateway.api.pages import ConnectionArguments, window_of
from gateway.api.sorting import SortDirection
from gateway.execution.arguments import ABSENT, Make, has_variables
from gateway.execution.declarations import ByIdsField, ByKeyField, PagedField
from gateway.execution.plan import NotPlanned, Slot
from gateway.storage.plans.row_store import RowsStore
from gateway.storage.tables.column_types import (
    FOLDED,
    canonical_guid,
    case_folded,
    is_storable_text,
)


class SlotArguments:
    """The arguments of one slot; arguments without variables are computed once."""

    def __init__(self, slot: Slot, make: Mapping[str, Make], store: RowsStore) -> None:
        self._declaration = slot.declaration
        self._make = make
        self._store = store
        self._is_constant = not has_variables(slot.node)
        self._constant: Any = None

    def of(self, variables: Mapping[str, Any], context: Context) -> Any:
        """Raises NotPlanned, RequestError, BadCursor and BadFilter."""
        if self._constant is not None:
            return self._constant
        result = {name: make(variables) for name, make in self._make.items()}
        present = {name: value for name, value in result.items() if value not in (ABSENT, None)}
        bound = self._bound(present, context)
        self._constant = bound if self._is_constant else None
        return bound

    def _bound(self, values: dict[str, Any], context: Context) -> Any:
        match self._declaration:
            case ByKeyField(_, "id"):
                return canonical_guid(values["id"])
            case ByKeyField(_, by):
                key = values[by.removesuffix(FOLDED)]
                return case_folded(key) if is_storable_text(key) else None
            case ByIdsField(is_list=True):
                if len(values["ids"]) > context.largest_page:
                    raise NotPlanned("it has too many ids")
                return [canonical_guid(each) for each in values["ids"]]
            case ByIdsField():
                return [canonical_guid(values["id"])]
            case PagedField(target, _, sort):
                return self._listing(target, sort, values, context)
        raise NotPlanned("it has arguments of another kind")

    def _listing(
        self, target: str, sort: tuple[str, ...], values: dict[str, Any], context: Context
    ) -> Any:
        keys = [
            (key["field"], key.get("direction", SortDirection.ASC))
            for key in values.pop("sort", ())
        ]
        arguments = ConnectionArguments(values.pop("filter", {}), keys, **values)
        window = window_of(sort, arguments, context.pages)
        return self._store.listing(filter_of(target, arguments.filter), window)

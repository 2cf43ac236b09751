"""graphql-core's executor, extended to give other requests a turn while it completes lists."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import chain
from typing import Any, TypeVar

from graphql import GraphQLObjectType, GraphQLOutputType, GraphQLResolveInfo
from graphql.pyutils import Path, gather_with_cancel
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as StrawberryExecutor

from gateway.execution.turns import Turns

Awaited = TypeVar("Awaited")
Complete = Callable[[int], Any]
"""Completes the part of a list that begins at an index."""

PART = 5
"""Items of a list that are completed before the turn is checked."""


class _Part(Path):
    """The path of a part of a list, with the indexes of the whole list."""

    whole: Path
    begin: int

    def add_key(self, key: str | int, typename: str | None = None) -> Path:
        return self.whole.add_key(self.begin + int(key), typename)


def _part(path: Path, begin: int) -> _Part:
    part = _Part(*path)
    part.whole, part.begin = path, begin
    return part


class YieldingExecutor(StrawberryExecutor):
    @property
    def _turns(self) -> Turns:
        turns: Turns = self.context_value.turns
        return turns

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: Any,
        position_context: Any,
    ) -> Any:
        self._turns.spend(len(grouped_field_set))
        return super().execute_fields(
            parent_type, source_value, path, grouped_field_set, position_context
        )

    async def with_abort_signal(self, awaitable: Awaitable[Awaited]) -> Awaited:
        """The awaited result, in the next turn if this one is over."""
        result = await super().with_abort_signal(awaitable)
        await self._turns.wait()
        return result

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: Any,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> Any:
        rows = items if isinstance(items, list) else list(items)
        complete_part = super().complete_iterable_value

        def complete(begin: int) -> Any:
            some, place = rows[begin : begin + PART], _part(path, begin)
            return complete_part(item_type, field_details_list, info, place, some, position_context)

        if len(rows) <= PART and not self._turns.is_over:
            return complete_part(item_type, field_details_list, info, path, rows, position_context)
        return self._in_parts(complete, range(0, len(rows), PART))

    def _in_parts(self, complete: Complete, begins: Sequence[int]) -> Any:
        """Complete a list in parts. The result is awaitable if the list needs more than one turn or has
        awaitable items."""
        parts: list[Any] = []
        try:
            for begin in begins:
                if self._turns.is_over:
                    return self._in_turns(parts, complete, begins[len(parts) :])
                parts.append(complete(begin))
        except Exception:
            self._settle(parts)
            raise
        return self._joined(parts)

    async def _in_turns(
        self, parts: list[Any], complete: Complete, begins: Sequence[int]
    ) -> list[Any]:
        try:
            for begin in begins:
                await self._turns.wait()
                parts.append(complete(begin))
        except Exception:
            self._settle(parts)
            raise
        joined: Any = self._joined(parts)
        if self.is_awaitable(joined):
            joined = await joined
        return list(joined)

    def _joined(self, parts: list[Any]) -> Any:
        awaitable = [part for part in parts if self.is_awaitable(part)]
        if not awaitable:
            return list(chain.from_iterable(parts))

        async def join() -> list[Any]:
            awaited = iter(await gather_with_cancel(*awaitable))
            lists = [next(awaited) if self.is_awaitable(part) else part for part in parts]
            return list(chain.from_iterable(lists))

        return join()

    def _settle(self, parts: list[Any]) -> None:
        """Settle the pending items of a list that failed."""
        awaitable = [part for part in parts if self.is_awaitable(part)]
        if awaitable:
            self.settle_in_background(awaitable)

"""Arguments of operations: most refer to stored records, and some should be refused."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import GraphQLField, ValueNode
from graphql.utilities import value_to_literal
from hypothesis import strategies as st

from tests.support.filters import Known, trees
from tests.support.varied import FIELDS, SCHEMA

NOWHERE = "00000000-0000-0000-0000-000000000000"
NO_IDS = (NOWHERE, "", "x", "é", "hidden\x07")
BAD_CURSORS = ("", "x", "WyJhIl0", "hidden\x07")


class Stored(NamedTuple):
    """Values for arguments: ids by type, numbers and codes by type, cursors by type, and filters."""

    ids: Mapping[str, Sequence[str]]
    keys: Mapping[str, Sequence[str]]
    cursors: Mapping[str, Sequence[str]]
    known: Known

    def __repr__(self) -> str:
        return "stored"


@dataclass
class Arguments:
    """Draws the arguments of one operation, and records whether one should be refused."""

    draw: st.DrawFn
    stored: Stored
    is_wrong: bool = False

    def sometimes(self, percent: int) -> bool:
        return bool(self.draw(st.integers(0, 99)) >= 100 - percent)

    def one_of(self, several: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(several))

    def names(self, field: GraphQLField, target: str) -> list[str]:
        """The arguments of a connection."""
        size, cursor = ("last", "before") if self.sometimes(20) else ("first", "after")
        names = [size]
        if self.stored.cursors.get(target) and self.sometimes(20):
            names.append(cursor)
        elif "sort" in field.args and self.sometimes(25):
            names.append("sort")
        if target in FIELDS and self.sometimes(35):
            names.insert(0, "filter")
        return [*names, "last"] if size == "first" and self._is_to_be_wrong() else names

    def _is_to_be_wrong(self) -> bool:
        is_wrong = self.sometimes(2)
        self.is_wrong |= is_wrong
        return is_wrong

    def value(self, name: str, target: str, *, at_root: bool) -> Any:
        """A value for an argument of a field that returns objects of type `target`."""
        most = 10 if at_root else 3
        created: dict[str, Callable[[], Any]] = {
            "first": lambda: self._size(most),
            "last": lambda: self._size(most),
            "after": lambda: self._cursor(target),
            "before": lambda: self._cursor(target),
            "filter": lambda: self.draw(trees(self.stored.known, target, 1)),
            "sort": lambda: self._sort(target),
            "ids": lambda: [self._id(target) for _ in range(self.draw(st.integers(0, 5)))],
            "id": lambda: self._id(target),
            "number": lambda: self._key(target),
            "code": lambda: self._key(target),
            "vocabulary": lambda: self.one_of(list(SCHEMA.type_map["StatusVocabulary"].values)),
        }
        return created[name]()

    def _size(self, most: int) -> Any:
        if self._is_to_be_wrong():
            return self.one_of([-1, 201])
        return self.draw(st.integers(0, most))

    def _cursor(self, target: str) -> Any:
        return self.one_of(BAD_CURSORS if self._is_to_be_wrong() else self.stored.cursors[target])

    def _id(self, target: str) -> str:
        ids = self.stored.ids.get(target) or self.stored.ids[self.one_of(list(self.stored.ids))]
        if self.sometimes(12):
            return str(self.one_of(NO_IDS))
        result = str(self.one_of(ids))
        return result.upper() if self.sometimes(10) else result

    def _key(self, target: str) -> str:
        return str(self.one_of([*self.stored.keys[target], *NO_IDS]))

    def _sort(self, target: str) -> list[dict[str, str]]:
        keys = []
        for field in self.draw(st.lists(st.sampled_from(_sortable(target)), max_size=2)):
            keys.append({"field": field})
            if self.sometimes(60):
                keys[-1]["direction"] = self.one_of(["ASC", "DESC"])
        return keys


def _sortable(target: str) -> list[str]:
    return list(SCHEMA.type_map[f"{target}SortField"].values)


def literal(fields: Any, kind: Any) -> ValueNode:
    result = value_to_literal(fields, kind)
    assert result is not None, (fields, kind)
    return result

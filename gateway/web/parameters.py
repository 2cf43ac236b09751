"""The query parameters of an endpoint, in a table.

All others are refused, because a misspelt parameter must never be ignored: `?dryrun=true` would
otherwise import for real."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from starlette.datastructures import QueryParams

from gateway.spelling import nearest_name

LONGEST_SHOWN = 40
"""Characters of an unknown name that a message quotes."""

Kind = Callable[[str], Any]
"""Reads a value, or raises ValueError with a message that continues a sentence about the parameter."""


class BadParameter(Exception):
    """A parameter is unknown, repeated, or has a bad value. The message is a sentence for the
    client."""


@dataclass(frozen=True)
class Parameter:
    """A query parameter with its kind, such as `text`, `flag` or `choice(ExportFormat)`, and its meaning
    for the documentation."""

    name: str
    kind: Kind
    meaning: str


def text(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


def flag(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value == "true"


def choice(options: type[StrEnum]) -> Kind:
    """Reads one of the words in `options` as the member of that name."""

    def kind(value: str) -> StrEnum:
        if value in set(options):
            return options(value)
        raise ValueError(f"must be {_alternatives(list(options))}")

    return kind


def read_parameters(query: QueryParams, table: Sequence[Parameter]) -> dict[str, Any]:
    """The values of the parameters that the request has, by name. Raises BadParameter."""
    by_name = {parameter.name: parameter for parameter in table}
    values: dict[str, Any] = {}
    for name, value in query.multi_items():
        if name not in by_name:
            raise BadParameter(_unknown(name, list(by_name)))
        if name in values:
            raise BadParameter(f"The parameter `{name}` occurs twice.")
        try:
            values[name] = by_name[name].kind(value)
        except ValueError as error:
            raise BadParameter(f"`{name}` {error}.") from error
    return values


def _unknown(name: str, names: Sequence[str]) -> str:
    shown = name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}..."
    sentence = f"The parameter {shown!r} is unknown."
    near = nearest_name(name, names)
    if near is not None:
        return f"{sentence} Did you mean {near}?"
    if not names:
        return f"{sentence} This address takes no parameters."
    return f"{sentence} Use {_alternatives(names)}."


def _alternatives(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]

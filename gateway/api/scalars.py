"""The scalars of the schema: exact numbers, dates and times."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import strawberry
from graphql import FloatValueNode, GraphQLError, IntValueNode, StringValueNode, ValueNode
from strawberry.schema.config import StrawberryConfig

from gateway.storage.tables.column_types import plain_number

Parsed = TypeVar("Parsed")

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_MAX_DIGITS = 40


def _invalid(scalar: str, example: str) -> GraphQLError:
    return GraphQLError(f"Expected a {scalar} such as {example}.")


def _parse_number(value: Any) -> Decimal:
    """An exact number from a string or a JSON number. Floats never reach this function, because
    requests are parsed with `parse_float=Decimal`."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _invalid("Decimal", '"12.5"')
    try:
        number = Decimal(value) if not isinstance(value, str) else _number_from(value)
    except (InvalidOperation, ValueError):
        raise _invalid("Decimal", '"12.5"') from None
    if not number:
        return Decimal(0)
    before, after = number.adjusted() + 1, -int(number.as_tuple().exponent)
    if max(before, after) > _MAX_DIGITS:
        limit = f"{_MAX_DIGITS} digits before the point and {_MAX_DIGITS} after it"
        raise GraphQLError(f"A Decimal has at most {limit}.")
    return number


def _number_from(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _parse_date(value: Any) -> dt.date:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise _invalid("Date", '"2026-05-31"')
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise _invalid("Date", '"2026-05-31"') from None


def _parse_date_time(value: Any) -> dt.datetime:
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        raise _invalid("DateTime", '"2026-05-31T12:00:00Z"')
    try:
        return dt.datetime.fromisoformat(value).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise _invalid("DateTime", '"2026-05-31T12:00:00Z"') from None


def _literal(parse: Callable[[Any], Parsed], *kinds: type[ValueNode]) -> Callable[..., Parsed]:
    """A parser of literals of these kinds. Its errors have the location of the literal."""

    def parse_literal(node: ValueNode, _variables: Any = None) -> Parsed:
        try:
            return parse(getattr(node, "value", None) if isinstance(node, kinds) else None)
        except GraphQLError as error:
            raise GraphQLError(error.message, nodes=node) from None

    return parse_literal


def _print_date_time(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


SCALARS = StrawberryConfig(
    scalar_map={
        Decimal: strawberry.scalar(
            name="Decimal",
            description="An exact decimal number, returned as a string without an exponent or trailing zeros,"
            ' such as "12.5". Strings and numbers are accepted; every digit counts.',
            serialize=plain_number,
            parse_value=_parse_number,
            parse_literal=_literal(_parse_number, StringValueNode, IntValueNode, FloatValueNode),
        ),
        dt.date: strawberry.scalar(
            name="Date",
            description="A calendar date in the format YYYY-MM-DD.",
            serialize=dt.date.isoformat,
            parse_value=_parse_date,
            parse_literal=_literal(_parse_date, StringValueNode),
        ),
        dt.datetime: strawberry.scalar(
            name="DateTime",
            description="A point in time in UTC, such as 2026-05-31T12:00:00.5Z. Input may have any UTC"
            " offset, but must have one.",
            serialize=_print_date_time,
            parse_value=_parse_date_time,
            parse_literal=_literal(_parse_date_time, StringValueNode),
        ),
    }
)
"""Strawberry's configuration. Our scalars replace its own, which convert numbers to binary floats."""

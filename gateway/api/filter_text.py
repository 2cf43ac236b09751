"""Filters in JSON for `gateway export`, read by the rules of GraphQL input."""

import json
from decimal import Decimal
from typing import Any, NoReturn

from graphql import GraphQLError
from graphql.utilities import coerce_input_value, validate_input_value
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.types.arguments import convert_argument

from gateway.api.entities import filter_of
from gateway.api.inputs import change_from
from gateway.api.schema import schema
from gateway.orders.problems import encodable
from gateway.storage.conditions import BadFilter, Filter

ORDER_FILTER = "SalesOrderFilter"


def order_filter(text: str) -> Filter:
    """The filter as the argument of `salesOrders`; raises BadFilter."""
    parsed = _json(text)
    if not isinstance(parsed, dict):
        raise BadFilter('A filter is a JSON object such as {"status": {"eq": "OPEN"}}.')
    kind: Any = schema._schema.type_map[ORDER_FILTER]  # noqa: SLF001 - it has no public name
    problems: list[str] = []

    def refuse(error: GraphQLError, path: list[str | int]) -> None:
        place = ".".join(map(str, path))
        problems.append(f"{place}: {error.message}" if place else error.message)

    validate_input_value(parsed, kind, refuse)
    if problems:
        raise BadFilter(encodable(problems[0]))
    registry, config = schema.schema_converter.scalar_registry, schema.config
    target = kind.extensions["strawberry-definition"].origin
    try:
        value = convert_argument(coerce_input_value(parsed, kind), target, registry, config)
    except StrawberryInputCoercionError:
        raise BadFilter("A value in the filter must not be null: leave it out.") from None
    return filter_of("SalesOrder", change_from(value))


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError):
        raise BadFilter("The filter is not JSON.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")

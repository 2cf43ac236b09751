"""The root fields of the schema, and the smallest operation that selects each."""

from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    build_schema,
    get_named_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
)

from tests.support.paths import ROOT

SCHEMA = build_schema((ROOT / "schema.graphql").read_text())
ROOTS = {"Query": SCHEMA.query_type, "Mutation": SCHEMA.mutation_type}
FIELDS = [
    (root, name, field)
    for root, kind in ROOTS.items()
    if kind is not None
    for name, field in kind.fields.items()
]
"""The root type, name and definition of each."""


def smallest_value(kind: Any) -> str:
    """The smallest value of a required argument."""
    if isinstance(kind, GraphQLNonNull):
        return smallest_value(kind.of_type)
    if isinstance(kind, GraphQLList):
        return f"[{smallest_value(kind.of_type)}]"
    if isinstance(kind, GraphQLInputObjectType):
        chosen = [name for name, each in kind.fields.items() if is_required_input_field(each)]
        if kind.is_one_of:
            chosen = [next(iter(kind.fields))]
        return f"{{{', '.join(f'{name}: {smallest_value(kind.fields[name].type)}' for name in chosen)}}}"
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    return {"Int": "1", "Decimal": "1", "Boolean": "true"}.get(kind.name, '"x"')


def smallest_operation(root: str, name: str, field: GraphQLField) -> str:
    """The smallest operation that selects a root field."""
    required = {key: each for key, each in field.args.items() if is_required_argument(each)}
    listed = ", ".join(f"{key}: {smallest_value(each.type)}" for key, each in required.items())
    arguments = f"({listed})" if required else ""
    chosen = "{ __typename }" if is_composite_type(get_named_type(field.type)) else ""
    return f"{root.lower()} {{ {name}{arguments} {chosen} }}"

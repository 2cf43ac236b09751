"""The scopes that root fields require, which are declared next to the fields, printed in the schema as
`@requiresScopes`, and checked before anything runs."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, OperationType
from strawberry.schema_directive import Location

from gateway.access.caller import Caller, MissingScope
from gateway.access.scopes import AccessScope

Kind = TypeVar("Kind", bound=type)


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="The scopes that a credential must have, all of them, to select the field.",
)
class RequiresScopes:
    scopes: list[str]


class ForbiddenField(GraphQLError):
    """The caller lacks a scope that a field requires."""

    def __init__(self, field: str, missing: MissingScope) -> None:
        super().__init__(str(missing))
        self.extensions = {"code": "FORBIDDEN", "requiredScope": missing.scope, "field": field}


def requires(*scopes: AccessScope) -> Callable[[Kind], Kind]:
    """Declares the scopes of those root fields of a class that do not declare their own."""

    def declare(kind: Kind) -> Kind:
        for field in _definition(kind).fields:
            if not any(isinstance(each, RequiresScopes) for each in field.directives):
                field.directives = [*field.directives, RequiresScopes(scopes=list(scopes))]
        return kind

    return declare


def check_scopes(
    schema: GraphQLSchema, kind: OperationType, fields: Iterable[str], caller: Caller
) -> None:
    """Raises ForbiddenField if the caller may not select all of these root fields."""
    root = schema.get_root_type(kind)
    for name in fields:
        scopes = _required(root, name)
        try:
            caller.require(scopes, f"The field {name}")
        except MissingScope as missing:
            raise ForbiddenField(name, missing) from missing


@lru_cache(1000)
def _required(root: GraphQLObjectType | None, name: str) -> tuple[AccessScope, ...]:
    field = root.fields.get(name) if root is not None else None
    if field is None:  # __typename and the fields of introspection need only a credential
        return ()
    declared = _declared(field.extensions["strawberry-definition"])
    return tuple(AccessScope(scope) for scope in declared)


def _declared(field: Any) -> list[str]:
    return [
        scope
        for each in field.directives
        if isinstance(each, RequiresScopes)
        for scope in each.scopes
    ]


def _definition(kind: type) -> Any:
    return kind.__strawberry_definition__  # type: ignore[attr-defined]

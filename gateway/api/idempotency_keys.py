"""Idempotency keys of mutations, in the header Idempotency-Key or in the argument idempotencyKey.

The header is that of https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/: a text
in quotation marks. As most services do, it may also be without them."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import strawberry
from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    value_from_ast_untyped,
)
from strawberry.utils.str_converters import to_camel_case

from gateway.access.caller import Caller
from gateway.access.sealed_answers import seal, unseal
from gateway.api.company_fields import CompanyMutation
from gateway.api.context import Context
from gateway.api.errors import RequestError
from gateway.api.key_fields import KeyMutation
from gateway.execution.selection import Fields
from gateway.storage.idempotency_records import KeyedChange

ARGUMENT, DRY_RUN = "idempotencyKey", "dryRun"
LONGEST = 255
ALLOWED = re.compile(rf"[\x20-\x7e]{{1,{LONGEST}}}")
QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
"""A string as in RFC 8941, 3.3.3."""

INVALID, REUSED, ONE_FIELD = (
    "IDEMPOTENCY_KEY_INVALID",
    "IDEMPOTENCY_KEY_REUSED",
    "IDEMPOTENCY_ONE_FIELD",
)
DESCRIPTION = (
    "Make the change at most once: whoever repeats the request with the same key within 24 hours gets"
    " the same answer. The Idempotency-Key header does the same. A key has up to 255 characters, such as"
    " a random UUID. Dry runs ignore it."
)
ADMINISTRATIVE = frozenset(
    to_camel_case(field.python_name)
    for kind in (CompanyMutation, KeyMutation)
    for field in strawberry.types.get_object_definition(kind, strict=True).fields
)
"""The mutations whose changes belong to no company."""

SECRET = frozenset({"createApiKey", "rotateApiKey"})
"""The mutations whose answers contain a secret."""


class UnderKey(Exception):
    """The mutation must run in the transaction of its key."""

    def __init__(self, key: str, field: str) -> None:
        super().__init__()
        self.key = key
        self.field = field
        self.administers = field in ADMINISTRATIVE
        self._has_secret = field in SECRET

    def sealed(self, body: bytes) -> bytes:
        """The body of an answer as it is stored."""
        return seal(body, self.key) if self._has_secret else body

    def unsealed(self, stored: bytes) -> bytes:
        return unseal(stored, self.key) if self._has_secret else stored


def add_arguments(core: GraphQLSchema) -> None:
    """Give each mutation the argument idempotencyKey, which no resolver needs."""
    for field in core.mutation_type.fields.values() if core.mutation_type is not None else ():
        field.args[ARGUMENT] = GraphQLArgument(GraphQLString, description=DESCRIPTION)


def check_key(
    operation: OperationDefinitionNode,
    roots: Fields,
    variables: Mapping[str, Any],
    context: Context,
) -> None:
    """Raises UnderKey if a mutation has a key, unless its transaction is open already, and RequestError.
    `roots` are its root fields by name."""
    if context.database.is_joined:
        return
    header = context.idempotency_key()
    arguments = [
        each for nodes in roots.values() for node in nodes if (each := _argument(node, ARGUMENT))
    ]
    if header is None and not arguments:
        return
    given = _with_defaults(operation, variables)
    nodes = [node for name, nodes in roots.items() if name != "__typename" for node in nodes]
    if all(_value(_argument(node, DRY_RUN), given) is True for node in nodes):
        return
    keys = {key for each in arguments if isinstance(key := _value(each, given), str)}
    if header is not None:
        keys.add(_unquoted(header))
    if keys:
        raise UnderKey(_only(keys), _only_field(nodes))


def _only(keys: set[str]) -> str:
    """Raises RequestError."""
    if len(keys) > 1:
        message = (
            "The operation has several idempotency keys. The header and the argument must agree."
        )
        raise RequestError(message, INVALID)
    [key] = keys
    if not ALLOWED.fullmatch(key):
        message = f"An idempotency key has 1 to {LONGEST} printable ASCII characters."
        raise RequestError(message, INVALID)
    return key


def _only_field(nodes: list[FieldNode]) -> str:
    """The name of the single mutation; raises RequestError."""
    if len({(node.alias or node.name).value for node in nodes}) > 1:
        message = "An idempotency key is for a single mutation. Send each in a request of its own."
        raise RequestError(message, ONE_FIELD)
    return nodes[0].name.value


def _argument(node: FieldNode, name: str) -> ArgumentNode | None:
    return next((each for each in node.arguments or () if each.name.value == name), None)


def _value(argument: ArgumentNode | None, variables: Mapping[str, Any]) -> Any:
    """The value of an argument, not coerced; Undefined for a missing variable."""
    if argument is None:
        return None
    return value_from_ast_untyped(argument.value, dict(variables))


def _with_defaults(
    operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> dict[str, Any]:
    defaults = {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.variable_definitions or ()
        if each.default_value is not None
    }
    return {**defaults, **variables}


def _unquoted(header: str) -> str:
    quoted = QUOTED.fullmatch(header)
    return header if quoted is None else re.sub(r"\\(.)", r"\1", quoted[1])


def keyed_change(
    under: UnderKey,
    caller: Caller,
    query: str,
    variables: Mapping[str, Any] | None,
    *others: str | None,
) -> KeyedChange:
    """The change of a document with its variables; `others` is whatever else decides what it does."""
    operation = json.dumps(
        [query, variables or {}, *others, _reach(caller, under)], sort_keys=True, default=str
    )
    return KeyedChange(
        _digest(f"{caller.credential or ''}\0{under.key}"),
        _digest(operation),
        under.administers,
    )


def _reach(caller: Caller, under: UnderKey) -> list[list[str] | None]:
    """What the caller may see, which the answer to an earlier token of the same subject must not exceed. The
    company of a request is checked anyway."""
    limits = [caller.customers, caller.companies if under.administers else None]
    return [None if ids is None else sorted(ids) for ids in limits]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()

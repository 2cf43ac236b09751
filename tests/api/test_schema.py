"""The schema that clients program against: committed, described, and with the agreed names."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLSchema,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_introspection_type,
    is_list_type,
    is_non_null_type,
    is_specified_scalar_type,
    parse,
    print_ast,
    specified_directives,
)

from tests.support.paths import SCHEMA_FILE as COMMITTED

CONTRACT = Path(__file__).parent / "contract.graphql"
SCHEMA: GraphQLSchema = build_schema(COMMITTED.read_text(encoding="utf-8"))
OURS: dict[str, Any] = {
    name: kind
    for name, kind in SCHEMA.type_map.items()
    if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
}

AGREED = parse(CONTRACT.read_text(encoding="utf-8")).definitions
NUMBERS = re.compile(
    "(amount|price|cost|percent|quantity|inventory|limit|precision|allocation)$", re.IGNORECASE
)
WRITTEN = {
    "CreateSalesOrderInput",
    "SalesOrderLineInput",
    "UpdateSalesOrderInput",
    "UpdateSalesOrderLineInput",
}
NAME_OF_A_NUMBER = "TotalsStep.amount"
PAGE_ARGUMENTS = {"first": "Int", "after": "String", "last": "Int", "before": "String"}
LIST_WITH_GAPS = "Query.nodes"
"""Its positions are those of the requested ids, so an unknown id must be null."""
FILLERS = {"the", "a", "an", "of", "its", "this", "is", "in", "to", "with"}


def described() -> Iterator[tuple[str, str, str | None]]:
    """The place of every definition of ours, the words of its name, and its description."""
    for name, kind in OURS.items():
        yield name, name, kind.description
        for field, definition in getattr(kind, "fields", {}).items():
            yield f"{name}.{field}", f"{name} {field}", definition.description
            for argument, inputs in getattr(definition, "args", {}).items():
                place = f"{name}.{field}({argument})"
                yield place, f"{field} {argument}", inputs.description
        for value, definition in getattr(kind, "values", {}).items():
            yield f"{name}.{value}", f"{name} {value}", definition.description
    for directive in SCHEMA.directives:
        if directive.name not in {known.name for known in specified_directives}:
            yield f"@{directive.name}", directive.name, directive.description


def words(text: str) -> set[str]:
    """The words of a sentence or of a camelCase name, in the singular."""
    result = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", text)
    return {word.lower().rstrip("s") for word in result} - {word.rstrip("s") for word in FILLERS}


def typed() -> Iterator[tuple[str, str, Any]]:
    """The place of every field, argument and input field, its name, and its type."""
    for name, kind in OURS.items():
        for field, definition in getattr(kind, "fields", {}).items():
            yield f"{name}.{field}", field, definition.type
            for argument, inputs in getattr(definition, "args", {}).items():
                yield f"{name}.{field}({argument})", argument, inputs.type


def test_the_committed_schema_is_what_the_command_prints() -> None:
    command = [sys.executable, "-m", "gateway", "schema"]
    printed = subprocess.run(
        command, cwd=COMMITTED.parent, capture_output=True, check=True, timeout=60
    )
    assert printed.stdout == COMMITTED.read_bytes()


def test_everything_is_described() -> None:
    assert [place for place, _, text in described() if not (text or "").strip()] == []


def test_a_description_says_more_than_the_name() -> None:
    """ "The id of the order" would say nothing."""
    empty = [
        f"{place}: {text}" for place, name, text in described() if words(text or "") <= words(name)
    ]
    assert empty == []


def signature(definition: Any) -> tuple[str, str | None]:
    """The type and the default of a field, argument or input field, as written."""
    default = getattr(definition, "default_value", None)
    return print_ast(definition.type), default and print_ast(default)


def members(definition: Any, part: str) -> dict[str, Any]:
    """The fields, arguments, values, interfaces or directives of a definition by name."""
    nodes = getattr(definition, part, None) or ()
    return {getattr(node, "name", node).value: node for node in nodes}


@pytest.mark.parametrize("agreed", AGREED, ids=lambda node: node.name.value)
def test_the_schema_keeps_the_contract(agreed: Any) -> None:
    """The schema has everything that was agreed, including defaults, and may have more."""
    ours = OURS[agreed.name.value].ast_node
    assert type(ours) is type(agreed)
    for part in ("interfaces", "values", "directives"):
        assert set(members(agreed, part)) <= set(members(ours, part))
    fields = members(ours, "fields")
    for name, field in members(agreed, "fields").items():
        assert signature(fields[name]) == signature(field), name
        arguments = members(fields[name], "arguments")
        for argument, inputs in members(field, "arguments").items():
            assert signature(arguments[argument]) == signature(inputs), f"{name}({argument})"


def test_numbers_that_are_not_counts_are_exact() -> None:
    assert "Float" not in SCHEMA.type_map
    inexact = [
        place
        for place, name, kind in typed()
        if NUMBERS.search(name)
        and get_named_type(kind).name in {"Int", "String"}
        and place != NAME_OF_A_NUMBER
    ]
    assert inexact == []


def test_every_mutation_may_be_null_so_that_a_failure_keeps_the_results_before_it() -> None:
    mutation: Any = SCHEMA.mutation_type
    assert mutation.fields
    assert [name for name, field in mutation.fields.items() if is_non_null_type(field.type)] == []


def test_no_list_is_null_or_contains_null() -> None:
    """A list argument or input field may be omitted, but its values may not be null."""
    loose = []
    for place, _, kind in typed():
        inner = get_nullable_type(kind)
        if not is_list_type(inner) or place == LIST_WITH_GAPS:
            continue
        # a payload is null if its mutation fails, so that the others remain
        is_payload = place.startswith("Mutation.")
        may_be_absent = (
            is_payload or "(" in place or is_input_object_type(OURS[place.split(".")[0]])
        )
        if not is_non_null_type(inner.of_type) or not (is_non_null_type(kind) or may_be_absent):
            loose.append(place)
    assert loose == []


@pytest.mark.parametrize("name", [name for name in OURS if name.endswith("Connection")])
def test_every_list_is_paged_from_both_ends(name: str) -> None:
    paged = [
        field.args
        for kind in OURS.values()
        for field in getattr(kind, "fields", {}).values()
        if str(field.type) == f"{name}!"
    ]
    assert paged
    for arguments in paged:
        pages = {argument: str(arguments[argument].type) for argument in PAGE_ARGUMENTS}
        assert pages == PAGE_ARGUMENTS


def test_clients_cannot_send_what_the_gateway_derives() -> None:
    derived = re.compile(r"total|taxPercent|net[A-Z]|shipped|invoiced|status|onHold|etag|amountIn")
    sent = [
        place
        for place, name, _ in typed()
        if place.split(".")[0] in WRITTEN and derived.match(name)
    ]
    assert sent == []

"""The worked examples in the tables of RULES.md.

An example is a table below a line `**Example** (kind; settings)`. Its cells are GraphQL literals, so
that a reader can paste them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import parse, parse_value, print_ast, value_from_ast_untyped
from graphql.language import FieldNode, OperationDefinitionNode

from tests.support.paths import ROOT

RULES = ROOT / "gateway" / "orders" / "RULES.md"
HEADING = re.compile(r"#+ (\d+(?:\.\d+)?) ")
EXAMPLE = re.compile(r"\*\*Example\*\* \((\w+)(?:; (.+))?\)")

Row = Mapping[str, str]


@dataclass(frozen=True)
class Example:
    """A table of worked values, and the rule that it belongs to."""

    rule: str
    kind: str
    settings: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Refusal:
    """One problem of an answer: its code, and its path joined by dots."""

    code: str
    path: str


def numbers(text: str) -> list[str]:
    """The numbers of all rules, in the order of the document."""
    return [match[1] for line in text.splitlines() if (match := HEADING.match(line))]


def examples(text: str) -> Iterator[Example]:
    """The examples in the document, each with the rule of its heading."""
    rule, lines = "", iter(text.splitlines())
    for line in lines:
        if heading := HEADING.match(line):
            rule = heading[1]
        if result := EXAMPLE.match(line):
            settings = tuple(result[2].split("; ")) if result[2] else ()
            yield Example(rule, result[1], settings, tuple(_rows(lines)))


def tables(text: str, first_heading: str) -> list[Row]:
    """The rows of every table whose first column has this heading."""
    rows, lines = [], iter(text.splitlines())
    for line in lines:
        if line.startswith(f"| {first_heading} |"):
            rows += _body(line, lines)
    return rows


def _rows(lines: Iterator[str]) -> Iterator[Row]:
    """The rows of the next table."""
    for line in lines:
        if line.startswith("|"):
            yield from _body(line, lines)
            return


def _body(heading: str, lines: Iterator[str]) -> Iterator[Row]:
    names = _cells(heading)
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        yield dict(zip(names, _cells(line), strict=True))


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip("|").split(" |")]


def literal(cell: str) -> Any:
    """The fields in a cell as the value of a variable."""
    return value_from_ast_untyped(parse_value("{" + cell + "}"))


def mutations(cell: str, order: str, result: str) -> list[tuple[str, str]]:
    """The mutations that a cell lists, each as a document of its own with the name of its field.

    `$order`, `$line1`, `$line2` and so on are ids that the caller knows; `order` is the selection of
    the order in the answer."""
    if not cell:
        return []
    [operation] = parse("mutation {" + cell + "}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    fields = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    return [(node.name.value, _document(node, order, result)) for node in fields]


def _document(node: FieldNode, order: str, result: str) -> str:
    values = [print_ast(argument) for argument in node.arguments or ()]
    is_new = node.name.value == "createSalesOrder"
    if not is_new and not any(argument.startswith("id:") for argument in values):
        values.insert(0, "id: $order")
    arguments = ", ".join(values)
    used = dict.fromkeys(re.findall(r"\$(\w+)", arguments))
    declared = ", ".join(f"${name}: ID!" for name in used)
    head = f"mutation ({declared})" if used else "mutation"
    gone = node.name.value == "deleteSalesOrder"
    created = "deletedId" if gone else f"salesOrder {{ {order} }}"
    return f"{head} {{ it: {node.name.value}({arguments}) {{ {created} {result} }} }}"


def record_mutations(cell: str, expected: Any) -> list[tuple[str, str]]:
    """The mutations of records that a cell lists, each as a document of its own with the field of its
    payload, which has the shape of `expected`. `$made` is an id that the caller knows."""
    [operation] = parse("mutation {" + cell + "}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    nodes = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    return [_record_document(node, expected) for node in nodes]


def _record_document(node: FieldNode, expected: Any) -> tuple[str, str]:
    verb, name = re.fullmatch(
        r"([a-z]+)(\w+?)s?", node.name.value.replace("Terms", "Term")
    ).groups()  # type: ignore[union-attr]
    name = name.replace("Term", "Terms")
    field = "deletedId" if verb == "delete" else name[0].lower() + name[1:]
    inner = "" if verb == "delete" else f"{{ id {selection(expected.get(field, {}))[1:-1]} }}"
    document = f"{{ it: {print_ast(node)} {{ {field} {inner} userErrors {{ code path }} }} }}"
    return field, f"mutation{' ($made: ID!)' if '$made' in document else ''} {document}"


def selection(expected: Any) -> str:
    """The selection for an answer with the shape of `expected`."""
    if isinstance(expected, list):
        return selection(expected[0])
    if not isinstance(expected, dict):
        return ""
    fields = [f"{name} {selection(value)}".strip() for name, value in expected.items()]
    return "{ " + " ".join(fields) + " }"


def refusals(cell: str) -> list[Refusal]:
    """The refusals in a cell; none if it describes an order."""
    if not cell.startswith("refused: "):
        return []
    return [Refusal(*each.split()) for each in cell.removeprefix("refused: ").split(", ")]

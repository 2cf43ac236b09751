"""Every README as it must be: the gateway itself fills in its answers, its tables and what its commands print.

`python -m tests.support.readme` rewrites them; `tests/command/test_readme.py` fails when a committed
one differs. Each README is on its own: its operations run one after the other on a fresh copy of the
demo, and its commands one after the other in an empty folder."""

import asyncio
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from gateway.api.entities import ENTITIES
from gateway.demo.northwind import load_demo
from gateway.exchange.mappings import (
    business_central,
    finance_operations,
    finance_operations_records,
)
from gateway.exchange.mappings.columns import FileColumn
from gateway.execution.declarations import ComputedField
from gateway.execution.limits import Limits
from gateway.orders.editability import COMMENTS
from gateway.orders.fields import HEADER, LINE, WHILE_DRAFT, Until
from gateway.orders.problems import ProblemCode
from gateway.settings import SECRETS, Settings
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from gateway.storage.tables.sales_orders import SalesOrderStatus
from gateway.web.downloads import EXPORT_PARAMETERS
from gateway.web.parameters import Parameter
from gateway.web.uploads import IMPORT_PARAMETERS
from tests.support.consoles import with_consoles
from tests.support.paths import ROOT
from tests.support.served import Client, serving

Statuses = tuple[SalesOrderStatus, ...]
README = ROOT / "README.md"
FOREIGN = {"node_modules", "static"}
"""Folders whose documents are not ours."""

DOCUMENTS = [
    README,
    *sorted(
        path
        for room in ("docker", "gateway", "tests")
        for path in (ROOT / room).rglob("*.md")
        if FOREIGN.isdisjoint(path.parts)
    ),
]
READMES = [path for path in DOCUMENTS if path.name == "README.md"]

EXAMPLE = re.compile(r"(```graphql\n(.*?)```\n\n```json\n)(.*?)(```)", re.DOTALL)
WIDTH = 118
"""Characters of a line of an answer, if it can be broken."""

LIMITED = {
    "bytes": "bytes in a document",
    "tokens": "tokens in a document",
    "directives": "directives in a document",
    "operations": "operations in a document",
    "fragments": "fragments in a document",
    "depth": "levels of nested fields in an operation (`GATEWAY_MAX_DEPTH`)",
    "fields": "fields in an operation; those of a fragment count wherever it is spread",
    "aliases": "aliases in an operation, counted in the same way",
    "schemas": "`__schema` in an operation",
    "types": "`__type` in an operation",
    "cost": "cost of an operation (`GATEWAY_MAX_COST`)",
}


def examples(text: str) -> list[tuple[str, Any]]:
    """The operations in a README with their documented answers."""
    return [(match[2], json.loads(match[3])) for match in EXAMPLE.finditer(text)]


def answer(client: Client, operation: str) -> Any:
    """The answer to an operation of a README, in which `$order` is the order that changed last."""
    if "$order" not in operation:
        return client.send(operation)
    newest = "{ salesOrders(first: 1, sort: { field: LAST_MODIFIED_DATE_TIME, direction: DESC }) { nodes { id } } }"
    [order] = client.ask(newest)["salesOrders"]["nodes"]
    return client.send(operation, order=order["id"])


def with_answers(text: str, client: Client) -> str:
    """`text` with the answers of `client` to its operations, one after the other."""
    return EXAMPLE.sub(
        lambda match: f"{match[1]}{laid_out(answer(client, match[2]))}\n{match[4]}", text
    )


def laid_out(value: Any, indent: str = "", taken: int = 0) -> str:
    """`value` as JSON in which every list and object that fits on one line has one; `taken` characters
    stand before it."""
    parts = _parts(value)
    if parts is None:
        return json.dumps(value, ensure_ascii=False)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    flat = _flat(value)
    if len(indent) + taken + len(flat) < WIDTH or not parts:
        return flat
    inner = indent + "  "
    lines = [f"{inner}{label}{laid_out(part, inner, len(label))}" for label, part in parts]
    return f"{opening}\n" + ",\n".join(lines) + f"\n{indent}{closing}"


def _parts(value: Any) -> list[tuple[str, Any]] | None:
    """The parts of an object or list with their labels; None for a scalar."""
    if isinstance(value, dict):
        return [(f"{json.dumps(name)}: ", part) for name, part in value.items()]
    return [("", part) for part in value] if isinstance(value, list) else None


def _flat(value: Any) -> str:
    parts = _parts(value)
    if parts is None:
        return json.dumps(value, ensure_ascii=False)
    text = ", ".join(f"{label}{_flat(part)}" for label, part in parts)
    if isinstance(value, list):
        return f"[{text}]"
    return f"{{ {text} }}" if text else "{}"


def with_tables(text: str) -> str:
    """`text` with the tables that the code declares."""
    for name, lines in (
        ("codes", _codes()),
        ("editable", _editable()),
        ("settings", _settings()),
        ("limits", _limits()),
        ("computed", _computed_fields()),
        ("columns", _columns()),
        ("parameters of imports", _parameters(IMPORT_PARAMETERS)),
        ("parameters of exports", _parameters(EXPORT_PARAMETERS)),
    ):
        text = _between(text, name, lines)
    return text


def _between(text: str, name: str, lines: Iterable[str]) -> str:
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
    body = "".join(f"{line}\n" for line in lines)
    return marked.sub(lambda match: match[1] + body + match[2], text)


def _codes() -> Iterator[str]:
    yield from ("| code | when |", "| --- | --- |")
    yield from (f"| `{code.name}` | {code.value} |" for code in ProblemCode)


def _editable() -> Iterator[str]:
    """The fields of a patch by the statuses in which they may change, as RULES.md 4.2 states them."""
    yield f"| of | may change | {' | '.join(status.name for status in SalesOrderStatus)} |"
    yield "| --- " * (2 + len(SalesOrderStatus)) + "|"
    for part, fields in (("the order", HEADER), ("a line that sells", LINE)):
        groups: dict[Statuses, list[str]] = {}
        for name, field in fields.items():
            if not field.is_import_only and field.until is not Until.CREATED:
                groups.setdefault(field.statuses, []).append(f"`{to_camel_case(name)}`")
        for statuses, names in groups.items():
            yield _in_statuses(part, ", ".join(names), statuses)
    yield _in_statuses("the lines that sell", "added and removed", WHILE_DRAFT)
    yield _in_statuses("comments", "added, changed and removed", COMMENTS)


def _in_statuses(part: str, what: str, statuses: Statuses) -> str:
    cells = " | ".join("yes" if status in statuses else "" for status in SalesOrderStatus)
    return f"| {part} | {what} | {cells} |"


def _settings() -> Iterator[str]:
    yield from ("| variable | default | meaning |", "| --- | --- | --- |")
    tokens_last = sorted(Settings.model_fields, key=lambda name: name.startswith("jwt_"))
    for name, field in ((name, Settings.model_fields[name]) for name in tokens_last):
        default = "" if field.default in ("", None) else f"`{field.default}`"
        yield f"| `GATEWAY_{name.upper()}` | {default} | {field.description} |"
        if name in SECRETS:
            meaning = f"File that holds the value of `GATEWAY_{name.upper()}`. Set one of the two."
            yield f"| `GATEWAY_{name.upper()}_FILE` |  | {meaning} |"


def _parameters(table: Iterable[Parameter]) -> Iterator[str]:
    yield from ("| parameter | meaning |", "| --- | --- |")
    yield from (f"| `{parameter.name}` | {parameter.meaning} |" for parameter in table)


def _limits() -> Iterator[str]:
    yield from ("| at most | |", "| --- | --- |")
    yield from (f"| {most:,} | {LIMITED[name]} |" for name, most in asdict(Limits()).items())


def _computed_fields() -> Iterator[str]:
    """The fields that no plan covers."""
    for name, entity in ENTITIES.items():
        for field, declaration in entity.declared.items():
            if isinstance(declaration, ComputedField):
                yield f"- `{name}.{to_camel_case(field)}`"


def _columns() -> Iterator[str]:
    """The columns of orders and lines, and of the vendor's records, by entity."""
    for entity in (
        finance_operations.HEADERS,
        finance_operations.LINES,
        *chain.from_iterable(finance_operations_records.COUNTERPARTS.values()),
        business_central.ORDERS,
        business_central.LINES,
    ):
        yield from (f"### {entity.name}", "", "| column | type | field |", "| --- | --- | --- |")
        for column in entity.columns:
            if column.field:
                yield f"| `{column.name}` | {column.kind.value} | {_target(column)} |"
        yield ""


def _target(column: FileColumn) -> str:
    """The GraphQL name of the field that a column sets, with a note on its exceptions."""
    field = "" if column.field.startswith("+") else f"`{to_camel_case(column.field)}`"
    fallback = "if no other column sets it" if column.fallback else ""
    return ", ".join(filter(None, (field, column.note, fallback)))


async def _load(url: str) -> None:
    database = Database(url)
    await migrate(database)
    await load_demo(database)
    await database.dispose()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo.db"
        asyncio.run(_load(f"sqlite:///{demo}"))
        for number, path in enumerate(READMES):
            text = with_consoles(with_tables(path.read_text()))
            if EXAMPLE.search(text):
                copy = shutil.copy(demo, Path(folder) / f"{number}.db")
                with serving(Settings(database_url=f"sqlite:///{copy}")) as client:
                    text = with_answers(text, client)
            path.write_text(text)


if __name__ == "__main__":
    main()

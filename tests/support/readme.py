"""README.md as it must be: its answers and tables filled in from the running gateway.

`python -m tests.support.readme` writes them; `tests/command/test_readme.py` fails when they are not what is committed."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from gateway.api.entities import ENTITIES
from gateway.demo.northwind import load_demo
from gateway.exchange.mappings import business_central, finance_operations
from gateway.exchange.mappings.columns import FileColumn
from gateway.execution.declarations import ComputedField
from gateway.execution.limits import Limits
from gateway.orders.problems import ProblemCode
from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from tests.support.paths import ROOT
from tests.support.served import Client, serving

CONSOLE = re.compile(r"(```console\n)(.*?)(```)", re.DOTALL)
COMPUTED = re.compile(r"(<!-- computed -->).*?(<!-- end computed -->)", re.DOTALL)
OF = {
    "bytes": "bytes of a document",
    "tokens": "tokens of a document",
    "directives": "directives of a document",
    "operations": "operations of a document",
    "fragments": "fragments of a document",
    "depth": "levels of fields of an operation (`GATEWAY_MAX_DEPTH`)",
    "fields": "fields of an operation, those of a fragment wherever it is spread",
    "aliases": "aliases of an operation, counted likewise",
    "cost": "cost of an operation (`GATEWAY_MAX_COST`)",
}
"""What the limits of operations are of."""
SPEED = re.compile(r"in [\d.,]+ s, [\d,]+ a second")
README = ROOT / "README.md"
EXAMPLE = re.compile(r"(```graphql\n(.*?)```\n\n```json\n)(.*?)(```)", re.DOTALL)


def examples(text: str) -> list[tuple[str, Any]]:
    """The operations in README with the answers that it states."""
    return [(match[2], json.loads(match[3])) for match in EXAMPLE.finditer(text)]


def with_tables(text: str) -> str:
    """`text` with the tables of codes and of settings as the code has them."""
    codes = ["| code | when |", "| --- | --- |"]
    codes += [f"| `{code.name}` | {code.value} |" for code in ProblemCode]
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `GATEWAY_{name.upper()}` | `{field.default}` | {field.description} |")
    limits = ["| at most | of |", "| --- | --- |"]
    for name, most in asdict(Limits()).items():
        limits.append(f"| {most:,} | {OF[name]} |")
    text = _between(_between(text, "codes", codes), "settings", rows)
    text = _between(text, "limits", limits)
    text = COMPUTED.sub(rf"\g<1>{_computed()}\g<2>", text)
    return _between(text, "columns", _columns())


def answer(client: Client, operation: str) -> Any:
    """The answer to an operation of README, in which `$order` is the order created last."""
    if "$order" not in operation:
        return client.send(operation)
    newest = "{ salesOrders(first: 1, sort: { field: LAST_MODIFIED_DATE_TIME, direction: DESC }) { nodes { id } } }"
    [order] = client.ask(newest)["salesOrders"]["nodes"]
    return client.send(operation, order=order["id"])


def with_answers(text: str, client: Client) -> str:
    """`text` with the answers that `client` gives to its operations, one after the other."""

    def answered(match: re.Match[str]) -> str:
        filled = json.dumps(answer(client, match[2]), indent=2, ensure_ascii=False)
        return match[1] + _compact(filled) + "\n" + match[4]

    return EXAMPLE.sub(answered, text)


def with_consoles(text: str) -> str:
    """`text` with what its commands print, one after the other in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tests").symlink_to(README.parent / "tests")
        exports: list[str] = []

        def printed(match: re.Match[str]) -> str:
            commands = [line[2:] for line in match[2].splitlines() if line.startswith("$ ")]
            told = [f"$ {command}\n{_told(command, folder, exports)}" for command in commands]
            return match[1] + "".join(told) + match[3]

        return CONSOLE.sub(printed, text)


def _told(command: str, folder: str, exports: list[str]) -> str:
    if command.startswith("export "):
        exports.append(command)
        return ""
    script = "\n".join(["set -o pipefail", *exports, command])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(README.parent)}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    return SPEED.sub("in 1.5 s, 2,000 a second", done.stdout).replace("\ufeff", "")


def _computed() -> str:
    """The fields that no plan covers."""
    return ", ".join(
        f"`{name}.{to_camel_case(field)}`"
        for name, entity in ENTITIES.items()
        for field, declaration in entity.declared.items()
        if isinstance(declaration, ComputedField)
    )


def _columns() -> list[str]:
    """The columns of sales orders and lines, by entity."""
    lines = []
    for entity in (
        finance_operations.HEADERS,
        finance_operations.LINES,
        finance_operations.CUSTOMERS,
        business_central.ORDERS,
        business_central.LINES,
    ):
        lines += [f"**{entity.name}**", "", "| column | holds | gives |", "| --- | --- | --- |"]
        lines += [
            f"| `{column.name}` | {column.kind.value} | {_given(column)} |"
            for column in entity.columns
            if column.field
        ]
        lines.append("")
    return lines


def _given(column: FileColumn) -> str:
    field = "" if column.field.startswith("+") else f"`{column.field}`"
    fallback = "if nothing else does" if column.fallback else ""
    return ", ".join(filter(None, (field, column.note, fallback)))


def _compact(text: str) -> str:
    """JSON with each innermost object on a line of its own, where it fits."""
    innermost = re.compile(r"\{\n\s+([^{}\[\]]*?)\n\s+\}")
    for match in set(innermost.findall(text)):
        one_line = "{ " + re.sub(r"\n\s+", " ", match) + " }"
        if len(one_line) <= 100:
            text = re.sub(
                r"\{\n\s+" + re.escape(match) + r"\n\s+\}", lambda _, whole=one_line: whole, text
            )
    return text


def _between(text: str, marker: str, lines: list[str]) -> str:
    start, end = f"<!-- {marker} -->\n", f"<!-- end {marker} -->"
    before, _, rest = text.partition(start)
    return before + start + "\n".join(lines) + "\n" + end + rest.partition(end)[2]


async def _load(url: str) -> None:
    database = Database(url)
    await migrate(database)
    await load_demo(database)
    await database.dispose()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/demo.db")
        asyncio.run(_load(settings.database_url))
        with serving(settings) as client:
            text = with_answers(with_tables(README.read_text()), client)
        README.write_text(with_consoles(text))


if __name__ == "__main__":
    main()

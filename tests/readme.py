"""README.md as it must be: its answers and tables filled in from the running gateway.

`python -m tests.readme` writes them; `tests/test_readme.py` fails when they are not what is committed."""

import asyncio
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from gateway.exchange.demo import load_demo
from gateway.orders.problems import ProblemCode
from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from tests.served import Client, serving

README = Path(__file__).parent.parent / "README.md"
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
    return _between(_between(text, "codes", codes), "settings", rows)


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
            README.write_text(with_answers(with_tables(README.read_text()), client))


if __name__ == "__main__":
    main()

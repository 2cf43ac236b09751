"""For any operation, the answer of a plan equals that of graphql-core byte for byte.

A document that is sent for the first time runs on graphql-core, and as a plan from then on; the same
document with a blank at its end is another."""

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import Phase, given, seed, settings

from tests.support.databases import Templates
from tests.support.filters import known_conditions
from tests.support.operations import Request, Stored, requests
from tests.support.served import Client
from tests.support.varied import Row, Varied, varied

SEED = int(os.environ.get("GATEWAY_TEST_SEED") or random.SystemRandom().randrange(2**32))
LISTS = {
    "SalesOrder": "salesOrders",
    "SalesOrderLine": "salesOrderLines",
    "Customer": "customers",
    "Item": "items",
    "Account": "accounts",
    "Currency": "currencies",
    "TaxCode": "taxCodes",
}
SHARE_WITH_DATA = 0.7


@pytest.fixture(scope="module")
def demo(templates: Templates) -> Iterator[Varied]:
    settings = {"debug": True, "max_depth": 40}
    with varied(templates, **settings) as result:
        yield result


@pytest.fixture(scope="module")
def stored(demo: Varied) -> Stored:
    ids = {name: [row["id"] for row in rows] for name, rows in demo.rows.items()}
    keys = {name: keys_of(rows) for name, rows in demo.rows.items()}
    cursors = {name: cursors_of(demo.client, root) for name, root in LISTS.items()}
    return Stored(ids, keys, cursors, known_conditions(demo.rows))


def keys_of(rows: list[Row]) -> list[str]:
    """The numbers or codes of rows, if they have them."""
    return [row.get("number") or row["code"] for row in rows if row.keys() & {"number", "code"}]


def cursors_of(client: Client, root: str) -> list[str]:
    edges = client.ask(f"{{ {root}(first: 200) {{ edges {{ cursor }} }} }}")[root]["edges"]
    return [edge["cursor"] for edge in edges]


def sent(client: Client, query: str, variables: dict[str, Any]) -> tuple[bytes, str]:
    """The answer, and how the operation ran."""
    body = {"query": query, "variables": variables}
    response = client.http.post(client.url + "/graphql", json=body)
    return response.content, response.headers["x-execution"]


class Ways:
    """Compares the answers of plans and graphql-core, and counts them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._blanks = count(1)
        self.counts: Counter[str] = Counter()

    def compare(self, request: Request) -> None:
        """The first answer is graphql-core's; its plan runs with other variables. An operation that was
        refused for its size has no plan."""
        query = request.query + "\n#" + str(next(self._blanks))
        expected, way = sent(self._client, query, request.variables)
        assert way == "graphql-core"
        self._check(request, query, request.variables, expected)
        has_run = b'"TOO_LARGE"' not in expected
        if request.others != request.variables:
            another = query + "'"
            expected, way = sent(self._client, another, request.others)
            assert way == "graphql-core"
            self._check(request, query if has_run else another, request.others, expected)

    def _check(
        self, request: Request, query: str, variables: dict[str, Any], expected: bytes
    ) -> None:
        body, way = sent(self._client, query, variables)
        assert body == expected, (query, variables)
        assert b"INTERNAL_ERROR" not in body
        answer = json.loads(body)
        has_data = "errors" not in answer
        if has_data and not request.is_wrong and not request.is_computed:
            assert way == "plan", (query, variables)
        self.counts.update(["sent", way, "data" if has_data else _code(answer)])

    def share(self, name: str) -> float:
        return self.counts[name] / self.counts["sent"]

    @property
    def summary(self) -> str:
        shares = (f"{self.share(name):.1%} {name}" for name, _ in self.counts.most_common()[1:])
        return f"of {self.counts['sent']} operations {', '.join(shares)}"


def _code(answer: Any) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize("examples", [120, pytest.param(5000, marks=pytest.mark.full)])
def test_a_plan_answers_like_graphql_core(
    demo: Varied, stored: Stored, examples: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Set GATEWAY_TEST_SEED to repeat a run."""
    ways = Ways(demo.client)

    @seed(SEED)
    @settings(max_examples=examples, phases=[Phase.generate])
    @given(request=requests(stored))
    def search(request: Request) -> None:
        ways.compare(request)

    search()
    with capsys.disabled():
        sys.stderr.write(f"\nGATEWAY_TEST_SEED={SEED}: {ways.summary}\n")
    assert ways.share("data") >= SHARE_WITH_DATA

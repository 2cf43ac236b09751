"""GraphiQL in a real browser, offline."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response

from gateway.web.graphiql_page import examples
from tests.support.browsers import launched_browser, needs_browser
from tests.support.databases import Templates
from tests.support.graphiql import GraphiqlPage
from tests.support.served import Client, serving_demo

SECOND_PAGE = ["NW-10878", "NW-10865", "NW-10845", "NW-10788", "NW-10765"]
"""The sixth to the tenth latest of QUICK's orders in Northwind."""


class Visit(GraphiqlPage):
    """A first visit to the page, with the browser's messages and requests."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._heard: list[str] = []
        self.hosts: set[str] = set()
        self._refused: list[Response] = []
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self._heard.append(str(error)))
        page.on(
            "response", lambda response: response.status < 400 or self._refused.append(response)
        )
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error":
            self._heard.append(text)

    @property
    def complaints(self) -> list[str]:
        """The messages of the console, and the refused requests with their responses."""
        refused = [f"{each.request.post_data} {each.url} {each.text()}" for each in self._refused]
        return self._heard + refused

    def run_tab(self, place: int, query: str) -> Any:
        """Open a tab, press its button and read the answer."""
        self.page.locator(".graphiql-tab-button").nth(place).click()
        self.expect_text("operation.graphql", query)
        return self.execute()

    def run_on(self, variables: dict[str, Any]) -> Any:
        """Run the open tab once more, with other variables, and read the answer."""
        self.type("variables.json", json.dumps(variables))
        return self.execute()


@pytest.fixture(scope="module")
def demo(templates: Templates) -> Iterator[Client]:
    """The gateway over the orders of Northwind, to which the tabs add one."""
    with serving_demo(templates) as client:
        yield client


@pytest.fixture
def visit(demo: Client) -> Iterator[Visit]:
    with launched_browser() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        visit = Visit(page)
        visit.open(demo.url + "/graphql")
        yield visit


@needs_browser
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_tab_runs_and_no_request_leaves_the_host(
    visit: Visit, demo: Client, tmp_path: Path
) -> None:
    tabs = list(examples())
    assert visit.page.locator(".graphiql-tab-button").count() == len(tabs) == 6
    answers = [visit.run_tab(place, tab["query"])["data"] for place, tab in enumerate(tabs)]
    orders, sweet, created, refused, company, history = answers
    assert len(orders["salesOrders"]["nodes"]) == 10
    assert sweet["salesOrders"]["totalCount"] > 0
    assert created["createSalesOrder"]["salesOrder"]["number"].startswith("SO-")
    assert [error["code"] for error in refused["createSalesOrder"]["userErrors"]] == [
        "INVALID",
        "BLOCKED",
        "REQUIRED",
        "INVALID",
        "OUT_OF_RANGE",
    ]
    assert [payload["userErrors"] for payload in company.values()] == [[]] * 5
    assert company["createSalesOrder"]["salesOrder"]["totalAmountIncludingTax"] == "191.32"
    [customer] = history["customers"]["nodes"]
    assert customer["salesOrders"]["totalCount"] == 28
    after = customer["salesOrders"]["pageInfo"]["endCursor"]
    [customer] = visit.run_on({"customer": "QUICK", "after": after})["data"]["customers"]["nodes"]
    assert [order["number"] for order in customer["salesOrders"]["nodes"]] == SECOND_PAGE
    visit.page.screenshot(path=str(tmp_path / "graphiql.png"))
    assert visit.hosts == {urlsplit(demo.url).netloc}
    assert visit.complaints == []


@needs_browser
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_documentation_and_explorer_open(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Show Documentation Explorer").click()
    visit.page.locator(".graphiql-doc-explorer").wait_for()
    visit.page.get_by_role("button", name="Show GraphiQL Explorer").click()
    visit.page.locator(".docExplorerWrap").wait_for()
    assert visit.complaints == []


def test_every_example_answers_without_errors(demo: Client) -> None:
    for tab in examples():
        variables = json.loads(tab.get("variables", "{}"))
        assert "errors" not in demo.send(tab["query"], **variables)


def test_the_page_may_load_and_run_nothing_but_its_own_files(demo: Client) -> None:
    headers = demo.http.get(demo.url + "/graphql", headers={"accept": "text/html"}).headers
    directives = [part.split() for part in headers["content-security-policy"].split(";")]
    allowed = {name: set(sources) for name, *sources in directives}
    for name in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert allowed.pop(name) == {"'none'"}
    for name in ("script-src", "connect-src", "worker-src"):
        assert allowed.pop(name) == {"'self'"}
    assert allowed == {
        "style-src": {"'self'", "'unsafe-inline'"},
        "font-src": {"'self'", "data:"},
        "img-src": {"'self'", "data:"},
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-cache"


def test_the_files_of_graphiql_are_cached_for_ever_and_the_page_has_no_other_address(
    demo: Client,
) -> None:
    page = demo.http.get(demo.url + "/graphql", headers={"accept": "text/html"}).text
    loaded = set(re.findall(r"/graphiql/assets/[^\"]+", page))
    assert {Path(name).suffix for name in loaded} == {".js", ".css"}
    for name in loaded:
        headers = demo.http.get(demo.url + name).raise_for_status().headers
        assert headers["cache-control"] == "public, max-age=31536000, immutable"
        assert headers["x-content-type-options"] == "nosniff"
    tools = demo.http.get(demo.url + "/graphiql/tools/main.js").raise_for_status().headers
    assert (tools["cache-control"], tools["x-content-type-options"]) == ("no-cache", "nosniff")
    icon = demo.http.get(demo.url + "/graphiql/favicon.svg").raise_for_status()
    assert icon.headers["content-type"] == "image/svg+xml"
    for other in ("/index.html", "/assets/", "/assets/..%2findex.html", "/LICENSES.md"):
        assert demo.http.get(f"{demo.url}/graphiql{other}").status_code == 404, other

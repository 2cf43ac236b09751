"""GraphiQL as a person meets it: in a real browser, offline."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright

from gateway.web.page import examples
from tests.served import Client

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
RESPONSE = "__MONACO.editor.getModels().find(m => m.uri.path.endsWith('response.json')).getValue()"
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


class Visit:
    """A first visit to the page, and what the browser saw and asked for meanwhile."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)

    def run_tab(self, place: int) -> Any:
        """Open a tab, press its button and read the answer."""
        self.page.locator(".graphiql-tab-button").nth(place).click()
        self.page.wait_for_timeout(300)  # GraphiQL takes its time to learn the operation's name
        self.page.get_by_role("button", name="Execute query").click()
        self.page.locator(".graphiql-response .view-lines", has_text='"data"').wait_for()
        return json.loads(self.page.evaluate(RESPONSE))


@pytest.fixture
def visit(demo: Client) -> Iterator[Visit]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        visit = Visit(page)
        page.goto(demo.url + "/graphql")
        page.locator(".graphiql-query-editor .view-line").first.wait_for()
        yield visit
        browser.close()


@needs_browser
def test_every_tab_runs_and_no_request_leaves_the_host(
    visit: Visit, demo: Client, tmp_path: Path
) -> None:
    tabs = list(examples())
    assert visit.page.locator(".graphiql-tab-button").count() == len(tabs) == 5
    answers = [visit.run_tab(place)["data"] for place in range(len(tabs))]
    orders, sweet, created, refused, history = answers
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
    [customer] = history["customers"]["nodes"]
    assert customer["salesOrders"]["totalCount"] == 28
    visit.page.screenshot(path=str(tmp_path / "graphiql.png"))
    assert visit.hosts == {urlsplit(demo.url).netloc}
    assert visit.complaints == []


@needs_browser
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

"""GraphiQL in a browser: its editors, its button and what it stores."""

import itertools
import time
from typing import Any

from playwright.sync_api import Page, Response

from tests.support.served import PATIENCE

MODEL = "globalThis.__MONACO?.editor.getModels().find(m => m.uri.path.endsWith('{}'))"
STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])"
PRESSES = 100
"""How often to press the button until GraphiQL has read the operation's name, which takes it some
0.1 s."""


def query_of(response: Response) -> str | None:
    """The document that a response answers."""
    if response.request.method != "POST" or not response.url.endswith("/graphql"):
        return None
    query: str = response.request.post_data_json["query"]
    return query


class GraphiqlPage:
    """GraphiQL in a tab of the browser. Nothing here waits for a time, only for what it reads."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._markers = itertools.count()

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.page.locator(".graphiql-query-editor .view-line").first.wait_for()

    def wait_for(self, expression: str, argument: Any = None) -> Any:
        """The value of an expression, once it is true. The page's policy forbids Playwright's own
        `wait_for_function`, which evaluates the expression in the page."""
        deadline = time.monotonic() + PATIENCE
        while not (value := self.page.evaluate(expression, argument)):
            assert time.monotonic() < deadline, expression
            self.page.wait_for_timeout(20)
        return value

    def type(self, editor: str, text: str) -> None:
        self.wait_for(MODEL.format(editor) + " !== undefined")
        self.page.evaluate(f"text => {MODEL.format(editor)}.setValue(text)", text)

    def text(self, editor: str) -> str:
        """The text of an editor, as soon as it has any."""
        text: str = self.wait_for(f"{MODEL.format(editor)}?.getValue()")
        return text

    def expect_text(self, editor: str, expected: str) -> None:
        """Wait until an editor has a text, as when a tab is opened."""
        condition = f"expected => {MODEL.format(editor)}?.getValue() === expected"
        self.wait_for(condition, expected)

    def execute(self) -> Any:
        """The answer to the operation in the editor.

        For some time after a change, GraphiQL sends the name of the operation before. The gateway
        refuses that, and the button is pressed again.
        """
        query = self.text("operation.graphql")
        for _ in range(PRESSES):
            with self.page.expect_response(
                lambda response: query_of(response) == query
            ) as expectation:
                self.page.get_by_role("button", name="Execute query").click()
            response = expectation.value
            name = response.request.post_data_json.get("operationName")
            if name is None or name in query:
                return response.json()
        raise AssertionError(f"GraphiQL sends the name {name}")

    def stored(self) -> str:
        """All that the browser stores, and the address, once GraphiQL has stored its editors."""
        marker = f"# {next(self._markers)} is stored"
        self.type("operation.graphql", marker)
        self.expect_stored(marker, "tabState")
        text: str = self.page.evaluate(STORED)
        return text

    def expect_stored(self, text: str, *keys: str) -> None:
        """Wait until GraphiQL has stored a text under each key: some time after a change."""
        condition = """([text, keys]) => keys.every(key => Object.entries(localStorage).some(
          ([name, value]) => name.endsWith(":" + key) && value.includes(text)))"""
        self.wait_for(condition, [text, keys])

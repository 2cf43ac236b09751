"""GraphiQL in a browser: its editors, its button and what it stores."""

import itertools
from typing import Any

from playwright.sync_api import Page, Response

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

    def type(self, editor: str, text: str) -> None:
        self.page.wait_for_function(MODEL.format(editor))
        self.page.evaluate(f"text => {MODEL.format(editor)}.setValue(text)", text)

    def text(self, editor: str) -> str:
        """The text of an editor, as soon as it has any."""
        text: str = self.page.wait_for_function(f"{MODEL.format(editor)}?.getValue()").json_value()
        return text

    def expect_text(self, editor: str, expected: str) -> None:
        """Wait until an editor has a text, as when a tab is opened."""
        condition = f"expected => {MODEL.format(editor)}?.getValue() === expected"
        self.page.wait_for_function(condition, arg=expected)

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
        self.page.wait_for_function(
            "text => JSON.stringify(localStorage).includes(text)", arg=marker
        )
        text: str = self.page.evaluate(STORED)
        return text

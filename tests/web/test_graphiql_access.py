"""GraphiQL in a real browser when every operation needs a credential."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy.pool import NullPool

from gateway.access.keys import KeyRequest, create_key
from gateway.access.scopes import AccessScope
from gateway.settings import Settings
from gateway.storage.database import Database
from tests.support.browsers import launched_browser, needs_browser
from tests.support.databases import Templates
from tests.support.graphiql import GraphiqlPage, query_of
from tests.support.other_company import OTHER, load_other
from tests.support.served import Client, serving, wait_until
from tests.support.world import COMPANY, load_world

pytestmark = needs_browser

UNKNOWN_KEY = "so_live_unknown"
REFUSED = "The key or token is unknown, expired or revoked."
QUERY = "query Company($skipped: Boolean!) { company { name id @skip(if: $skipped) } }"
CREATE_KEY = """mutation { createApiKey(
  input: {name: "Bob", scopes: ["orders:read"], company: "Other"}) { secret apiKey { id } } }"""
REVOKE_KEY = "mutation ($id: ID!) { revokeApiKey(id: $id) { apiKey { id } } }"
VARIABLES = '{"skipped": true}'


class AccessPage(GraphiqlPage):
    """GraphiQL with the dialog, the bars and the buttons that belong to signing in."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.dialog = page.get_by_role("dialog", name="Sign in")
        self.outcome = page.locator("#outcome")

    def sign_in(self, key: str, *, until_closed: bool = False) -> None:
        self.dialog.get_by_label("Key or token").fill(key)
        self.dialog.get_by_label("Keep it until this tab is closed").set_checked(until_closed)
        self.dialog.get_by_role("button", name="Sign in").click()

    def run(self, query: str = QUERY, variables: str = VARIABLES) -> Any:
        """The answer to an operation."""
        self.type("operation.graphql", query)
        self.type("variables.json", variables)
        return self.execute()

    def copied(self, button: str) -> str:
        """The text that a button copies."""
        self.page.evaluate("navigator.clipboard.writeText('')")
        self.page.get_by_role("button", name=button).click()
        text: str = self.wait_for("navigator.clipboard.readText()")
        return text


@pytest.fixture(scope="module")
def database_url(all_templates: dict[str, Templates]) -> str:
    url = all_templates["sqlite"].copy("world", load_world)
    asyncio.run(load_other(url))
    return url


@pytest.fixture(scope="module")
def key(database_url: str) -> str:
    database = Database(database_url, poolclass=NullPool)
    _, secret = asyncio.run(create_key(database, KeyRequest("Ann", frozenset(AccessScope))))
    return secret


@pytest.fixture(scope="module")
def gateway(database_url: str) -> Iterator[Client]:
    with serving(Settings(database_url=database_url, auth="required", debug=True)) as client:
        yield client


@pytest.fixture(scope="module")
def browser(gateway: Client, key: str) -> Iterator[Browser]:
    """The last fixture to start, as nothing can call `asyncio.run` after it."""
    with launched_browser() as browser:
        yield browser


@pytest.fixture
def opened(browser: Browser, gateway: Client) -> Iterator[AccessPage]:
    """A first visit."""
    page = browser.new_page(viewport={"width": 1400, "height": 844})
    opened = AccessPage(page)
    opened.open(f"{gateway.url}/graphql")
    yield opened
    page.close()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, gateway: Client, key: str) -> AccessPage:
    """A page that tests share."""
    context = browser.new_context(
        permissions=["clipboard-read", "clipboard-write"],
        viewport={"width": 1400, "height": 844},
    )
    opened = AccessPage(context.new_page())
    opened.open(f"{gateway.url}/graphql")
    opened.sign_in(key)
    expect(opened.page.get_by_text("Ann", exact=True)).to_be_visible()
    return opened


def test_a_key_lets_the_user_in_and_is_stored_nowhere(opened: AccessPage, key: str) -> None:
    expect(opened.dialog).to_contain_text("This gateway needs a key or token.")
    with opened.page.expect_response(
        lambda response: "__schema" in (query_of(response) or "")
    ) as introspection:
        opened.sign_in(key)
    assert introspection.value.status == 200
    expect(opened.dialog).to_be_hidden()
    assert opened.run()["data"] == {"company": {"name": OTHER}}
    for label in ("Cost", "Time", "Execution", "Quota left"):
        expect(opened.outcome).to_contain_text(label)
    assert key not in opened.stored()


def test_a_refused_or_revoked_key_is_forgotten_and_the_dialog_gives_the_reason(
    opened: AccessPage, gateway: Client, key: str
) -> None:
    reason = opened.dialog.get_by_role("alert")
    opened.sign_in("Kein Schlüssel")
    expect(reason).to_contain_text("no spaces")
    opened.sign_in(UNKNOWN_KEY, until_closed=True)
    expect(reason).to_have_text(REFUSED)
    assert UNKNOWN_KEY not in opened.stored()
    authorized = {"authorization": f"Bearer {key}"}
    created = gateway.send(CREATE_KEY, authorized)["data"]["createApiKey"]
    opened.sign_in(created["secret"], until_closed=True)
    assert opened.run()["data"] == {"company": {"name": OTHER}}
    gateway.send(REVOKE_KEY, authorized, id=created["apiKey"]["id"])
    revoked = {"authorization": f"Bearer {created['secret']}"}
    wait_until(lambda: "errors" in gateway.send("{ company { name } }", revoked))
    opened.page.reload()
    expect(reason).to_have_text(REFUSED)
    assert created["secret"] not in opened.stored()
    expect(reason).to_have_text(REFUSED)


def test_a_reload_keeps_the_key_if_the_user_wants_that_the_company_and_headers_but_no_credential(
    opened: AccessPage, key: str
) -> None:
    opened.sign_in(key, until_closed=True)
    picker = opened.page.get_by_role("combobox", name="Company")
    expect(picker.get_by_role("option")).to_have_text([OTHER, COMPANY])
    picker.select_option(COMPANY)
    assert opened.run()["data"] == {"company": {"name": COMPANY}}
    typed = {"X-Request-Id": "mine", "Authorization": f"Bearer {UNKNOWN_KEY}"}
    opened.type("request-headers.json", json.dumps(typed))
    assert "data" not in opened.run()
    opened.dialog.get_by_role("button", name="Cancel").click()
    opened.expect_stored("X-Request-Id", "headers", "tabState")
    assert UNKNOWN_KEY not in opened.stored()
    opened.page.reload()
    expect(picker).to_have_value(picker.get_by_text(COMPANY).get_attribute("value") or "")
    assert json.loads(opened.text("request-headers.json")) == {"X-Request-Id": "mine"}
    assert opened.run()["data"] == {"company": {"name": COMPANY}}
    opened.page.get_by_role("button", name="Sign out").click()
    assert key not in opened.stored()


def test_a_share_link_opens_the_document_and_the_variables_in_a_tab_of_their_own(
    signed_in: AccessPage, browser: Browser, gateway: Client
) -> None:
    signed_in.type("request-headers.json", '{"X-Request-Id": "mine"}')
    signed_in.run()
    fragment = urlsplit(signed_in.copied("Share link")).fragment
    assert parse_qs(fragment) == {"query": [QUERY], "variables": [VARIABLES]}
    opened = AccessPage(browser.new_page())
    opened.open(f"{gateway.url}/graphql#{fragment}")
    expect(opened.page.locator("[role=tab][aria-selected=true] button").first).to_have_text(
        "Company"
    )
    opened.expect_text("operation.graphql", QUERY)
    opened.expect_text("variables.json", VARIABLES)
    assert opened.page.url == f"{gateway.url}/graphql"


DELETE = "deleteSalesOrder(dryRun: true, id: 1) { deletedId }"


def sent_key(opened: AccessPage, query: str) -> str | None:
    """The idempotency key of the request for a document, after GraphiQL has read it."""
    opened.type("operation.graphql", query)
    body = "window.readDocument().then(document => document?.loc?.source.body)"
    wait_until(lambda: opened.page.evaluate(body) == query)
    with opened.page.expect_request(
        lambda request: request.method == "POST" and request.post_data_json["query"] == query
    ) as expectation:
        opened.execute()
    key: str | None = expectation.value.headers.get("idempotency-key")
    return key


def test_a_single_mutation_is_sent_with_a_new_key(signed_in: AccessPage) -> None:
    signed_in.page.evaluate(
        """window.readDocument = () => import("/graphiql/tools/editors.js")
        .then(editors => editors.currentDocument())"""
    )
    keys = [sent_key(signed_in, f"mutation {{ {DELETE} }} # {number}") for number in range(2)]
    assert len({*keys} - {None}) == 2
    for others in (f"mutation {{ a: {DELETE} b: {DELETE} }}", "{ company { name } }"):
        assert sent_key(signed_in, others) is None


def test_a_copied_curl_command_runs_with_the_key_in_a_variable(
    signed_in: AccessPage, key: str
) -> None:
    signed_in.page.get_by_role("combobox", name="Company").select_option(COMPANY)
    query = """query { company { name } units: unitsOfMeasure(filter: {code: {eq: "it's"}}) {
      totalCount } }"""
    answer = signed_in.run(query, "")
    command = signed_in.copied("Copy as curl")
    assert key not in command
    environment = {"GATEWAY_KEY": key, "PATH": os.environ["PATH"]}
    copied = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, check=True)
    assert json.loads(copied.stdout)["data"] == answer["data"]
    assert answer["data"] == {"company": {"name": COMPANY}, "units": {"totalCount": 0}}


def test_copied_typescript_has_the_types_of_the_variables_and_the_data(
    signed_in: AccessPage, key: str
) -> None:
    query = """query Orders($filter: SalesOrderFilter, $ids: [ID!]!, $brief: Boolean = false) {
      salesOrders(filter: $filter) { nodes { number status: __typename lines @skip(if: $brief) {
        quantity } } }
      first: node(id: "1") { id ... on Customer { displayName } } nodes(ids: $ids) { id } }"""
    signed_in.run(query, '{"ids": []}')
    copied = signed_in.copied("Copy as TypeScript")
    assert key not in copied
    for part in (
        "filter?: SalesOrderFilter | null;\n  ids: Array<string>;\n  brief?: boolean | null;",
        "export type SalesOrderFilter = {",
        'nodes: Array<{\n      number: string;\n      status: "SalesOrder";\n      lines?: Array<{',
        "Authorization: `Bearer ${gatewayKey}`",
    ):
        assert part in copied, copied


def test_the_bar_shows_the_smallest_remaining_quota(signed_in: AccessPage) -> None:
    outcome = """header => import("/graphiql/tools/outcome.js").then(({ outcomeOf }) => outcomeOf({
      status: 429, headers: new Headers({ RateLimit: header }), body: {}, ms: 3.6 }))"""
    header = '"day";r=5000;t=86000, "minute";r=1200;t=30'
    assert signed_in.page.evaluate(outcome, header) == [
        ["Status", "429"],
        ["Time", "4 ms"],
        ["Quota left", "1,200, reset in 30 s"],
    ]


def test_a_narrow_window_has_the_editor_above_the_response(signed_in: AccessPage) -> None:
    page = signed_in.page
    page.set_viewport_size({"width": 390, "height": 844})
    parts = ("header.tools", ".graphiql-editors", ".graphiql-response", "footer.tools")
    boxes = [box for part in parts if (box := page.locator(part).bounding_box())]
    edges = [edge for box in boxes for edge in (box["y"], box["y"] + box["height"])]
    assert len(edges) == 8
    assert edges == sorted(edges)
    assert all(box["width"] > 340 for box in boxes)
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") == 390

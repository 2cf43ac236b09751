"""Pages of other origins: the requests that they can make a browser send, and the responses."""

import functools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, sync_playwright

from gateway.web.foreign_origins import SIMPLE_TYPES
from tests.support.browsers import CHROMIUM, FLAGS, needs_browser
from tests.support.importing import Client, gate
from tests.support.requests import execute
from tests.support.served import PATIENCE

SHOP, EVIL = "https://shop.example", "https://evil.example"
UNITS = b"code,displayName\nEVIL,Imported by a foreign page\n"
FORM = "multipart/form-data; boundary=x"
PATHS = [
    ("POST", "/imports?name=units.csv&dryRun=true"),
    ("GET", "/imports/00000000-0000-0000-0000-000000000000/refused"),
    ("GET", "/exports"),
]
"""Requests that the gateway answers with these statuses if they come from a program."""
STATUSES = [202, 404, 200]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("imports")


@pytest.fixture
def guarded(world_url: str, folder: Path) -> Iterator[Client]:
    with gate(world_url, folder, cors_origins=SHOP) as client:
        yield client


def statuses(client: Client, **headers: str) -> list[int]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return [
        client.http.request(method, client.url + path, content=UNITS, headers=names).status_code
        for method, path in PATHS
    ]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_uploads_and_downloads_are_for_programs_and_own_pages(guarded: Client) -> None:
    own = guarded.url
    assert statuses(guarded) == STATUSES
    assert statuses(guarded, origin=own, sec_fetch_site="same-origin") == STATUSES
    assert statuses(guarded, origin=own) == STATUSES
    assert statuses(guarded, sec_fetch_site="none") == STATUSES
    assert statuses(guarded, host="localhost:80", origin="http://LOCALHOST") == STATUSES
    assert statuses(guarded, host="localhost", origin="https://localhost:443") == STATUSES


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_requests_of_foreign_pages_are_refused(guarded: Client) -> None:
    port = guarded.url.rpartition(":")[2]
    for foreign in (
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": ""},
        {"origin": f"{SHOP}.evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": f"http://localhost:{port}"},
        {"origin": guarded.url, "sec_fetch_site": "cross-site"},
        {"origin": EVIL, "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "new"},
    ):
        assert statuses(guarded, **foreign, x_requested_with="fetch") == [403] * 3, foreign
    refused = guarded.http.post(f"{guarded.url}/imports", headers={"origin": EVIL}, content=UNITS)
    assert refused.json()["code"] == "FOREIGN_ORIGIN"
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_allowed_origin_needs_a_preflight_request_to_upload(guarded: Client) -> None:
    simple = {"origin": SHOP, "sec_fetch_site": "cross-site"}
    for kind in (
        "text/plain",
        "TEXT/PLAIN;charset=utf-8",
        FORM,
        "application/x-www-form-urlencoded",
    ):
        assert statuses(guarded, **simple, content_type=kind)[0] == 403, kind
    assert statuses(guarded, **simple) == [403, *STATUSES[1:]]
    assert statuses(guarded, **simple, content_type="text/csv") == STATUSES
    assert statuses(guarded, **simple, x_requested_with="fetch") == STATUSES
    assert statuses(guarded, **simple, company="World", content_type="text/plain") == STATUSES
    preflight = guarded.http.options(
        f"{guarded.url}/imports",
        headers={
            "origin": SHOP,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,x-requested-with",
        },
    )
    assert preflight.headers["access-control-allow-origin"] == SHOP


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Do not log requests."""


@contextmanager
def foreign_page(folder: Path) -> Iterator[str]:
    """The URL of an empty page on another port of this machine."""
    (folder / "index.html").write_text("<!DOCTYPE html><iframe name='sink'></iframe>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


FETCH = """([url, type, body]) => {
  const headers = type ? {'Content-Type': type} : {};
  fetch(url, {method: 'POST', mode: 'no-cors', headers, body}).catch(() => {});
}"""
FETCH_WITH_CORS = """([url, type, body]) => {
  fetch(url, {method: 'POST', headers: {'Content-Type': type}, body}).catch(() => {});
}"""
SUBMIT = """([url, type, body]) => {
  const form = Object.assign(document.createElement('form'),
    {method: 'POST', action: url, enctype: type, target: 'sink'});
  const field = document.createElement('input');
  if (type == 'multipart/form-data') {
    const list = new DataTransfer();
    list.items.add(new File([body], 'units.csv'));
    Object.assign(field, {type: 'file', name: 'file', files: list.files});
  } else {
    Object.assign(field, {type: 'hidden', name: body, value: ''});
  }
  form.append(field);
  document.body.append(form);
  form.submit();
}"""
BEACON = "([url, type, body]) => navigator.sendBeacon(url, type ? new Blob([body], {type}) : body)"
ATTACKS = [
    *((FETCH, kind) for kind in ("", "text/plain", "text/csv", "application/json")),
    *((FETCH_WITH_CORS, kind) for kind in ("text/plain", "application/json")),
    *((SUBMIT, kind) for kind in SIMPLE_TYPES if kind),
    *((BEACON, kind) for kind in (*SIMPLE_TYPES, "application/json")),
]
MUTATION = json.dumps(
    {"query": 'mutation { createUnitOfMeasure(input: {code: "EVIL"}) { userErrors { code } } }'}
)


def outcomes(page: Page, url: str, body: str) -> list[int | str | None]:
    """The status or the failure of everything that the page can send to a URL of another origin."""
    ended: list[int | str | None] = []

    def record_failure(request: Request) -> None:
        if (
            request.failure != "net::ERR_ABORTED"
        ):  # as after a refusal that no-cors fetches cannot read
            ended.append(request.failure)

    page.on("response", lambda response: ended.append(response.status))
    page.on("requestfailed", record_failure)
    for count, (script, kind) in enumerate(ATTACKS, start=1):
        page.evaluate(script, [url, kind, body])
        deadline = time.monotonic() + PATIENCE
        while len(ended) < count:
            assert time.monotonic() < deadline, (script, kind)
            page.wait_for_timeout(10)
    return ended


@needs_browser
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("/imports?name=units.csv", UNITS.decode(), 403), ("/graphql", MUTATION, 415)],
)
def test_no_page_of_another_origin_can_write(
    guarded: Client, world_url: str, tmp_path: Path, path: str, body: str, status: int
) -> None:
    """Chromium sends what a form could send, and the gateway refuses it. It does not send anything
    else, because the gateway does not allow the origin. Another port of the same machine is another
    origin."""
    with foreign_page(tmp_path) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.goto(address)
        ended = outcomes(page, guarded.url + path, body)
        browser.close()
    assert set(ended) == {status, "net::ERR_FAILED"}
    assert ended.count(status) == 11
    assert execute(world_url, "SELECT COUNT(*) FROM import_jobs") == [["(0,)"]]
    assert execute(world_url, "SELECT code FROM units_of_measure WHERE code = 'EVIL'") == [[]]

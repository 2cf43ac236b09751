"""Frontends with Apollo Client, urql and Relay build against the schema and read from a gateway."""

import hashlib
import json
import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp

import pytest

from gateway.demo.northwind import load_demo
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.paths import ROOT
from tests.support.served import Client, serving, serving_demo

pytestmark = pytest.mark.skipif(
    shutil.which("npm") is None, reason="the frontends of tests/frontend need Node.js with npm"
)

PROGRAMS = ROOT / "tests" / "frontend"
INSTALL = "npm ci --ignore-scripts --prefer-offline --no-audit --no-fund"
BUILD = (
    "node_modules/.bin/graphql-codegen",
    "node_modules/.bin/relay-compiler",
    "node_modules/.bin/babel src --out-dir dist --extensions .ts,.tsx --copy-files",
)
KINDS = (".json", ".ts", ".tsx")
ORDERS = """query ($customer: String!) {
  salesOrders(filter: { customer: { number: { eq: $customer } } }, first: 200) { nodes {
    id number orderDate lastModifiedDateTime currency { id code } sellToAddress { city }
    totalAmountIncludingTax lines { id sequence quantity unitPrice netAmountIncludingTax } } } }"""


def run(folder: Path, command: str) -> str:
    """The output of `command`, run in `folder`."""
    result = subprocess.run(
        command.split(), cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def installed() -> Path:
    """The packages of the lock file, which are installed once for all runs of the tests."""
    files = [PROGRAMS / name for name in ("package.json", "package-lock.json")]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    home = ROOT / "build" / f"frontend-{digest[:16]}"
    if not home.exists():
        home.parent.mkdir(exist_ok=True)
        begun = Path(mkdtemp(dir=home.parent))
        for file in files:
            shutil.copy(file, begun)
        run(begun, INSTALL)
        begun.rename(home)
    return home / "node_modules"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of tests/frontend, built in a temporary folder from the committed schema."""
    root = tmp_path_factory.mktemp("frontend")
    shutil.copy(PROGRAMS.parent.parent / "schema.graphql", root)
    unwanted = shutil.ignore_patterns("node_modules", "dist", "generated", "__generated__")
    folder = shutil.copytree(PROGRAMS, root / "tests" / "frontend", ignore=unwanted)
    (folder / "node_modules").symlink_to(installed())
    for command in BUILD:
        run(folder, command)
    return folder


def test_clients_that_read_money_and_dates_as_text_compile(built: Path) -> None:
    run(built, "node_modules/.bin/tsc")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("library", ["apollo", "urql", "relay"])
def test_a_client_pages_to_the_end_of_a_list_and_rereads_an_order_by_its_id(
    built: Path, demo: Client, library: str
) -> None:
    printed = run(built, f"node dist/{library}.js {demo.url}/graphql SAVEA")
    walk = json.loads(printed, object_hook=without_typename)
    orders = demo.ask(ORDERS, customer="SAVEA")["salesOrders"]["nodes"]
    assert walk["counts"] == [12, 24, 31]
    assert walk["orders"] == orders
    assert walk["again"] == orders[0]
    assert Decimal(walk["total"]).scaleb(-5) == sum(
        Decimal(order["totalAmountIncludingTax"]) for order in orders
    )


DRAFT = """{ salesOrders(filter: { status: { eq: DRAFT }, onHold: { eq: false } }, first: 1) {
  nodes { id salesperson } } }"""


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("library", ["apollo", "urql"])
def test_no_dry_run_changes_the_cached_order(built: Path, demo: Client, library: str) -> None:
    [order] = demo.ask(DRAFT)["salesOrders"]["nodes"]
    printed = run(built, f"node dist/{library}-previews.js {demo.url}/graphql {order['id']}")
    result = json.loads(printed, object_hook=without_typename)
    update, release, delete = result["tries"]
    tried = update["updateSalesOrder"]["salesOrder"]
    assert (tried["id"], tried["salesperson"]) == ("preview:" + order["id"], "PREVIEW")
    assert release["releaseSalesOrder"]["salesOrder"]["status"] == "RELEASED"
    assert delete["deleteSalesOrder"] == {"deletedId": None, "userErrors": []}
    stored = result["before"]["salesOrder"]
    assert (stored["id"], stored["status"]) == (order["id"], "DRAFT")
    assert stored["salesperson"] == order["salesperson"]
    [edge] = tried["customer"]["salesOrders"]["edges"]
    listed = {name: value for name, value in stored.items() if name != "customer"}
    assert edge["node"] == listed
    assert result["after"] == result["before"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("library", ["apollo", "urql"])
def test_a_client_that_loses_a_response_repeats_the_request_under_its_key(
    built: Path, templates: Templates, library: str
) -> None:
    counted = '{ salesOrders(filter: { customer: { number: { eq: "ANTON" } } }) { totalCount } }'
    with serving_demo(templates) as client:
        before = client.ask(counted)["salesOrders"]["totalCount"]
        result = json.loads(
            run(built, f"node dist/{library}-creates.js {client.url}/graphql ANTON")
        )
        assert client.ask(counted)["salesOrders"]["totalCount"] == before + 1
    assert result["replayed"] == [None, "true"]
    assert result["number"].startswith("SO-")


def sent(method: str, *parts: str) -> dict[str, object]:
    """A request with status 200, and what each of its operations had of its document."""
    return {"method": method, "sent": list(parts), "status": 200}


HASH, BOTH = "hash", "text and hash"
CHANGE = [sent("POST", HASH), sent("POST", BOTH)]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("library", "way", "expected"),
    [
        ("apollo", "POST", [sent("POST", HASH), sent("POST", BOTH), sent("POST", HASH)]),
        ("apollo", "GET", [sent("GET", HASH), sent("POST", BOTH), sent("GET", HASH)]),
        ("apollo", "batch", [sent("POST", *[each] * 2) for each in (HASH, BOTH, HASH)]),
        ("urql", "POST", [sent("POST", HASH), sent("POST", BOTH), sent("POST", HASH)]),
        ("urql", "GET", [sent("GET", HASH), sent("GET", BOTH), sent("GET", HASH)]),
    ],
)
def test_a_client_sends_each_document_once_and_its_hash_from_then_on(
    built: Path, templates: Templates, library: str, way: str, expected: list[dict[str, object]]
) -> None:
    url = templates.copy("demo", load_demo)
    with serving(Settings(database_url=url, max_batch=10)) as client:
        result = json.loads(
            run(built, f"node dist/{library}-documents.js {client.url}/graphql {way}")
        )
        newest = first_orders(client, "SAVEA", "ALFKI" if way == "batch" else None)
    assert result["requests"] == [*expected, *CHANGE]
    assert (result["answers"], result["errors"]) == ([newest, newest], 1)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_clients_run_the_trusted_documents_of_graphql_codegen_and_relay_by_id(
    built: Path, templates: Templates
) -> None:
    of_codegen = built / "src" / "generated" / "persisted-documents.json"
    of_relay = relay_manifest(built)
    settings = Settings(
        database_url=templates.copy("demo", load_demo),
        documents="trusted",
        document_manifests=f"{of_codegen},{of_relay}",
        debug=True,
    )
    with serving(settings) as client:
        result = json.loads(
            run(built, f"node dist/urql-documents.js {client.url}/graphql manifest")
        )
        assert result["requests"] == [sent("GET", HASH), sent("GET", HASH), sent("POST", HASH)]
        assert (result["errors"], len(result["answers"][0][0])) == (1, 2)
        for name, text in json.loads(of_relay.read_text()).items():
            body = {
                "documentId": name,
                "variables": {"customer": "SAVEA", "first": 2, "id": "none"},
            }
            response = client.http.post(f"{client.url}/graphql", json=body)
            assert response.headers["x-execution"] == "plan", text
            assert "errors" not in response.json()


def first_orders(client: Client, *customers: str | None) -> list[list[str]]:
    """The numbers of the first two orders of each customer."""
    pages = [
        client.ask(ORDERS, customer=each)["salesOrders"]["nodes"] for each in customers if each
    ]
    return [[order["number"] for order in page[:2]] for page in pages]


def relay_manifest(built: Path) -> Path:
    """The manifest that Relay's compiler writes; it also compiles the components anew."""
    folder = shutil.copytree(built, built.parent / "relay", symlinks=True)
    configuration = json.loads((folder / "relay.config.json").read_text())
    configuration["persistConfig"] = {"file": "persisted_queries.json"}
    (folder / "relay.config.json").write_text(json.dumps(configuration))
    (folder / "persisted_queries.json").write_text("{}")
    run(folder, "node_modules/.bin/relay-compiler")
    return folder / "persisted_queries.json"


def without_typename(value: dict[str, object]) -> dict[str, object]:
    return {name: part for name, part in value.items() if name != "__typename"}


def test_the_configurations_in_readme_are_those_that_ran() -> None:
    text = (PROGRAMS / "README.md").read_text()
    written = re.findall(r"^```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    programs = [path.read_text() for path in PROGRAMS.rglob("*.*") if path.suffix in KINDS]
    assert written
    for configuration in written:
        assert any(configuration in program for program in programs), configuration

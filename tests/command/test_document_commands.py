"""`gateway documents check`, and a gateway that starts with manifests."""

import json
from pathlib import Path

import pytest

from tests.support.processes import run

VALID = """query Orders($first: Int, $lines: Boolean!) {
  salesOrders(first: $first) { nodes { number lines @include(if: $lines) { quantity } } } }"""
CHECKED = """orders
  query Orders: cost 1,301, with the largest pages 5,201
    salesOrders: a page, by arguments 0, of the rows of sales_orders
      nodes: of the same rows
        number: number as String
        lines: the rows of sales_order_lines whose sales_order_id is our id, by sequence
          quantity: quantity as Decimal

1 valid, 0 faulty.
"""
"""A page has 50 rows by default and 200 at most; an order costs 1, and its lines 25."""

FAULTY = {
    "labels": "{ salesOrders(first: 2) { nodes { statusLabel(vocabulary: NAVISION_SCHEMA) } } }",
    "fields": "{ company { gone lost } }",
    "syntax": "{",
    "kind": "subscription { company }",
    "cost": "{ salesOrders(first: 200) { nodes { lines { salesOrder { lines { id } } } } } }",
    "empty": "fragment Name on Company { name }",
}
REPORT = """labels
  query: cost 5
    graphql-core runs this, since statusLabel is computed by Python.

fields
  Fault: Cannot query field 'gone' on type 'Company'.
  Fault: Cannot query field 'lost' on type 'Company'.

syntax
  Fault: Syntax Error: Expected Name, found <EOF>.

kind
  Fault: The subscription operation is not supported by the schema.

cost
  Fault: The operation may cost 135,201, but the limit is 20,000: ask for pages of at most 29.

empty
  Fault: Fragment 'Name' is never used.

1 valid, 5 faulty.
"""


def written(folder: Path, manifest: dict[str, str]) -> str:
    """The name of a file with this manifest."""
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return "manifest.json"


def test_check_prints_the_costs_and_the_plan_of_each_operation(tmp_path: Path) -> None:
    file = written(tmp_path, {"orders": VALID})
    assert run(tmp_path, "documents", "check", file) == (0, CHECKED, "")


def test_check_prints_all_faults_and_ends_with_1(tmp_path: Path) -> None:
    file = written(tmp_path, FAULTY)
    assert run(tmp_path, "documents", "check", file) == (1, REPORT, "")


def test_check_names_a_file_that_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]")
    expected = "list.json: A manifest is a JSON object.\n"
    assert run(tmp_path, "documents", "check", "list.json") == (1, "", expected)


@pytest.mark.parametrize("command", [("documents", "check", "manifest.json"), ("explain", "{ a }")])
def test_a_command_names_a_wrong_url_of_the_database(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    written(tmp_path, {"orders": VALID})
    message = "GATEWAY_DATABASE_URL: it is not a URL such as postgresql://user:password@host/name\n"
    assert run(tmp_path, *command, database_url="orders") == (1, "", message)


def test_a_gateway_without_a_usable_manifest_does_not_start(tmp_path: Path) -> None:
    """A gateway that starts is tested in tests/web/test_trusted_documents.py."""
    missing = (
        "GATEWAY_DOCUMENTS: Set GATEWAY_DOCUMENT_MANIFESTS to the files of trusted documents.\n"
    )
    assert run(tmp_path, "serve", documents="trusted") == (1, "", missing)
    file = written(tmp_path, FAULTY)
    code, output, errors = run(tmp_path, "serve", "--port", "0", document_manifests=file)
    assert (code, output, errors) == (
        1,
        "",
        "GATEWAY_DOCUMENT_MANIFESTS: The trusted document fields cannot run: Cannot query field 'gone' on"
        " type 'Company'. `gateway documents check` prints all faults.\n",
    )

"""Companies: listed, created and renamed, by commands and in GraphQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import Settings
from gateway.storage.companies import set_up
from tests.support.databases import Templates
from tests.support.processes import run
from tests.support.requests import execute
from tests.support.served import Client, serving, statements

LIST = "{ companies { name currencyCode } }"
CREATE = """mutation ($name: String!, $currency: String!, $dryRun: Boolean!) {
  it: createCompany(name: $name, currency: $currency, dryRun: $dryRun) {
    company { id name currencyCode } userErrors { code path } } }"""
SETTING = "refuseDuplicateExternalDocumentNumbers"
UPDATE = f"""mutation ($id: ID!, $refuse: Boolean!, $dryRun: Boolean!) {{
  it: updateCompany(id: $id, {SETTING}: $refuse, dryRun: $dryRun) {{
    company {{ {SETTING} }} userErrors {{ code path }} }} }}"""
RENAME = """mutation ($id: ID!, $name: String!) {
  it: renameCompany(id: $id, name: $name) { company { name } userErrors { code path } } }"""


@pytest.fixture
def url(templates: Templates) -> str:
    """A database as `gateway migrate` makes it."""
    return templates.copy("set_up", set_up)


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with serving(Settings(database_url=url)) as result:
        yield result


def names(client: Client) -> list[str]:
    with statements() as seen:
        result = client.ask(LIST)["companies"]
    assert len(seen) <= 1, "the list takes one statement"
    return [each["name"] for each in result]


def create(client: Client, name: str, currency: str = "USD", *, dry_run: bool = False) -> Any:
    return client.ask(CREATE, name=name, currency=currency, dryRun=dry_run)["it"]


def test_the_first_company_replaces_that_of_a_new_database(client: Client) -> None:
    """Later companies come beside it."""
    assert names(client) == ["My Company"]
    assert create(client, "Alpine", dry_run=True)["company"]["id"].startswith("preview:")
    assert names(client) == ["My Company"]
    assert create(client, "Alpine")["userErrors"] == []
    assert names(client) == ["Alpine"]
    assert client.ask("{ company { name currency { code } } }") == {
        "company": {"name": "Alpine", "currency": {"code": "USD"}}
    }
    create(client, "Zenith")
    assert names(client) == ["Alpine", "Zenith"]


@pytest.mark.parametrize(
    "written",
    [
        "UPDATE number_series SET last_number = 1",
        "UPDATE companies SET name = 'Ours'",
        "INSERT INTO number_series (company_id, id, code, prefix, digits, last_number)"
        " SELECT id, id, 'OTHERS', 'X-', 6, 0 FROM companies",
    ],
)
def test_a_used_company_is_not_replaced(client: Client, url: str, written: str) -> None:
    execute(url, written)
    [before] = names(client)
    assert create(client, "Zenith")["userErrors"] == []
    assert names(client) == [before, "Zenith"]


def test_a_company_that_breaks_a_rule_is_refused_with_its_argument(client: Client) -> None:
    create(client, "Alpine")
    for name, currency, code, path in [
        ("Alpine", "EUR", "DUPLICATE", "name"),
        (" ", "EUR", "INVALID", "name"),
        ("Zenith", "XYZ", "INVALID", "currency"),
    ]:
        refused = create(client, name, currency)
        assert refused == {"company": None, "userErrors": [{"code": code, "path": [path]}]}


def test_a_company_is_renamed_to_a_name_that_is_free(client: Client) -> None:
    key = create(client, "Alpine")["company"]["id"]
    create(client, "Zenith")
    for name, errors in [
        ("Zenith", [{"code": "DUPLICATE", "path": ["name"]}]),
        ("", [{"code": "INVALID", "path": ["name"]}]),
        ("Alpine", []),
        ("Alps", []),
    ]:
        assert client.ask(RENAME, id=key, name=name)["it"]["userErrors"] == errors
    assert names(client) == ["Alps", "Zenith"]
    missing = client.ask(RENAME, id="nowhere", name="X")["it"]
    assert missing == {"company": None, "userErrors": [{"code": "NOT_FOUND", "path": ["id"]}]}


def test_a_company_may_refuse_duplicate_external_document_numbers(client: Client) -> None:
    """A dry run answers with the setting and does not store it."""
    key = create(client, "Alpine")["company"]["id"]
    for refuse, dry_run, stored in [
        (True, True, False),
        (True, False, True),
        (False, True, True),
        (False, False, False),
    ]:
        answer = client.ask(UPDATE, id=key, refuse=refuse, dryRun=dry_run)["it"]
        assert answer == {"company": {SETTING: refuse}, "userErrors": []}
        assert client.ask(f"{{ company {{ {SETTING} }} companies {{ {SETTING} }} }}") == {
            "company": {SETTING: stored},
            "companies": [{SETTING: stored}],
        }
    missing = client.ask(UPDATE, id="nowhere", refuse=True, dryRun=False)["it"]
    assert missing == {"company": None, "userErrors": [{"code": "NOT_FOUND", "path": ["id"]}]}


def test_only_one_of_simultaneous_companies_with_the_same_name_is_created(client: Client) -> None:
    create(client, "Alpine")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: create(client, "Zenith"), range(4)))
    refused = [each["userErrors"] for each in answers if each["company"] is None]
    assert refused == [[{"code": "DUPLICATE", "path": ["name"]}]] * 3
    assert names(client) == ["Alpine", "Zenith"]


def test_the_commands_create_list_update_and_rename(tmp_path: Path, url: str) -> None:
    def company(*arguments: str) -> tuple[int, str, str]:
        return run(tmp_path, "company", *arguments, database_url=url)

    assert company("create", "Alpine", "--currency", "CHF")[0] == 0
    assert company("update", "Alpine", "--refuse-duplicate-external-document-numbers") == (
        0,
        "Company 'Alpine' refuses duplicate external document numbers.\n",
        "",
    )
    assert company("update", "Alpine", "--allow-duplicate-external-document-numbers")[0] == 0
    assert company("rename", "Alpine", "Alps") == (0, "Company 'Alpine' is now 'Alps'.\n", "")
    code, listed, _ = company("list")
    assert (code, listed.split("\t")[:2]) == (0, ["Alps", "CHF"])
    code, _, complaint = company("rename", "Alpine", "X")
    assert (code, complaint) == (
        1,
        "COMPANY_NOT_FOUND: There is no company 'Alpine'. Name one of these: 'Alps'.\n",
    )

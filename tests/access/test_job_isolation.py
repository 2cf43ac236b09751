"""Import jobs, uploads and exports, for callers from outside: they learn and change nothing."""

import asyncio
import codecs
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from graphql import get_named_type
from sqlalchemy.pool import NullPool

from gateway.access.keys import KeyRequest, create_key, revoke_keys, rotate_key
from gateway.access.scopes import AccessScope
from gateway.exchange.exports.export_request import FORMATS_OF
from gateway.exchange.mappings.reference_columns import Dataset
from gateway.settings import Settings
from gateway.storage.companies import customer_ids, list_companies
from gateway.storage.database import Database
from tests.support.databases import Templates
from tests.support.other_company import OTHER, load_other
from tests.support.requests import dump
from tests.support.root_fields import FIELDS
from tests.support.served import Client, serving, wait_until
from tests.support.world import COMPANY, load_world

MISSING = "00000000-0000-4000-8000-000000000000"
NO_UPLOAD = "0" * 32
ROWS = (
    b'{"number": "OK", "customerNumber": "WITH-TAX"}\n{"number": "BAD", "customerNumber": "NOBODY"}'
)

JOB = """query ($id: ID!) { importJob(id: $id) { status finishedDateTime headersCreated headersFailed
  problems { nodes { code message } } } }"""
OPERATIONS = (
    JOB,
    "query ($id: ID!) { node(id: $id) { id } }",
    "query ($id: ID!) { nodes(ids: [$id]) { id } }",
    "mutation ($id: ID!) { cancelImportJob(id: $id) { importJob { id } userErrors { code message path } } }",
    "mutation ($id: ID!) { retryImportJob(id: $id) { importJob { id } userErrors { code message path } } }",
)
FILES = ("refused", "results")
PART = {"Content-Type": "application/partial-upload", "Upload-Complete": "?1", "Upload-Offset": "4"}

OUTSIDERS = ("foreign company", "foreign customer")
"""Callers with every scope except admin."""

REFUSED = {"without scope": 403, "revoked": 401, "expired": 401}
"""The status of other callers of the same company, at each path."""


@dataclass(frozen=True)
class Gate:
    """World and Other with a finished import job and an unfinished upload of World, whose rows have
    customers outside of `foreign customer`."""

    url: str
    client: Client
    keys: dict[str, str]
    job: str
    upload: str

    def headers(self, who: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[who]}"}

    def get(self, who: str, path: str, **headers: str) -> httpx2.Response:
        return self.client.http.get(self.client.url + path, headers=self.headers(who) | headers)

    def state(self) -> Any:
        """All that outsiders must not change: stored rows, the files of the job, and the upload."""
        upload = self.client.http.head(self.client.url + self.upload, headers=self.headers("owner"))
        files = [self.get("owner", f"/imports/{self.job}/{name}").text for name in FILES]
        rows = {name: rows for name, rows in dump(self.url).items() if name != "api_keys"}
        return files, upload.headers["Upload-Offset"], rows


async def make_keys(url: str) -> dict[str, str]:
    database = Database(url, poolclass=NullPool)
    company = {each.name: frozenset({each.id}) for each in await list_companies(database)}
    customers = await customer_ids(database, next(iter(company[COMPANY])), ["C1"])
    most = frozenset(AccessScope) - {AccessScope.ADMIN}
    ours, lesser = company[COMPANY], frozenset({AccessScope.ORDERS_READ})
    requests = (
        KeyRequest("owner", most, ours),
        KeyRequest("foreign company", most, company[OTHER]),
        KeyRequest("foreign customer", most, ours, frozenset(customers.values())),
        KeyRequest("without scope", lesser, ours),
        KeyRequest("revoked", most, ours),
        KeyRequest("expired", most, ours),
    )
    keys = {each.name: (await create_key(database, each))[1] for each in requests}
    await revoke_keys(database, "revoked")
    await rotate_key(database, "expired", overlap=dt.timedelta(0))
    await database.dispose()
    return keys


def begun(client: Client, key: str) -> tuple[str, str]:
    """The id of a finished job with a refused row, and the path of an upload that has 4 bytes."""
    headers = {"authorization": f"Bearer {key}"}
    sent = client.http.post(
        f"{client.url}/imports?name=salesOrders.jsonl", content=ROWS, headers=headers
    )
    job = str(sent.json()["id"])

    def has_ended() -> bool:
        answer = client.send(JOB, headers, id=job)
        return answer["data"]["importJob"]["finishedDateTime"] is not None

    wait_until(has_ended)
    part = client.http.post(
        f"{client.url}/imports?name=units.csv",
        content=b"code",
        headers=headers | {"Upload-Complete": "?0"},
    )
    return job, part.headers["Location"]


@pytest.fixture(scope="module")
def gate(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    url = templates.copy("world", load_world)
    asyncio.run(load_other(url))
    keys = asyncio.run(make_keys(url))
    folder = str(tmp_path_factory.mktemp("uploads"))
    settings = Settings(database_url=url, auth="required", import_folder=folder)
    with serving(settings) as client:
        yield Gate(url, client, keys, *begun(client, keys["owner"]))


@pytest.fixture(autouse=True)
def unchanged(gate: Gate) -> Iterator[None]:
    """Assert that the test changes nothing."""
    before = gate.state()
    yield
    assert gate.state() == before


def test_every_root_field_with_a_job_has_an_entry() -> None:
    kinds = {"ImportJob", "ImportJobPayload", "Node"}
    fields = {name for _, name, field in FIELDS if get_named_type(field.type).name in kinds}
    assert fields == {re.findall(r"{ (\w+)\(", query)[0] for query in OPERATIONS}


@pytest.mark.parametrize("who", OUTSIDERS)
def test_the_job_of_another_looks_like_a_missing_one(gate: Gate, who: str) -> None:
    for query in OPERATIONS:
        for _ in range(2):
            answers = [
                gate.client.send(query, gate.headers(who), id=key) for key in (gate.job, MISSING)
            ]
            assert "errors" not in answers[0]
            assert answers[0] == answers[1]
    listed = gate.client.send("{ importJobs { totalCount } }", gate.headers(who))
    assert listed == {"data": {"importJobs": {"totalCount": 0}}}


@pytest.mark.parametrize("who", OUTSIDERS)
@pytest.mark.parametrize("name", FILES)
def test_the_files_of_the_job_of_another_look_like_missing_ones(
    gate: Gate, who: str, name: str
) -> None:
    answers = [gate.get(who, f"/imports/{key}/{name}") for key in (gate.job, MISSING)]
    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].text.replace(gate.job, MISSING) == answers[1].text


@pytest.mark.parametrize("who", OUTSIDERS)
@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_the_upload_of_another_looks_like_a_missing_one(gate: Gate, who: str, method: str) -> None:
    answers = [
        gate.client.http.request(
            method, gate.client.url + path, content=b",x", headers=gate.headers(who) | PART
        )
        for path in (gate.upload, f"/imports/uploads/{NO_UPLOAD}")
    ]
    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize("who", REFUSED)
def test_a_caller_without_the_scope_or_a_valid_key_reaches_no_job(gate: Gate, who: str) -> None:
    paths = [("GET", f"/imports/{gate.job}/{name}") for name in FILES]
    paths += [(method, gate.upload) for method in ("HEAD", "PATCH", "DELETE")]
    paths += [("POST", "/imports?name=units.csv"), ("GET", "/exports")]
    for method, path in paths:
        answer = gate.client.http.request(
            method, gate.client.url + path, headers=gate.headers(who) | PART, content=b"code"
        )
        assert answer.status_code == REFUSED[who], (method, path)
    for query in OPERATIONS:
        if query.startswith("mutation") or who != "without scope":
            answer = gate.client.send(query, gate.headers(who), id=gate.job)
            code = "FORBIDDEN" if who == "without scope" else "UNAUTHENTICATED"
            assert [each["extensions"]["code"] for each in answer["errors"]] == [code]


def test_a_foreign_company_cannot_be_named(gate: Gate) -> None:
    """The response is that for a missing company."""
    paths = [f"/imports/{gate.job}/{name}" for name in FILES]
    paths += [f"/exports?what={what}" for what in Dataset]
    for path in paths:
        answers = [gate.get("foreign company", path, company=name) for name in (COMPANY, "Nobody")]
        assert [each.status_code for each in answers] == [404, 404]
        assert answers[0].text.replace(COMPANY, "Nobody") == answers[1].text
    for name in (COMPANY, "Nobody"):
        headers = gate.headers("foreign company") | {"company": name}
        url = f"{gate.client.url}/imports?name=salesOrders.jsonl"
        assert gate.client.http.post(url, content=ROWS, headers=headers).status_code == 404


EXPORTS = [(what, "jsonl") for what in Dataset]
EXPORTS += [(Dataset.ORDERS, name) for name in FORMATS_OF[Dataset.ORDERS]]
HIDDEN = {
    "foreign company": ("First Customer", "Item I0001", "WITH-TAX"),
    "foreign customer": ("Consumer", "Daughter Ltd", "WITH-TAX"),
}
"""What no export of a caller may contain, though that of the owner does."""


def text_of(file: bytes) -> str:
    """The text of a file, or of all files in a package or workbook. Packages have files in UTF-16."""
    if file.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(file)) as packed:
            return "".join(text_of(packed.read(name)) for name in packed.namelist())
    return file.decode("utf-16" if file.startswith(codecs.BOM_UTF16_LE) else "utf-8")


def exported(gate: Gate, who: str, what: str, name: str) -> str:
    response = gate.get(who, f"/exports?what={what}&format={name}")
    assert response.status_code == 200, response.text
    return text_of(response.content)


@pytest.mark.parametrize("who", OUTSIDERS)
def test_no_export_has_records_from_outside(gate: Gate, who: str) -> None:
    whole = exported(gate, "owner", "everything", "jsonl")
    assert [text for text in HIDDEN[who] if text not in whole] == []
    for name in FORMATS_OF[Dataset.ORDERS]:
        assert "WITH-TAX" in exported(gate, "owner", "orders", name)
    for what, name in EXPORTS:
        found = exported(gate, who, what, name)
        assert [text for text in HIDDEN[who] if text in found] == [], (what, name)

"""Import jobs as clients see them: lists, cancellations, retries, and simultaneous jobs."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.exchange.formats.import_options import DateOrder, ImportOptions, LinesOption
from gateway.exchange.imports.import_request import ImportRequest, fingerprint_files
from gateway.storage.companies import create_company
from gateway.storage.database import Database
from tests.support.databases import Templates
from tests.support.importing import (
    JOB,
    Client,
    Fields,
    ended,
    findings,
    gate,
    head,
    line,
    order,
    orders,
    post,
    table,
    upload,
    written,
)
from tests.support.requests import execute
from tests.support.served import wait_until
from tests.support.world import load_world

CANCEL = (
    "mutation ($id: ID!) { cancelImportJob(id: $id) { importJob { status } userErrors { code } } }"
)
RETRY = (
    "mutation ($id: ID!) { retryImportJob(id: $id) { importJob { status } userErrors { code } } }"
)
GOOD = orders([head("A")], [line("A")])


@pytest.fixture
def client(world_url: str, tmp_path: Path) -> Iterator[Client]:
    """The gateway over the world."""
    with gate(world_url, tmp_path) as client:
        yield client


def test_problems_are_paged_in_the_order_of_their_discovery(client: Client) -> None:
    lines = [line(f"X{place}") for place in range(7)]
    job = upload(client, orders([], lines))
    assert job.status == "FAILED"
    assert findings(client, job.fields["id"], page=3) == job.findings
    assert [problem["orderNumber"] for problem in job.refused] == [f"X{n}" for n in range(7)]


def test_jobs_are_listed_latest_first(client: Client) -> None:
    first, second = (upload(client, orders([head(number)], [])) for number in "AB")
    listed = client.ask("{ importJobs { totalCount nodes { id status } } }")["importJobs"]
    assert listed == {
        "totalCount": 2,
        "nodes": [{"id": job.fields["id"], "status": "SUCCEEDED"} for job in (second, first)],
    }


def test_a_retry_after_the_missing_customer_is_imported_completes_the_job(client: Client) -> None:
    files = orders(
        [head("A"), head("B", ORDERINGCUSTOMERACCOUNTNUMBER="LATE")],
        [line("A"), line("B"), line("B", 2)],
    )
    job = upload(client, files)
    key = job.fields["id"]
    assert job.refusals("code", "orderNumber") == [("NOT_FOUND", "B")]
    upload(client, {"customers.csv": table([{"number": "LATE", "displayName": "Late"}])})
    answers = [client.send(RETRY, {"idempotency-key": "retry"}, id=key) for _ in "ab"]
    assert answers[0] == answers[1]
    assert answers[0]["data"]["retryImportJob"]["userErrors"] == []
    again = ended(client, key)
    assert (again.status, again.findings) == ("SUCCEEDED", [])
    assert again.counts == {"headersCreated": 2, "linesCreated": 3}
    assert (again.fields["rowsStaged"], again.fields["rowsDone"]) == (3, 3)
    assert len(order(client, "B")["lines"]) == 2


def test_a_successful_or_missing_job_can_be_neither_retried_nor_cancelled(
    client: Client,
) -> None:
    done = upload(client, GOOD).fields["id"]
    for document, name in ((RETRY, "retryImportJob"), (CANCEL, "cancelImportJob")):
        assert client.ask(document, id=done)[name] == {
            "importJob": None,
            "userErrors": [{"code": "WRONG_STATUS"}],
        }
        for missing in ("no guid", "11111111-1111-4111-8111-111111111111"):
            assert client.ask(document, id=missing)[name]["userErrors"] == [{"code": "NOT_FOUND"}]


NAMED = ("a.csv", "b.csv")
BASE = (NAMED, ImportOptions(), ImportRequest())


@pytest.mark.parametrize(
    "otherwise",
    [
        (("b.csv", "a.csv"), ImportOptions(), ImportRequest()),
        (("a.csv", "c.csv"), ImportOptions(), ImportRequest()),
        (NAMED, ImportOptions(encoding="cp1252"), ImportRequest()),
        (NAMED, ImportOptions(separator=";"), ImportRequest()),
        (NAMED, ImportOptions(dates=DateOrder.DMY), ImportRequest()),
        (NAMED, ImportOptions(lines=LinesOption.REPLACE), ImportRequest()),
        (NAMED, ImportOptions(), ImportRequest(dry_run=True)),
    ],
    ids=["order", "name", "encoding", "separator", "dates", "lines", "dry run"],
)
def test_the_same_content_with_other_names_or_options_is_another_job(
    tmp_path: Path, otherwise: tuple[tuple[str, ...], ImportOptions, ImportRequest]
) -> None:
    def fingerprint(names: tuple[str, ...], options: ImportOptions, request: ImportRequest) -> str:
        paths = written(tmp_path, dict.fromkeys(names, b"same"))
        return fingerprint_files(paths, options, request)

    assert fingerprint(*BASE) == fingerprint(*BASE)
    assert fingerprint(*otherwise) != fingerprint(*BASE)


def many(prefix: str, count: int) -> dict[str, bytes]:
    names = [f"{prefix}{place:04}" for place in range(count)]
    return orders([head(name) for name in names], [line(name) for name in names])


@pytest.mark.parametrize("query", [{}, {"policy": "atomic"}], ids=["per order", "atomic"])
def test_a_cancelled_job_stops_between_orders_and_a_retry_completes_it(
    client: Client, world_url: str, query: dict[str, str]
) -> None:
    key = post(client, many("A", 700), **query).json()["id"]
    wait_until(lambda: client.ask(JOB, id=key)["importJob"]["status"] == "APPLYING")
    assert client.ask(CANCEL, id=key)["cancelImportJob"]["importJob"] == {"status": "CANCELLED"}
    stopped = ended(client, key)
    assert stopped.status == "CANCELLED"
    [[lines], [count]] = execute(
        world_url, "SELECT COUNT(*) FROM sales_order_lines", "SELECT COUNT(*) FROM sales_orders"
    )
    assert lines == count
    if query:
        assert count == "(0,)"
    wait_until(lambda: client.ask(RETRY, id=key)["retryImportJob"]["userErrors"] == [])
    again = ended(client, key)
    assert (again.status, again.findings) == ("SUCCEEDED", [])
    assert again.counts == {"headersCreated": 700, "linesCreated": 700}


def test_a_job_that_is_cancelled_and_retried_while_it_waits_runs_in_its_turn(
    client: Client,
) -> None:
    """A cancellation stops only the runs that were requested before it."""
    waiting = upload(client, orders([], [line("A0000")]), policy="atomic")
    assert waiting.status == "FAILED"
    ahead = post(client, many("A", 300)).json()["id"]
    for document in (RETRY, CANCEL, RETRY):
        [answer] = client.ask(document, id=waiting.fields["id"]).values()
        assert answer["userErrors"] == []
    assert client.ask(JOB, id=ahead)["importJob"]["finishedDateTime"] is None
    assert ended(client, ahead).status == "SUCCEEDED"
    assert ended(client, waiting.fields["id"]).status == "SUCCEEDED"


def test_a_job_continues_if_its_cancellation_exceeds_the_deadline(
    world_url: str, backend: str, tmp_path: Path
) -> None:
    """The job works in a single transaction, so it was stopped before the deadline."""
    if backend == "sqlite":
        pytest.skip("SQLite cannot lock a row")
    with gate(world_url, tmp_path, deadline=1) as client:
        waiting = upload(client, orders([], [line("A0000")]), policy="atomic").fields["id"]
        ahead = post(client, many("A", 300)).json()["id"]
        assert client.ask(RETRY, id=waiting)["retryImportJob"]["userErrors"] == []
        row = f"SELECT id FROM import_jobs WHERE id = '{waiting}' FOR UPDATE"
        lock = threading.Thread(target=execute, args=(world_url, row, "SELECT pg_sleep(4)"))
        lock.start()
        time.sleep(1)
        [error] = client.send(CANCEL, id=waiting)["errors"]
        assert error["extensions"]["code"] == "OVERLOADED"
        lock.join()
        assert ended(client, ahead).status == "SUCCEEDED"
        assert ended(client, waiting).status == "SUCCEEDED"


async def load_two(database: Database) -> None:
    """The world and a second company."""
    await load_world(database)
    await create_company(database, "Käse & Co", "EUR")


def test_a_job_belongs_to_the_company_in_the_header(templates: Templates, tmp_path: Path) -> None:
    with gate(templates.copy("two", load_two), tmp_path) as client:
        assert post(client, GOOD).status_code == 404
        assert post(client, GOOD, {"company": "Nobody"}).json()["code"] == "COMPANY_NOT_FOUND"
        other = {"company": "Käse & Co".encode()}
        own = {"company": b"World"}
        key = post(client, orders([], [line("A")]), own).json()["id"]  # type: ignore[arg-type]
        names = {
            name: value["company"].decode() for name, value in (("own", own), ("other", other))
        }
        wait_until(
            lambda: ask_company(client, JOB, key, names["own"])["importJob"]["finishedDateTime"]
        )
        assert ask_company(client, JOB, key, names["other"])["importJob"] is None
        for document, name in ((RETRY, "retryImportJob"), (CANCEL, "cancelImportJob")):
            answer = ask_company(client, document, key, names["other"])[name]
            assert answer["userErrors"] == [{"code": "NOT_FOUND"}]
        report = f"{client.url}/imports/{key}/refused"
        assert client.http.get(report, headers=other).status_code == 404
        assert client.http.get(report, headers=own).status_code == 200


def ask_company(client: Client, document: str, key: str, company: str) -> Fields:
    answer = client.send(document, {"company": company.encode()}, id=key)  # type: ignore[dict-item]
    return dict(answer["data"])


def test_simultaneous_uploads_all_end_and_identical_files_share_one_job(
    client: Client, world_url: str
) -> None:
    """They wait for a running job, so none of them ends before the last upload."""
    ahead = post(client, many("C", 300)).json()["id"]
    sets = [many("A", 60)] * 12 + [many("B", 60)]
    keys: list[str] = []
    threads = [
        threading.Thread(target=lambda files=files: keys.append(post(client, files).json()["id"]))
        for files in sets
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.ask(JOB, id=ahead)["importJob"]["finishedDateTime"] is None
    assert {ended(client, key).status for key in keys} == {"SUCCEEDED"}
    assert (len(keys), len(set(keys))) == (len(sets), 2)
    [result] = execute(world_url, "SELECT number FROM sales_orders WHERE number < 'C'")
    assert result == [f"('{prefix}{place:04}',)" for prefix in "AB" for place in range(60)]
    assert len(order(client, "A0000")["lines"]) == 1

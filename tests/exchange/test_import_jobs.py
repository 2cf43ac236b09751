"""Import jobs as clients see them: told, cancelled, tried again, side by side."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.exchange.formats.sheets import Reading
from gateway.exchange.imports.importer import Request as Wishes
from gateway.exchange.imports.importer import fingerprint_of
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


def test_problems_come_in_pages_in_the_order_of_the_work(client: Client) -> None:
    lines = [line(f"X{place}") for place in range(7)]
    job = upload(client, orders([], lines))
    assert job.status == "FAILED"
    assert findings(client, job.fields["id"], page=3) == job.findings
    assert [problem["orderNumber"] for problem in job.refused] == [f"X{n}" for n in range(7)]


def test_jobs_are_listed_the_latest_first(client: Client) -> None:
    first, second = (upload(client, orders([head(number)], [])) for number in "AB")
    listed = client.ask("{ importJobs { totalCount nodes { id status } } }")["importJobs"]
    assert listed == {
        "totalCount": 2,
        "nodes": [{"id": job.fields["id"], "status": "SUCCEEDED"} for job in (second, first)],
    }


def test_a_retry_after_the_missing_customer_came_completes_the_load(client: Client) -> None:
    files = orders(
        [head("A"), head("B", ORDERINGCUSTOMERACCOUNTNUMBER="LATE")],
        [line("A"), line("B"), line("B", 2)],
    )
    job = upload(client, files)
    key = job.fields["id"]
    assert job.told("code", "orderNumber") == [("NOT_FOUND", "B")]
    upload(client, {"customers.csv": table([{"number": "LATE", "displayName": "Late"}])})
    answer = client.ask(RETRY, id=key)["retryImportJob"]
    assert answer["userErrors"] == []
    again = ended(client, key)
    assert (again.status, again.findings) == ("SUCCEEDED", [])
    assert again.counts == {"headersCreated": 2, "linesCreated": 3}
    assert (again.fields["rowsStaged"], again.fields["rowsDone"]) == (3, 3)
    assert len(order(client, "B")["lines"]) == 2


def test_only_a_job_that_has_left_something_is_tried_again_and_only_a_running_one_cancelled(
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
ASKED = (NAMED, Reading(), Wishes())


@pytest.mark.parametrize(
    "otherwise",
    [
        (("b.csv", "a.csv"), Reading(), Wishes()),
        (("a.csv", "c.csv"), Reading(), Wishes()),
        (NAMED, Reading(encoding="cp1252"), Wishes()),
        (NAMED, Reading(separator=";"), Wishes()),
        (NAMED, Reading(), Wishes(dry_run=True)),
    ],
    ids=["order", "name", "encoding", "separator", "wishes"],
)
def test_the_same_bytes_asked_for_otherwise_are_another_job(
    tmp_path: Path, otherwise: tuple[tuple[str, ...], Reading, Wishes]
) -> None:
    def fingerprint(names: tuple[str, ...], reading: Reading, wishes: Wishes) -> str:
        paths = written(tmp_path, dict.fromkeys(names, b"same"))
        return fingerprint_of(paths, reading, wishes)

    assert fingerprint(*ASKED) == fingerprint(*ASKED)
    assert fingerprint(*otherwise) != fingerprint(*ASKED)


def many(prefix: str, count: int) -> dict[str, bytes]:
    names = [f"{prefix}{place:04}" for place in range(count)]
    return orders([head(name) for name in names], [line(name) for name in names])


@pytest.mark.parametrize("query", [{}, {"policy": "atomic"}], ids=["per order", "atomic"])
def test_a_cancelled_job_stops_between_orders_and_a_retry_ends_it(
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


def test_a_job_cancelled_before_its_turn_and_tried_again_runs_in_its_turn(client: Client) -> None:
    """What is asked for in between stops only what was asked for before it."""
    waiting = upload(client, orders([], [line("A0000")]), policy="atomic")
    assert waiting.status == "FAILED"
    ahead = post(client, many("A", 300)).json()["id"]
    for document in (RETRY, CANCEL, RETRY):
        [answer] = client.ask(document, id=waiting.fields["id"]).values()
        assert answer["userErrors"] == []
    assert client.ask(JOB, id=ahead)["importJob"]["finishedDateTime"] is None
    assert ended(client, ahead).status == "SUCCEEDED"
    assert ended(client, waiting.fields["id"]).status == "SUCCEEDED"


def test_a_job_that_is_not_cancelled_by_the_deadline_goes_on(
    world_url: str, backend: str, tmp_path: Path
) -> None:
    """Though it was told to stop, as it works in one transaction."""
    if backend == "sqlite":
        pytest.skip("nobody can lock a row of SQLite")
    with gate(world_url, tmp_path, deadline=1) as client:
        waiting = upload(client, orders([], [line("A0000")]), policy="atomic").fields["id"]
        ahead = post(client, many("A", 300)).json()["id"]
        assert client.ask(RETRY, id=waiting)["retryImportJob"]["userErrors"] == []
        row = f"SELECT id FROM import_jobs WHERE id = '{waiting}' FOR UPDATE"
        lock = threading.Thread(target=execute, args=(world_url, row, "SELECT pg_sleep(4)"))
        lock.start()
        time.sleep(1)
        [error] = client.send(CANCEL, id=waiting)["errors"]
        assert error["extensions"]["code"] == "DEADLINE_EXCEEDED"
        lock.join()
        assert ended(client, ahead).status == "SUCCEEDED"
        assert ended(client, waiting).status == "SUCCEEDED"


async def load_two(database: Database) -> None:
    """The world, and a company beside it."""
    await load_world(database)
    await create_company(database, "Käse & Co", "EUR")


def test_a_job_is_of_one_company_which_the_header_names(
    templates: Templates, tmp_path: Path
) -> None:
    with gate(templates.copy("two", load_two), tmp_path) as client:
        assert post(client, GOOD).status_code == 404
        assert post(client, GOOD, {"company": "Nobody"}).json()["code"] == "NOT_FOUND"
        other = {"company": "Käse & Co".encode()}
        own = {"company": b"World"}
        key = post(client, orders([], [line("A")]), own).json()["id"]  # type: ignore[arg-type]
        names = {
            name: value["company"].decode() for name, value in (("own", own), ("other", other))
        }
        wait_until(lambda: told(client, JOB, key, names["own"])["importJob"]["finishedDateTime"])
        assert told(client, JOB, key, names["other"])["importJob"] is None
        for document, name in ((RETRY, "retryImportJob"), (CANCEL, "cancelImportJob")):
            answer = told(client, document, key, names["other"])[name]
            assert answer["userErrors"] == [{"code": "NOT_FOUND"}]
        report = f"{client.url}/imports/{key}/refused"
        assert client.http.get(report, headers=other).status_code == 404
        assert client.http.get(report, headers=own).status_code == 200


def told(client: Client, document: str, key: str, company: str) -> Fields:
    answer = client.send(document, {"company": company.encode()}, id=key)  # type: ignore[dict-item]
    return dict(answer["data"])


def test_jobs_that_come_at_once_all_end_and_the_same_files_make_one_job(
    client: Client, world_url: str
) -> None:
    """They wait for one that runs, so none of them ends before the last has come."""
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
    [found] = execute(world_url, "SELECT number FROM sales_orders WHERE number < 'C'")
    assert found == [f"('{prefix}{place:04}',)" for prefix in "AB" for place in range(60)]
    assert len(order(client, "A0000")["lines"]) == 1

"""More requests than connections: each of them is answered OVERLOADED, and none is an incident."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.settings import Settings
from tests.support.plans import sent
from tests.support.requests import execute, make_tax_codes_slow
from tests.support.served import connected, serving, statements, wait_until

SLOW = "{ taxCodes { nodes { code } } }"
CREATE = (
    'mutation { createSalesOrder(input: {customer: {number: "C1"}}) { salesOrder { number } } }'
)
READ = "{ items { totalCount } customers { totalCount } company { name } }"
END_OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
COUNT_OTHERS = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
TOLD = "The gateway is overloaded; try again in a moment."


def end_others(url: str) -> None:
    """End all connections to a PostgreSQL, and wait until their ends have come through."""
    execute(url, END_OTHERS)
    wait_until(lambda: execute(url, COUNT_OTHERS) == [["(0,)"]])
    time.sleep(0.2)


def test_a_request_that_gets_no_connection_is_overloaded(
    world_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    make_tax_codes_slow(world_url)
    with (
        serving(Settings(database_url=world_url, pool_size=1)) as client,
        ThreadPoolExecutor(2) as pool,
    ):
        with statements() as seen, connected(client, SLOW):
            wait_until(lambda: any("tax_codes" in statement for statement in seen))
            begun = [pool.submit(client.send, operation) for operation in (READ, CREATE)]
            unready = client.http.get(client.url + "/readyz")
            answers = [answer.result() for answer in begun]
        assert client.ask("{ company { name } }") == {"company": {"name": "World"}}
        assert client.http.get(client.url + "/readyz").status_code == 200
    for answer in answers:
        assert {error["message"] for error in answer["errors"]} == {TOLD}
        codes = [error["extensions"] for error in answer["errors"]]
        assert codes == [{"code": "OVERLOADED"}] * len(codes)
    reason = "The database does not answer within 2 seconds.\n"
    assert (unready.status_code, unready.text) == (503, reason)
    assert caplog.text == ""


def test_the_only_connection_is_passed_between_plans_and_other_users(world_url: str) -> None:
    with serving(Settings(database_url=world_url, pool_size=1, debug=True)) as client:
        for _ in range(2):
            for _ in range(3):
                way, answer = sent(client, READ)
            assert way == "plan"
            assert client.http.get(client.url + "/readyz").status_code == 200
            assert client.ask(CREATE)["createSalesOrder"]["salesOrder"]
            assert sent(client, READ) == ("plan", answer)


def test_plans_and_changes_recover_when_the_database_ends_all_connections(
    world_url: str,
) -> None:
    if world_url.startswith("sqlite"):
        pytest.skip("SQLite is a file and ends no connections")
    with serving(Settings(database_url=world_url, debug=True)) as client:
        for _ in range(3):
            way, answer = sent(client, READ)
        assert way == "plan"
        for _ in range(2):
            end_others(world_url)
            assert client.ask(CREATE)["createSalesOrder"]["salesOrder"]
            end_others(world_url)
            assert sent(client, READ) == ("plan", answer)

"""A full disk: reads go on, changes are refused with a code, and are accepted again once there is room."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.requests import execute
from tests.support.served import Client, serving
from tests.support.world import load_world

CREATE = """mutation { createSalesOrder(input: {customer: {number: "C1"}}) {
  salesOrder { number } userErrors { code } } }"""
COUNT = "{ salesOrders { totalCount } }"
FULL = {
    "message": "The database cannot store changes now: its disk is full.",
    "code": "NOT_WRITABLE",
}

FAIL = """CREATE FUNCTION fail() RETURNS trigger AS
  'BEGIN RAISE EXCEPTION ''could not extend file'' USING ERRCODE = ''disk_full''; END' LANGUAGE plpgsql"""
FAIL_AT_INSERT = """CREATE TRIGGER full_disk BEFORE INSERT ON sales_orders
  FOR EACH ROW EXECUTE FUNCTION fail()"""
ROOM = "DROP TRIGGER full_disk ON sales_orders"


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of a few megabytes, which only root can mount."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder],
        check=False,
        capture_output=True,
    )
    if mounted.returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> None:
    descriptor = os.open(folder / "rest", os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while True:
            os.write(descriptor, bytes(4096))
    os.close(descriptor)


def check(
    client: Client, fill_up: Callable[[], object], make_room: Callable[[], object], state: str
) -> None:
    """This holds whether graphql-core or a plan runs the operations; `state` is what the readiness check
    says while the disk is full."""
    readiness = client.url + "/readyz"
    for stored in range(1, 4):
        assert client.ask(CREATE)["createSalesOrder"]["userErrors"] == []
        assert client.http.get(readiness).text == "ok\n"
        fill_up()
        for _ in range(2):
            [error] = client.send(CREATE)["errors"]
            assert {"message": error["message"], **error["extensions"]} == FULL
            assert client.ask(COUNT) == {"salesOrders": {"totalCount": stored}}
        ready = client.http.get(readiness)
        assert (ready.status_code, ready.text) == (200, state)
        make_room()
    assert client.http.get(readiness).text == "ok\n"
    assert client.ask(CREATE)["createSalesOrder"]["salesOrder"] == {"number": "SO-000004"}


def test_sqlite_on_a_full_disk_is_read_only_until_there_is_room(
    all_templates: dict[str, Templates], tmp_path: Path
) -> None:
    url = all_templates["sqlite"].copy("world", load_world)
    with small_disk(tmp_path) as disk:
        shutil.copy(url.removeprefix("sqlite:///"), disk / "orders.db")
        with serving(Settings(database_url=f"sqlite:///{disk / 'orders.db'}")) as client:
            check(client, lambda: fill(disk), (disk / "rest").unlink, "ok\nwrites: false\n")
        assert execute(f"sqlite:///{disk / 'orders.db'}", "PRAGMA integrity_check") == [["('ok',)"]]


def test_postgresql_on_a_full_disk_is_read_only_until_there_is_room(
    all_templates: dict[str, Templates],
) -> None:
    """A trigger raises the error of a full disk. The readiness check finds out that there is room."""
    url = all_templates["postgresql"].copy("world", load_world)
    execute(url, FAIL)
    with serving(Settings(database_url=url)) as client:
        check(client, lambda: execute(url, FAIL_AT_INSERT), lambda: execute(url, ROOM), "ok\n")

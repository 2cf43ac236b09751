"""Every usual URL of a database works, and every other one is refused with a sentence."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from gateway.storage.database_url import read_database_url
from gateway.storage.failures import UNUSABLE, why_unusable
from tests.support.databases import Postgres
from tests.support.processes import run

pytestmark = pytest.mark.anyio


async def query_value(url: str, sql: str = "SELECT current_database()") -> Any:
    """The value that a statement returns on the database of a URL."""
    database = Database(url, poolclass=NullPool)
    try:
        async with database.engine.connect() as connection:
            return await connection.scalar(sa.text(sql))
    finally:
        await database.dispose()


PASSWORDS = ["p@ss/w:rd#1", "what?", "50% off", "ü+&= "]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("is_encoded", [True, False])
def test_a_password_may_have_unusual_characters(password: str, is_encoded: bool) -> None:
    written = quote(password, safe="") if is_encoded else password
    read = read_database_url(f"postgresql://me:{written}@db.example:5433/orders?sslmode=require")
    assert read.arguments == {
        "user": "me",
        "password": password,
        "dsn": "postgresql://db.example:5433/orders?sslmode=require",
    }


@pytest.mark.parametrize(
    ("url", "arguments"),
    [
        ("postgres://db/o", {"dsn": "postgresql://db/o"}),
        ("postgresql+asyncpg://a:1,b:2/o", {"dsn": "postgresql://a:1,b:2/o"}),
        ("postgresql://[::1]:5432/o", {"dsn": "postgresql://[::1]:5432/o"}),
        ("postgresql:///o?host=/run", {"dsn": "postgresql:///o?host=%2Frun"}),
        ("postgresql://%2Frun/o", {"dsn": "postgresql://%2Frun/o"}),
        ("postgresql://db/o?connect_timeout=3", {"dsn": "postgresql://db/o", "timeout": 3}),
        ("postgresql://db/o?channel_binding=prefer", {"dsn": "postgresql://db/o"}),
        ("postgresql://u@db/o?application_name=a@b", {"user": "u", "dsn": "postgresql://db/o?application_name=a%40b"}),
    ],
)  # fmt: skip
def test_the_driver_receives_the_parts_of_the_url(url: str, arguments: dict[str, Any]) -> None:
    assert read_database_url(url).arguments == arguments


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("orders", "it is not a URL such as"),
        ("postgresql+psycopg2://db/o", "the driver psycopg2 is not used here: begin the URL with postgresql://"),
        ("sqlite+pysqlite:///o.db", "the driver pysqlite is not used here: begin the URL with sqlite://"),
        ("mysql://db/o", "mysql is not supported, use sqlite or postgresql"),
        ("postgresql://db:port/o", "it is not a URL such as"),
        ("postgresql://a,,b/o", "it is not a URL such as"),
        ("postgresql://db/o?connect_timeout=soon", "connect_timeout is a whole number of seconds, not soon"),
        ("postgresql://db/o?channel_binding=require", "channel_binding=require is not supported by the driver: leave it out"),
        ("postgresql://db/o?sslmode", "its parameters are not of the form"),
    ],
)  # fmt: skip
def test_another_url_is_refused_with_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence.replace('?', '[?]')}"):
        read_database_url(url)


async def test_parameters_reach_the_server(postgres: Postgres) -> None:
    url = postgres.named("postgres")
    assert await query_value(url.replace("postgresql://", "postgres://", 1)) == "postgres"
    url += "&" if "?" in url else "?"
    assert await query_value(url + "connect_timeout=30") == "postgres"
    assert await query_value(url + "application_name=orders", "SHOW application_name") == "orders"
    assert await query_value(url + "options=-c%20work_mem%3D7MB", "SHOW work_mem") == "7MB"
    assert await query_value(url + "sslmode=prefer") == "postgres"


@pytest.mark.parametrize(
    "parameters",
    ["sslmode=verify-ca&sslrootcert=gone.pem", "sslmode=nonsense", "no_such_parameter=1", "port=1"],
)
def test_a_bad_connection_ends_in_one_line(
    postgres: Postgres, tmp_path: Path, parameters: str
) -> None:
    url = postgres.named("postgres")
    joint = "&" if "?" in url else "?"
    code, output, errors = run(tmp_path, "migrate", database_url=url + joint + parameters)
    assert (code, output) == (1, "")
    assert len(errors.splitlines()) == 1, errors
    assert "postgresql://" not in errors


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """The port of a server that answers the request to use TLS with these bytes, and then nothing."""

    def answer_all() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                connection.sendall(answer)

    connections: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=answer_all)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in connections:
                connection.close()


async def why_not(url: str) -> str:
    """The message that says why a database cannot be used."""
    with pytest.raises(UNUSABLE) as error:
        await query_value(url)
    return why_unusable(error.value)


async def test_a_server_without_tls_is_refused_if_the_url_requires_it() -> None:
    """It used to end in a traceback."""
    with answering(b"N") as port:
        url = f"postgresql://u:p@127.0.0.1:{port}/o?sslmode=require&connect_timeout=60"
        assert "rejected SSL upgrade" in await why_not(url)


async def test_an_unresponsive_server_fails_after_the_timeout() -> None:
    with answering(b"") as port:
        url = f"postgresql://u:p@127.0.0.1:{port}/o?sslmode=require&connect_timeout=1"
        assert await why_not(url) == "it does not answer"


async def test_an_unknown_host_is_reported_as_the_reason() -> None:
    reason = await why_not("postgresql://no-such-host.invalid/o")
    assert "Unknown error" not in reason
    assert "name" in reason.lower()

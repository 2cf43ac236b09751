"""Clients that are slow, silent or too many: they are cut off without affecting others."""

import itertools
import json
import logging
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway.settings import Settings
from gateway.web.connection_limits import ConnectionLimits, RefusalLog
from gateway.web.open_files import connections_within
from tests.support.served import PATIENCE, Client, serving, wait_until

HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
UPLOAD = HEAD.replace(b"/graphql", b"/imports")
ENDLESS = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
ANSWERED = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
SHORT = 0.2
LONG = 50_000_000


class Ended:
    """How many requests ended because their client was gone, and how many long answers ended."""

    requests = 0
    answers = 0


async def echo_length(request: Request) -> Response:
    try:
        return PlainTextResponse(str(len(await request.body())))
    except ClientDisconnect:
        Ended.requests += 1
        raise


async def hello(_: Request) -> Response:
    return PlainTextResponse("hello")


async def refuse(_: Request) -> Response:
    return PlainTextResponse("too large", 413)


async def long_answer(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        try:
            for _ in range(LONG // 1_000_000):
                yield b"x" * 1_000_000
        finally:
            Ended.answers += 1

    return StreamingResponse(parts(), headers={"content-length": str(LONG)})


def application() -> Starlette:
    reads = [
        Route(path, echo_length, methods=["POST"])
        for path in ("/graphql", "/imports", "/imports/1")
    ]
    return Starlette(
        routes=[
            *reads,
            Route("/hello", hello),
            Route("/long", long_answer),
            Route("/refused", refuse, methods=["POST"]),
        ]
    )


@contextmanager
def limited(limits: ConnectionLimits, **settings: float) -> Iterator[Client]:
    with serving(Settings(**settings), limits, application()) as client:
        yield client


@pytest.fixture(scope="module")
def usual() -> Iterator[Client]:
    """The server with its usual limits."""
    with limited(ConnectionLimits()) as client:
        yield client


def connection(client: Client) -> socket.socket:
    host, port = client.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def received(connected: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    parts = []
    try:
        while part := connected.recv(65536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def is_cut_off(connected: socket.socket, part: bytes, most: int = 3000) -> bool:
    """Whether the server closes the connection while a part is sent again and again."""
    try:
        for _ in range(most):
            connected.sendall(part)
            time.sleep(SHORT / 10)
    except OSError:
        return True
    return False


@pytest.mark.parametrize("sent", [b"", b"\r\n"])
def test_a_connection_without_a_request_is_closed(sent: bytes) -> None:
    with limited(ConnectionLimits(head=SHORT)) as client, closing(connection(client)) as silent:
        silent.sendall(sent)
        assert received(silent) == b""


@pytest.mark.parametrize("before", [b"", ANSWERED])
def test_an_unfinished_head_is_408_even_if_it_grows(before: bytes) -> None:
    with limited(ConnectionLimits(head=SHORT)) as client, closing(connection(client)) as slow:
        slow.sendall(before)
        if before:
            assert slow.recv(1000).endswith(b"hello")
        slow.sendall(b"GET / HTTP/1.1\r\n")
        deadline = time.monotonic() + PATIENCE
        slow.settimeout(SHORT / 10)
        answer = b""
        for number in itertools.count():
            assert time.monotonic() < deadline
            try:
                slow.sendall(b"x%d: y\r\n" % number if number < 50 else b"")
                if answer := slow.recv(65536):
                    break
            except TimeoutError:
                continue
        slow.settimeout(PATIENCE)
        answer += received(slow)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "REQUEST_TIMEOUT"


@pytest.mark.parametrize("begin", [HEAD, HEAD + b"{", ENDLESS, ENDLESS + b"5\r\nhel", UPLOAD])
def test_a_body_without_progress_is_408(begin: bytes) -> None:
    before = Ended.requests
    with limited(ConnectionLimits(body_progress=SHORT)) as client:
        with closing(connection(client)) as slow:
            slow.sendall(begin)
            assert received(slow).startswith(b"HTTP/1.1 408 ")
        assert wait_until(lambda: Ended.requests > before)


def test_a_body_that_takes_too_long_is_408_although_it_grows() -> None:
    with (
        limited(ConnectionLimits(body=2 * SHORT)) as client,
        closing(connection(client)) as slow,
    ):
        slow.sendall(ENDLESS)
        assert is_cut_off(slow, b"1\r\nx\r\n")


@pytest.mark.parametrize("path", [b"/imports", b"/imports/1"])
def test_an_upload_may_take_any_time_while_it_grows(path: bytes) -> None:
    with limited(ConnectionLimits(body=SHORT)) as client, closing(connection(client)) as slow:
        upload = HEAD.replace(b"/graphql", path)
        slow.sendall(upload.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        for _ in range(4):
            time.sleep(SHORT / 2)
            slow.sendall(b"x" * 250)
        assert received(slow).endswith(b"\r\n\r\n1000")


def test_the_gateway_does_not_wait_for_ever_for_the_rest_of_a_refused_body() -> None:
    with limited(ConnectionLimits(body_progress=2 * SHORT)) as client:
        with closing(connection(client)) as slow:
            slow.sendall(ENDLESS.replace(b"/graphql", b"/refused"))
            assert is_cut_off(slow, b"1\r\nx\r\n")
        assert client.http.get(client.url + "/hello").text == "hello"


def test_an_idle_connection_stays_open_as_long_as_configured() -> None:
    for seconds, is_kept in ((PATIENCE, True), (SHORT, False)):
        with (
            limited(ConnectionLimits(head=SHORT), keep_alive=seconds) as client,
            closing(connection(client)) as idle,
        ):
            idle.sendall(ANSWERED)
            assert idle.recv(1000).endswith(b"hello")
            idle.settimeout(3 * SHORT if is_kept else PATIENCE)
            if is_kept:
                with pytest.raises(TimeoutError):
                    idle.recv(1)
                idle.sendall(ANSWERED)
                assert idle.recv(1000).endswith(b"hello")
            else:
                assert idle.recv(1) == b""


def test_a_client_that_does_not_read_its_answer_is_cut_off() -> None:
    with limited(ConnectionLimits(unread=SHORT)) as client, closing(connection(client)) as deaf:
        before = Ended.answers
        deaf.sendall(ANSWERED.replace(b"/hello", b"/long"))
        wait_until(lambda: Ended.answers > before)
        assert len(received(deaf)) < LONG


def test_a_client_that_reads_slowly_gets_its_whole_answer() -> None:
    with (
        limited(ConnectionLimits(head=SHORT, body=SHORT)) as client,
        closing(connection(client)) as slow,
    ):
        request = ANSWERED.replace(b"/hello", b"/long")
        slow.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        time.sleep(2 * SHORT)
        assert len(received(slow)) > LONG


def test_excess_connections_are_refused_with_one_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with limited(ConnectionLimits(connections=5)) as client, ExitStack() as stack:
        held = [stack.enter_context(closing(connection(client))) for _ in range(5)]
        for each in held:
            each.sendall(ANSWERED)
            assert each.recv(1000).endswith(b"hello")
        for _ in range(20):
            with closing(connection(client)) as excess:
                excess.sendall(ANSWERED)
                answer = received(excess)
                assert answer.startswith(b"HTTP/1.1 503 ")
                assert b"too many connections" in answer
        held[0].sendall(ANSWERED)
        assert held[0].recv(1000).endswith(b"hello")
        held[0].close()
        wait_until(lambda: _is_answered(client))
    lines = [record for record in caplog.records if record.name == "gateway.connections"]
    assert len(lines) == 1
    assert "GATEWAY_MAX_CONNECTIONS" in lines[0].getMessage()


def _is_answered(client: Client) -> bool:
    with closing(connection(client)) as connected:
        connected.sendall(ANSWERED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        return received(connected).startswith(b"HTTP/1.1 200 ")


def test_silent_connections_do_not_block_others_for_long() -> None:
    with limited(ConnectionLimits(connections=20, head=SHORT)) as client, ExitStack() as stack:
        for _ in range(150):
            stack.enter_context(closing(connection(client)))
        wait_until(lambda: _is_answered(client))


def test_refusals_are_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    refusals = RefusalLog()
    with caplog.at_level(logging.WARNING):
        for moment in (0, 1, 59, 60, 119, 121):
            refusals.note(5, moment)
    counts = [int(re.findall(r"(\d+) refused", line)[0]) for line in caplog.messages]
    assert counts == [1, 4, 6]


@pytest.mark.parametrize(
    ("open_files", "wanted", "possible"),
    [(1024, 10_000, 824), (1024, 500, 500), (256, 10_000, 128), (-1, 10_000, 10_000)],
)
def test_connections_leave_files_for_everything_else(
    open_files: int, wanted: int, possible: int
) -> None:
    assert connections_within(open_files, wanted) == possible


@pytest.mark.parametrize(
    "head",
    [
        b"x: " + b"y" * 64_000,
        b"x" * 64_001 + b": y",
        b"\r\n".join(b"x%d: y" % number for number in range(100)),
        b"\r\n".join(b"x%d: %d" % (number, 10**900) for number in range(80)),
    ],
)
@pytest.mark.parametrize("end", [b"\r\n\r\n", b""])
def test_large_heads_are_431(
    usual: Client, head: bytes, end: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Finished or not, and though the client goes on sending. Each is a line in the log."""
    with caplog.at_level(logging.INFO, "gateway"), closing(connection(usual)) as large:
        large.sendall(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n" + head + end)
        if not end:
            is_cut_off(large, b"z" * 10_000, most=30)
        answer = received(large)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"TOO_LARGE"' in answer
    [line] = caplog.records
    assert (line.message, line.status, line.codes) == ("request", 431, ["TOO_LARGE"])
    assert f"x-request-id: {line.request_id}\r\n".encode() in answer


def test_a_long_address_is_431(usual: Client) -> None:
    with closing(connection(usual)) as large:
        large.sendall(b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert received(large).startswith(b"HTTP/1.1 431 ")


def test_a_head_within_the_limits_is_answered_however_it_is_cut(usual: Client) -> None:
    """100 headers, 60 kB of them, in several packets."""
    head = b"".join(b"x%d: %s\r\n" % (number, b"y" * 590) for number in range(98))
    request = ANSWERED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n" + head + b"\r\n")
    with closing(connection(usual)) as connected:
        for start in range(0, len(request), 7000):
            connected.sendall(request[start : start + 7000])
            time.sleep(0.01)
        assert received(connected).endswith(b"\r\n\r\nhello")


def test_anything_but_http_is_400_and_closed(
    usual: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for sent in (b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"nonsense\r\n\r\n"):
        with closing(connection(usual)) as connected:
            connected.sendall(sent)
            answer = received(connected)
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert b"x-content-type-options: nosniff\r\n" in answer
            assert b"\r\nserver:" not in answer.lower()
    assert caplog.text == ""


def test_trailers_are_not_headers(usual: Client) -> None:
    request = ENDLESS.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    body = b"5\r\nhello\r\n0\r\nCompany: Other\r\n\r\n"
    with closing(connection(usual)) as connected:
        connected.sendall(request + body)
        assert received(connected).endswith(b"\r\n\r\n5")


def test_a_request_for_another_protocol_is_answered_in_http(
    usual: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """As the HTTP client of Java sends it by default."""
    upgrade = (
        b"\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"
    )
    with closing(connection(usual)) as connected:
        for _ in range(2):
            connected.sendall(ANSWERED.replace(b"\r\n\r\n", upgrade))
            assert connected.recv(1000).endswith(b"hello")
    assert caplog.text == ""

"""The connections of the HTTP server, with limits on the size and the duration of requests, which
Uvicorn lacks.

The timer costs an ordinary request nothing, because it runs only while a head or a body is
incomplete."""

import asyncio
import select
from enum import Enum
from typing import Any, NoReturn, cast

import httptools
import orjson
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.web.client_disconnect import IS_CLOSED
from gateway.web.connection_limits import ConnectionLimits, RefusalLog, log_refusal
from gateway.web.response_headers import REQUEST_ID, SECURITY_HEADERS, new_request_id

LARGEST_HEAD = 64_000
"""Bytes of a request line with its headers."""

MOST_HEADERS = 100
WAITS = 1
"""Seconds that a refused client may take to send its request or to read the refusal."""

SPARE = 64
"""Connections beyond the limit that are answered with a refusal; others are only closed."""


class ServerConfig(uvicorn.Config):
    """The configuration of a server with these limits."""

    def __init__(self, app: Any, limits: ConnectionLimits, **options: Any) -> None:
        super().__init__(app, http=HttpConnection, ws="none", server_header=False, **options)
        self.limits = limits
        self.refusals = RefusalLog()


class Part(Enum):
    """What a connection expects next."""

    REQUEST = "request"
    HEAD = "head"
    BODY = "body"
    NOTHING = "nothing"
    """The connection was refused and will soon be closed."""


class HeadTooLarge(Exception):
    """The request line and headers exceed the limits."""


class HttpConnection(HttpToolsProtocol):
    """A connection that is closed when its client is too slow, if possible after a response."""

    def __init__(self, config: ServerConfig, *args: Any, **options: Any) -> None:
        super().__init__(config, *args, **options)
        self._limits = config.limits
        self._refusals = config.refusals
        self._part = Part.REQUEST
        self._began = self._moved = self.loop.time()
        self._head_size = self._unparsed = 0
        self._is_too_large = self._is_excess = False
        self._ended = select.poll()
        """Whether the client has sent all that it will ever send."""
        self._clock: asyncio.TimerHandle | None = None
        self._reader_clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self._ended.register(transport.get_extra_info("socket").fileno(), select.POLLRDHUP)
        excess = len(self.connections) - self._limits.connections
        if excess > 0:
            self._is_excess = True
            self._refusals.note(self._limits.connections, self._began)
        if excess > SPARE:
            self.transport.abort()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        self._stop_reader_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._part is Part.NOTHING or self.transport.is_closing():
            return
        if self._is_excess:
            self._refuse(503, "OVERLOADED", "The gateway has too many connections.")
            return
        self._moved = self.loop.time()
        self._unset_keepalive_if_required()
        self._parse(data)
        self._watch()

    def _parse(self, data: bytes) -> None:
        begun_before = self._part is Part.HEAD
        try:
            self.parser.feed_data(data)
            if begun_before and self._part is Part.HEAD:
                self._count_unparsed(len(data))
        except httptools.HttpParserUpgrade:
            pass  # the request is answered as if it did not ask for another protocol
        except (httptools.HttpParserError, HeadTooLarge):
            if self._is_too_large:
                self._refuse(431, "TOO_LARGE", _HEAD_LIMITS)
            else:
                self._refuse(400, "BAD_REQUEST", "This is not a valid HTTP request.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][IS_CLOSED] = self._is_closed
        self._part, self._began = Part.HEAD, self._moved
        self._head_size = self._unparsed = 0

    def on_url(self, url: bytes) -> None:
        self._head_size += len(url)
        if self._head_size > LARGEST_HEAD:
            self._refuse_head()
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > LARGEST_HEAD or len(self.headers) >= MOST_HEADERS:
            self._refuse_head()
        if self._part is Part.HEAD:  # not a trailer, which is ignored
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._part, self._began = Part.BODY, self._moved
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._part = Part.REQUEST
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._part is Part.BODY:
            self._began = self.loop.time()
            self._watch()

    def _is_closed(self) -> bool:
        """Whether the client has closed the connection. The event loop may not have noticed yet, and asking
        the operating system costs less than a turn of the loop."""
        return self.transport.is_closing() or bool(self._ended.poll(0))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        self._stop_reader_clock()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        if self._part is Part.REQUEST:
            super().timeout_keep_alive_handler()

    def _count_unparsed(self, size: int) -> None:
        """Count the data, since it may be part of an endless header, which the parser collects in
        memory. Raises HeadTooLarge."""
        self._unparsed += size
        if self._unparsed > LARGEST_HEAD:
            self._refuse_head()

    def _refuse_head(self) -> NoReturn:
        """Raises HeadTooLarge."""
        self._is_too_large = True
        raise HeadTooLarge

    def _watch(self) -> None:
        """Run the timer if data from the client is due, and limit the time between requests."""
        if self._part is Part.REQUEST and self._is_between_requests:
            if self.timeout_keep_alive_task is None:
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )
            return
        due = self._due()
        if due is None or (self._clock is not None and self._clock.when() <= due):
            return
        self._stop_clock()
        self._clock = self.loop.call_at(due, self._on_time)

    @property
    def _is_between_requests(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete

    def _due(self) -> float | None:
        """The time at which the client becomes too slow; None if nothing is due from it."""
        if self._part is Part.NOTHING or self._is_excess:
            return self._began + WAITS
        if self._part is Part.BODY:
            return self._body_due()
        if self._part is Part.HEAD or self.cycle is None:
            return self._began + self._limits.head
        return None

    def _body_due(self) -> float:
        if self.cycle.response_complete:
            return self._began + self._limits.body_progress
        if self.flow.read_paused or self.cycle.waiting_for_100_continue:
            self._moved = self.loop.time()  # the client waits for the gateway
        due = self._moved + self._limits.body_progress
        if self.scope["path"].startswith(self._limits.uploads):
            return due
        return min(due, self._began + self._limits.body)

    def _on_time(self) -> None:
        self._clock = None
        due = self._due()
        if due is not None and due <= self.loop.time():
            self._expire()
        else:
            self._watch()

    def _expire(self) -> None:
        if self._part is Part.HEAD or self._part is Part.BODY:
            self._refuse(408, "REQUEST_TIMEOUT", "The request was sent too slowly.")
        else:
            self.transport.abort()

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Send a response unless one has begun, and close the connection. The client gets a moment to
        read the response, because closing a connection with unread data resets it."""
        if not self._may_answer:
            self.transport.close()
            return
        request_id = new_request_id()
        headers = [*self.server_state.default_headers, (REQUEST_ID, request_id)]
        self.transport.write(_response(status, code, message, headers))
        if not self._is_excess:
            log_refusal(status, code, request_id)
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._part, self._began = Part.NOTHING, self.loop.time()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._watch()

    @property
    def _may_answer(self) -> bool:
        if self.cycle is None or self.cycle.response_complete:
            return True
        is_last = self._part is Part.BODY and not self.pipeline
        return is_last and not self.cycle.response_started

    def _watch_reader(self) -> None:
        self._stop_reader_clock()
        unread = self.transport.get_write_buffer_size()
        self._reader_clock = self.loop.call_later(self._limits.unread, self._check_reader, unread)

    def _check_reader(self, unread: int) -> None:
        """Close the connection if the client has read none of the `unread` bytes."""
        if self.transport.get_write_buffer_size() < unread:
            self._watch_reader()
        else:
            self.transport.abort()

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _stop_reader_clock(self) -> None:
        if self._reader_clock is not None:
            self._reader_clock.cancel()
            self._reader_clock = None


_HEAD_LIMITS = f"A request has at most {MOST_HEADERS} headers and {LARGEST_HEAD:,} bytes of them."


def _response(status: int, code: str, message: str, added: list[tuple[bytes, bytes]]) -> bytes:
    body = orjson.dumps({"code": code, "message": message})
    headers = [
        *added,
        *SECURITY_HEADERS,
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return STATUS_LINE[status] + lines + b"\r\n" + body

"""A TCP proxy in front of a server, with the faults of a network."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.served import PATIENCE

CHUNK = 65_536


class TcpProxy:
    """Forwards the connections to `port` to the server at `address`: a host and a port, or the path of a
    socket. Its methods may be called from any thread."""

    def __init__(
        self, address: str | tuple[str, int], cuts: Callable[[], bool] = lambda: False
    ) -> None:
        """`cuts` says for each part that the server sends whether the connection is reset instead."""
        self._address = address
        self._cuts = cuts
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._pairs: set[_Pair] = set()
        self._is_silent = False
        self.port = 0

    def refuse(self) -> None:
        """Reset all connections and refuse new ones, as if nothing listened."""
        self._do(self._stop_listening())
        self.reset()

    def accept(self) -> None:
        """Listen again, after `refuse`."""
        self._do(self._listen())

    def reset(self) -> None:
        """Reset all connections."""
        self._do(self._each(_Pair.reset))

    def silence(self) -> None:
        """Drop everything that the connections send, old and new ones, without closing any."""
        self._is_silent = True
        self.strand()

    def strand(self) -> None:
        """Drop everything that the present connections send, from now on and for ever."""
        self._do(self._each(_Pair.strand))

    def resume(self) -> None:
        """Forward new connections again, after `silence`. Old ones stay silent."""
        self._is_silent = False

    @property
    def connections(self) -> int:
        """The number of open connections that are forwarded."""
        return sum(not pair.is_stranded for pair in self._pairs)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _each(self, act: Any) -> None:
        for pair in list(self._pairs):
            act(pair)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = _Pair([writer], self._cuts)
        self._pairs.add(pair)
        pair.is_stranded = self._is_silent
        try:
            async with self._forwarded(pair) as (their_reader, their_writer):
                await asyncio.wait(
                    [
                        asyncio.create_task(pair.pump(reader, their_writer)),
                        asyncio.create_task(pair.pump(their_reader, writer)),
                    ],
                    return_when=asyncio.FIRST_COMPLETED,
                )
        except OSError:
            pass
        finally:
            pair.reset()
            self._pairs.discard(pair)

    @asynccontextmanager
    async def _forwarded(
        self, pair: "_Pair"
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        if isinstance(self._address, str):
            reader, writer = await asyncio.open_unix_connection(self._address)
        else:
            reader, writer = await asyncio.open_connection(*self._address)
        pair.writers.append(writer)
        yield reader, writer

    @contextmanager
    def running(self) -> Iterator["TcpProxy"]:
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        self._do(self._listen())
        try:
            yield self
        finally:
            self.refuse()
            self._do(self._ended())
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(PATIENCE)
            self._loop.close()

    async def _ended(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class _Pair:
    """A connection of a client, and the one to the server."""

    def __init__(self, writers: list[asyncio.StreamWriter], cuts: Callable[[], bool]) -> None:
        self.writers = writers
        self._cuts = cuts
        self.is_stranded = False

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward what one side sends, until it ends. The end of a stranded connection is not forwarded
        either."""
        while data := await reader.read(CHUNK):
            if writer is self.writers[0] and self._cuts():
                self.reset()
                return
            if not self.is_stranded:
                writer.write(data)
        if self.is_stranded and writer is not self.writers[0]:
            await asyncio.Event().wait()

    def strand(self) -> None:
        self.is_stranded = True

    def reset(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


@contextmanager
def proxied(url: str) -> Iterator[tuple[TcpProxy, str]]:
    """A proxy in front of a PostgreSQL, and the URL of the same database through it."""
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host")
    port = parts.port or 5432
    address = f"{folder[0]}/.s.PGSQL.{port}" if folder else (parts.hostname or "", port)
    with TcpProxy(address).running() as proxy:
        user = parts.netloc.rpartition("@")[0]
        yield proxy, re.sub(r"//.*", f"//{user}@127.0.0.1:{proxy.port}{parts.path}", url)

"""An export: what is asked for, and the file that comes of it, made while it is sent."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.exchange.exports import csv_tables
from gateway.exchange.exports import datasets as mappings
from gateway.exchange.exports import json_documents as documents
from gateway.exchange.exports.datasets import RECORDS, What, is_closed
from gateway.exchange.exports.json_documents import record_lines
from gateway.exchange.exports.values import NOTHING, Outgoing
from gateway.exchange.formats.manifest_writer import (
    HEADER,
    MANIFEST,
    PackageFile,
    manifest,
    package_header,
)
from gateway.exchange.formats.zip_writer import zipped
from gateway.exchange.mappings.blocks import BLOCKS
from gateway.storage.conditions import Filter
from gateway.storage.database import Database
from gateway.storage.streaming import Stream, WholeOrder

ZIP = "application/zip"


class Format(StrEnum):
    """How it is written."""

    FO_PACKAGE = "fo-package"
    CSV = "csv"
    BC_JSON = "bc-json"
    JSON_LINES = "jsonl"


FORMATS_OF = {
    What.ORDERS: tuple(Format),
    What.EVERYTHING: (Format.JSON_LINES,),
    **dict.fromkeys(RECORDS, (Format.JSON_LINES, Format.CSV)),
}
TYPES = {
    Format.CSV: ("csv", "text/csv; charset=utf-8"),
    Format.BC_JSON: ("json", "application/json"),
    Format.JSON_LINES: ("jsonl", "application/x-ndjson"),
}
"""The suffix and the media type of a file that is no archive."""


class CannotExport(ValueError):
    """What is asked for does not exist; str() is one sentence for people."""


@dataclass(frozen=True)
class Wish:
    """What is asked for; the filter chooses among the orders."""

    what: What = What.ORDERS
    format: Format = Format.JSON_LINES
    filter: Filter | None = None

    def check(self) -> None:
        """Raises CannotExport."""
        formats = FORMATS_OF[self.what]
        if self.format not in formats:
            named = " or ".join(formats)
            raise CannotExport(f"The format {self.format} is not for {self.what}: take {named}.")
        if self.filter is not None and self.what in RECORDS:
            raise CannotExport(f"A filter chooses among orders: there is none for {self.what}.")

    @property
    def is_archive(self) -> bool:
        is_split = self.what is What.ORDERS and self.format is Format.CSV
        return self.format is Format.FO_PACKAGE or is_split or self.what is What.EVERYTHING


@dataclass(frozen=True)
class Download:
    """A file on its way: its name, its media type and its bytes; to be closed."""

    name: str
    media_type: str
    chunks: AsyncIterator[bytes]
    stream: Stream

    async def close(self) -> None:
        """Give back what the file is read from, whether or not all of it was."""
        await self.stream.close()


async def download(database: Database, company: str | None, wish: Wish) -> Download:
    """The file that is asked for, all of it as the database was at the first look.

    Raises CannotExport, CompanyNotFound and BadFilter."""
    wish.check()
    stream = await Stream.begin(database, company)
    try:
        if wish.filter is not None:
            stream.check(wish.filter)
    except BaseException:
        await stream.close()
        raise
    suffix, media_type = ("zip", ZIP) if wish.is_archive else TYPES[wish.format]
    stem = "sales-orders" if wish.what is What.ORDERS else wish.what.value
    return Download(f"{stem}.{suffix}", media_type, _Files(stream, wish).chunks(), stream)


@dataclass(frozen=True)
class _Files:
    """The files of an export; each reads what it needs of the one stream."""

    stream: Stream
    wish: Wish

    def chunks(self) -> AsyncIterator[bytes]:
        what, form = self.wish.what, self.wish.format
        if what is What.EVERYTHING:
            return zipped(self._everything())
        if form is Format.FO_PACKAGE:
            return zipped(self._package())
        if what is What.ORDERS and form is Format.CSV:
            return zipped(self._tables(upper=False))
        if what is not What.ORDERS:
            outgoing = mappings.records(what)
            is_table = form is Format.CSV
            return self._table(outgoing) if is_table else self._records(outgoing, record_lines)
        return self._page() if form is Format.BC_JSON else self._complete()

    def _everything(self) -> Iterator[tuple[str, AsyncIterator[bytes]]]:
        for what in RECORDS:
            yield f"{what}.jsonl", self._records(mappings.open_records(what), record_lines)
        yield f"{What.ORDERS}.jsonl", self._complete()
        for blocks in BLOCKS:
            yield (
                f"{blocks.names[0]}.jsonl",
                self._records(mappings.closings(blocks), closing_lines),
            )

    def _package(self) -> Iterator[tuple[str, AsyncIterator[bytes]]]:
        files = [
            PackageFile(
                f"{outgoing.entity.name}.csv",
                outgoing.entity.name,
                outgoing.entity.names[0],
                [name.upper() for name in outgoing.names],
                level,
            )
            for outgoing, level in (
                (mappings.PACKAGE_HEADERS, 10),
                (mappings.PACKAGE_LINES, 20),
            )
        ]
        yield HEADER, _whole(package_header())
        yield MANIFEST, _whole(manifest(files))
        yield from self._tables(upper=True)

    def _tables(self, *, upper: bool) -> Iterator[tuple[str, AsyncIterator[bytes]]]:
        headers, lines = mappings.PACKAGE_HEADERS, mappings.PACKAGE_LINES
        yield (
            f"{headers.entity.name}.csv",
            self._orders(
                lambda orders: csv_tables.header_rows(headers, orders),
                headers,
                before=csv_tables.heading_row(headers, upper=upper),
            ),
        )
        yield (
            f"{lines.entity.name}.csv",
            self._orders(
                lambda orders: csv_tables.line_rows(lines, orders),
                lines,
                before=csv_tables.heading_row(lines, upper=upper),
            ),
        )

    def _complete(self) -> AsyncIterator[bytes]:
        headers, lines = mappings.COMPLETE_HEADERS, mappings.COMPLETE_LINES
        return self._orders(
            lambda orders: documents.order_lines(headers, lines, orders), headers, lines
        )

    async def _page(self) -> AsyncIterator[bytes]:
        headers, lines = mappings.ANSWERED_HEADERS, mappings.ANSWERED_LINES
        entries = self._orders(
            lambda orders: b"," + b",".join(documents.page_entries(headers, lines, orders)),
            headers,
            lines,
        )
        before = b'{"value":['
        async for chunk in entries:
            yield before + (chunk[1:] if before else chunk)
            before = b""
        yield before + b"]}"

    async def _orders(
        self,
        write: Callable[[list[WholeOrder]], bytes],
        *outgoing: Outgoing,
        before: bytes = b"",
    ) -> AsyncIterator[bytes]:
        """What `write` makes of each page of orders, in a thread, so that nobody waits for it."""
        if before:
            yield before
        header = NOTHING.union(*(each.header for each in outgoing))
        line = NOTHING.union(*(each.line for each in outgoing))
        async for page in self.stream.orders(header, line, self.wish.filter):
            yield await asyncio.to_thread(write, page)

    async def _records(
        self, outgoing: Outgoing, write: Callable[[Outgoing, Any], bytes]
    ) -> AsyncIterator[bytes]:
        sort = mappings.unique_columns(outgoing)
        async for page in self.stream.records(outgoing.entity.model, outgoing.header, sort):
            yield await asyncio.to_thread(write, outgoing, page)

    async def _table(self, outgoing: Outgoing) -> AsyncIterator[bytes]:
        yield csv_tables.heading_row(outgoing)
        async for chunk in self._records(outgoing, csv_tables.record_rows):
            yield chunk


def closing_lines(outgoing: Outgoing, records: Iterable[Any]) -> bytes:
    """A document for each record that is closed to new orders."""
    closed = (record for record in records if is_closed(outgoing.entity, record))
    return record_lines(outgoing, closed)


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content

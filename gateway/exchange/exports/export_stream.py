"""Produces the files of an export while they are sent."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from gateway.exchange.exports import csv_tables, datasets
from gateway.exchange.exports.datasets import is_blocked
from gateway.exchange.exports.export_request import ExportFormat, ExportRequest
from gateway.exchange.exports.json_documents import order_lines, page_entries, record_lines
from gateway.exchange.exports.losses import Loss, find_losses
from gateway.exchange.exports.values import NOTHING, Outgoing
from gateway.exchange.formats.manifest_writer import (
    HEADER,
    MANIFEST,
    PackageFile,
    manifest,
    package_header,
)
from gateway.exchange.formats.workbook_writer import workbook
from gateway.exchange.formats.zip_writer import zip_stream
from gateway.exchange.mappings.blocks import BLOCKS
from gateway.exchange.mappings.reference_columns import RECORD_ENTITIES, Dataset
from gateway.storage.database import Database
from gateway.storage.scope import ScopeRequest
from gateway.storage.streaming import Stream, WholeOrder

ZIP = "application/zip"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Written = TypeVar("Written")


TYPES = {
    ExportFormat.XLSX: ("xlsx", WORKBOOK),
    ExportFormat.CSV: ("csv", "text/csv; charset=utf-8"),
    ExportFormat.BC_JSON: ("json", "application/json"),
    ExportFormat.JSON_LINES: ("jsonl", "application/x-ndjson"),
}
"""The suffix and the media type of a file that is not an archive."""


@dataclass(frozen=True)
class Download:
    """A file to send: its name, its media type, its bytes, and the values that it cannot contain. The
    receiver closes it."""

    name: str
    media_type: str
    chunks: AsyncIterator[bytes]
    stream: Stream
    losses: Sequence[Loss]

    @property
    def is_packed(self) -> bool:
        """Whether the file is already packed."""
        return self.media_type in (ZIP, WORKBOOK)

    async def close(self) -> None:
        """Release the database connection of the file, even if it was not read to the end."""
        await self.stream.close()


async def open_download(
    database: Database, scope: ScopeRequest, request: ExportRequest
) -> Download:
    """The requested file with the data of a single snapshot.

    Raises CannotExport, CompanyNotFound and BadFilter."""
    request.check()
    stream = await Stream.begin(database, scope)
    try:
        if request.filter is not None:
            stream.check(request.filter)
        losses = await find_losses(stream, request)
    except BaseException:
        await stream.close()
        raise
    suffix, media_type = ("zip", ZIP) if request.is_archive else TYPES[request.format]
    stem = "sales-orders" if request.dataset is Dataset.ORDERS else request.dataset.value
    chunks = _Files(stream, request).chunks()
    return Download(f"{stem}.{suffix}", media_type, chunks, stream, losses)


@dataclass(frozen=True)
class _Files:
    """The files of an export, all read from one snapshot."""

    stream: Stream
    request: ExportRequest

    def chunks(self) -> AsyncIterator[bytes]:
        dataset, form = self.request.dataset, self.request.format
        if dataset is Dataset.EVERYTHING:
            return zip_stream(self._everything())
        if form is ExportFormat.FO_PACKAGE:
            return zip_stream(self._package())
        if dataset is Dataset.ORDERS and form is ExportFormat.CSV:
            return zip_stream(self._tables(upper=False))
        if dataset is not Dataset.ORDERS:
            return self._of_records(datasets.record_columns(dataset))
        if form is ExportFormat.XLSX:
            return zip_stream(self._workbooks())
        return self._page() if form is ExportFormat.BC_JSON else self._complete()

    def _of_records(self, outgoing: Outgoing) -> AsyncIterator[bytes]:
        if self.request.is_workbook:
            return workbook(outgoing.names, self._records(outgoing, csv_tables.record_cells))
        is_table = self.request.format is ExportFormat.CSV
        return self._table(outgoing) if is_table else self._records(outgoing, record_lines)

    def _everything(self) -> Iterator[tuple[str, AsyncIterator[bytes]]]:
        for dataset in RECORD_ENTITIES:
            yield (
                f"{dataset}.jsonl",
                self._records(datasets.unblocked_columns(dataset), record_lines),
            )
        yield f"{Dataset.ORDERS}.jsonl", self._complete()
        for blocks in BLOCKS:
            yield (
                f"{blocks.names[0]}.jsonl",
                self._records(datasets.block_columns(blocks), blocked_lines),
            )

    def _package(self) -> Iterator[tuple[str, AsyncIterator[bytes]]]:
        files = [
            PackageFile(
                f"{outgoing.entity.name}.csv",
                outgoing.entity.name,
                outgoing.entity.names[0],
                [name.upper() for name in outgoing.names if outgoing.entity.is_vendors(name)],
                level,
            )
            for outgoing, level in (
                (datasets.PACKAGE_HEADERS, 10),
                (datasets.PACKAGE_LINES, 20),
            )
        ]
        yield HEADER, _whole(package_header())
        yield MANIFEST, _whole(manifest(files))
        yield from self._tables(upper=True)

    def _tables(self, *, upper: bool) -> Iterator[tuple[str, AsyncIterator[bytes]]]:
        headers, lines = datasets.PACKAGE_HEADERS, datasets.PACKAGE_LINES
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

    def _workbooks(self) -> Iterator[tuple[str, AsyncIterator[bytes]]]:
        for outgoing, cells in (
            (datasets.PACKAGE_HEADERS, csv_tables.header_cells),
            (datasets.PACKAGE_LINES, csv_tables.line_cells),
        ):
            rows = self._orders(partial(cells, outgoing), outgoing)
            yield f"{outgoing.entity.name}.xlsx", workbook(outgoing.names, rows)

    def _complete(self) -> AsyncIterator[bytes]:
        headers, lines = datasets.COMPLETE_HEADERS, datasets.COMPLETE_LINES
        return self._orders(lambda orders: order_lines(headers, lines, orders), headers, lines)

    async def _page(self) -> AsyncIterator[bytes]:
        headers, lines = datasets.API_HEADERS, datasets.API_LINES
        entries = self._orders(
            lambda orders: b"," + b",".join(page_entries(headers, lines, orders)),
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
        write: Callable[[list[WholeOrder]], Written],
        *outgoing: Outgoing,
        before: Written | None = None,
    ) -> AsyncIterator[Written]:
        """The result of `write` for each page of orders. It runs in a thread, so that it does not block
        other requests."""
        if before is not None:
            yield before
        header = NOTHING.union(*(each.header for each in outgoing))
        line = NOTHING.union(*(each.line for each in outgoing))
        async for page in self.stream.orders(header, line, self.request.filter):
            yield await asyncio.to_thread(write, page)

    async def _records(
        self, outgoing: Outgoing, write: Callable[[Outgoing, Any], Written]
    ) -> AsyncIterator[Written]:
        sort = datasets.unique_columns(outgoing)
        async for page in self.stream.records(outgoing.entity.model, outgoing.header, sort):
            yield await asyncio.to_thread(write, outgoing, page)

    async def _table(self, outgoing: Outgoing) -> AsyncIterator[bytes]:
        yield csv_tables.heading_row(outgoing)
        async for chunk in self._records(outgoing, csv_tables.record_rows):
            yield chunk


def blocked_lines(outgoing: Outgoing, records: Iterable[Any]) -> bytes:
    """A document for each blocked record."""
    blocked = (record for record in records if is_blocked(outgoing.entity, record))
    return record_lines(outgoing, blocked)


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content

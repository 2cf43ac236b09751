"""The GraphQL types of import jobs and their problems."""

import datetime as dt
from typing import Any

import orjson
import strawberry

from gateway.api.context import Info
from gateway.api.declared_fields import column, declared_field
from gateway.api.entities import entity
from gateway.api.pages import paged
from gateway.api.reference_types import Node
from gateway.execution.declarations import ComputedField
from gateway.storage.file_reports import file_report
from gateway.storage.tables import import_jobs as rows
from gateway.storage.tables.import_jobs import ImportJobStatus, ImportPolicy


def _suggestions(root: strawberry.Parent[Any]) -> list[str]:
    suggestions: list[str] = orjson.loads(root.suggestions)
    return suggestions


@entity(rows.ImportProblemRow)
@strawberry.type(description="An error or a warning about a row of an import.")
class ImportProblem(Node):
    is_warning: bool = column(
        "Whether the problem is only a warning. The row was imported nevertheless."
    )
    file: str = column(
        "The file that contains the row. For a file in a package, the name of the package"
        " comes first."
    )
    row: int | None = column(
        "The row number in the file, with the heading row as row 1. Null if the problem"
        " concerns the whole file."
    )
    line: int | None = column(
        "The position of the line within its order in a JSON file, counted from 1."
    )
    column_name: str | None = column("The heading of the column that contains the cell.")
    order_number: str | None = column("The number of the order that the row belongs to.")
    code: str = column(
        "The code of the problem. Errors have a UserErrorCode; warnings have"
        " AMBIGUOUS_DATES, AMBIGUOUS_NUMBERS, AMOUNT_DIFFERS, ENCODING_GUESSED, FILE_SKIPPED,"
        " MORE_PAGES, NOT_KEPT, TOO_LONG or UNKNOWN_COLUMN, or the code of a warning about an"
        " order, such as DUPLICATE."
    )
    message: str = column("An explanation of the problem for people.")
    rejected_value: str | None = column("The value of the cell.")
    suggestions: list[str] = declared_field(
        _suggestions,
        "Values that would be accepted instead.",
        ComputedField(frozenset({"suggestions"}), cost=0),
    )


@strawberry.type(description="A file of an import, and how it is read.")
class ImportFile:
    name: str = strawberry.field(
        description="The name of the file. For a part of an archive or a worksheet, the name of the"
        " file comes first."
    )
    entity: str | None = strawberry.field(
        description="The kind of record that the file contains. Null if it is skipped or refused."
    )
    reason: str = strawberry.field(
        description="The reason why the file is read as this entity, or why it is skipped or refused."
    )
    rows: int | None = strawberry.field(
        description="The number of rows or records. Null until all of them are read."
    )
    format: str | None = strawberry.field(
        description="The format of the file, such as CSV or XLSX. Null if it is unknown."
    )
    encoding: str | None = strawberry.field(description="The encoding of a text file.")
    separator: str | None = strawberry.field(description="The separator of a CSV file.")
    date_order: str | None = strawberry.field(
        description="The order of day, month and year in dates: MDY, DMY or YMD. A date that begins"
        " with its year is always YMD."
    )
    decimal_sign: str | None = strawberry.field(description="The decimal sign of numbers.")
    columns_used: list[str] = strawberry.field(
        description="The headings of the columns that are imported."
    )
    columns_skipped: list[str] = strawberry.field(
        description="The headings of the columns that are ignored."
    )


SHEET = frozenset({"file", "entity", "format", "reading"})


async def _files(root: strawberry.Parent[Any], info: Info) -> list[ImportFile]:
    sheets = await info.context.reader.many(rows.ImportSheetRow, "job_id", root.id, "place", SHEET)
    return [ImportFile(**vars(file_report(sheet))) for sheet in sheets]


def _count(what: str) -> Any:
    return column(f"The number of {what}.")


@entity(rows.ImportJobRow)
@strawberry.type(description="An import of one or more files.")
class ImportJob(Node):
    files: list[ImportFile] = declared_field(
        _files,
        "Computed. Each file, part of an archive and worksheet, and how it is read. Known before anything"
        " is applied.",
        ComputedField(frozenset({"id"})),
    )
    policy: ImportPolicy = column("The rows that a bad row stops besides itself.")
    dry_run: bool = column("Whether the job only checks the rows and stores nothing.")
    status: ImportJobStatus = column("The state of the job.")
    message: str | None = column("The reason why the job as a whole failed, or what it waits for.")
    rows_staged: int = column("The number of rows read from the files.")
    rows_done: int = column("The number of rows processed so far, including refused ones.")
    headers_created: int = _count("headers that created an order")
    headers_updated: int = _count(
        "headers that updated an order, either directly or through their lines"
    )
    headers_unchanged: int = _count("headers whose order was already up to date")
    headers_failed: int = _count("headers that were refused, alone or together with their order")
    lines_created: int = _count("lines that created an order line")
    lines_updated: int = _count("lines that updated an order line")
    lines_unchanged: int = _count("lines whose order line was already up to date")
    lines_failed: int = _count("lines that were refused, alone or together with their order")
    references_created: int = _count(
        "reference records, such as customers and items, that were created"
    )
    references_updated: int = _count("reference records that were updated")
    references_unchanged: int = _count("reference records that were already up to date")
    references_failed: int = _count("reference records that were refused")
    created_by: str | None = column(
        "The name of the credential that started the job. Null if it is not known."
    )
    created_date_time: dt.datetime = column("The time at which the job started, in UTC.")
    finished_date_time: dt.datetime | None = column("The time at which the job ended, in UTC.")
    problems: Any = paged(
        "ImportProblem",
        "job_id",
        "The errors and warnings of the job, in the order in which they were found.",
        "sequence",
    )

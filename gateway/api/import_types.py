"""Import jobs as clients see them."""

import datetime as dt
from typing import Any

import orjson
import strawberry

from gateway.api.entities import entity
from gateway.api.fields import column, declared_field
from gateway.api.pages import paged
from gateway.api.reference_types import Node
from gateway.execution.declarations import ComputedField
from gateway.storage.tables import import_jobs as rows
from gateway.storage.tables.import_jobs import ImportJobStatus, ImportPolicy


def _suggestions(root: strawberry.Parent[Any]) -> list[str]:
    found: list[str] = orjson.loads(root.suggestions)
    return found


@entity(rows.ImportProblemRow)
@strawberry.type(description="What is wrong with a row of an import, or only odd about it.")
class ImportProblem(Node):
    is_warning: bool = column("Whether the row was taken all the same.")
    file: str = column("File that the row came in; within a package, after its name.")
    row: int | None = column(
        "Row of the file as its author counts, headings first; null for the file as a whole."
    )
    line: int | None = column("Line within an order of JSON, from 1.")
    column_name: str | None = column("Heading of the cell.")
    order_number: str | None = column("Number of the order that the row belongs to.")
    code: str = column(
        "Rule that is broken, as in UserErrorCode; of warnings UNKNOWN_COLUMN, NOT_KEPT,"
        " AMOUNT_DIFFERS or TOO_LONG."
    )
    message: str = column("What is wrong, in words.")
    rejected_value: str | None = column("What the cell holds.")
    suggestions: list[str] = declared_field(
        _suggestions, "What would be accepted there.", ComputedField(frozenset({"suggestions"}))
    )


def _count(what: str, outcome: str) -> Any:
    return column(f"{what} that {outcome}.")


@entity(rows.ImportJobRow)
@strawberry.type(description="Files on their way into the database.")
class ImportJob(Node):
    files: str = column("Names of the files, separated by commas.")
    policy: ImportPolicy = column("What one bad row takes down with it.")
    dry_run: bool = column("Whether everything is tried and nothing kept.")
    status: ImportJobStatus = column("How far the job is.")
    message: str | None = column("Why the job as a whole came to nothing.")
    rows_staged: int = column("Rows that were read from the files.")
    rows_done: int = column("Rows that are applied, refused ones included.")
    headers_created: int = _count("Headers", "made a new order")
    headers_updated: int = _count("Headers", "changed an order, or came with lines that did")
    headers_unchanged: int = _count("Headers", "said what was there already")
    headers_failed: int = _count("Headers", "are refused, alone or with their order")
    lines_created: int = _count("Lines", "are new")
    lines_updated: int = _count("Lines", "changed a line that was there")
    lines_unchanged: int = _count("Lines", "said what was there already")
    lines_failed: int = _count("Lines", "are refused, alone or with their order")
    references_created: int = _count("Records that orders refer to", "are new")
    references_updated: int = _count("Records that orders refer to", "changed")
    references_unchanged: int = _count("Records that orders refer to", "were there already")
    references_failed: int = _count("Records that orders refer to", "are refused")
    created_date_time: dt.datetime = column("When the job was begun, in UTC.")
    finished_date_time: dt.datetime | None = column("When it ended, in UTC.")
    problems: Any = paged(
        "ImportProblem", "job_id", "What is wrong or odd, in the order of the work.", "sequence"
    )

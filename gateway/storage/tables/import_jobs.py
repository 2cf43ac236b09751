"""Import jobs: their options and progress, the sheets and rows of their files, and the results and
problems of the rows."""

import datetime as dt
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from gateway.storage.tables.column_types import (
    Base,
    CompanyScoped,
    Guid,
    Instant,
    enum_type,
    foreign_key,
    now,
    text_type,
)


class ImportJobStatus(StrEnum):
    """The progress of an import job."""

    STAGING = "STAGING"
    APPLYING = "APPLYING"
    SUCCEEDED = "SUCCEEDED"
    PARTIALLY_SUCCEEDED = "PARTIALLY_SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class ImportPolicy(StrEnum):
    """What is refused along with an invalid row."""

    PER_ORDER = "PER_ORDER"
    ATOMIC = "ATOMIC"


UNFINISHED = (ImportJobStatus.STAGING, ImportJobStatus.APPLYING)
COUNTS = tuple(
    f"{what}_{outcome}"
    for what in ("headers", "lines", "references")
    for outcome in ("created", "updated", "unchanged", "failed")
)
"""The counts of a job: headers and lines of orders, and reference data."""


class ImportJobRow(CompanyScoped, Base, kw_only=True):
    """`fingerprint` identifies a repeated request; `options` is JSON; `position` is the last unit that
    was applied. The job has the rights of the caller who began it: `customers` is a sorted JSON list of
    ids, or null for all. `folder` is the identity of the import folder that has the uploaded files."""

    __tablename__ = "import_jobs"

    files: Mapped[str] = mapped_column(sa.Text)
    fingerprint: Mapped[str] = mapped_column(text_type(64))
    policy: Mapped[ImportPolicy] = mapped_column(
        enum_type(ImportPolicy), default=ImportPolicy.PER_ORDER
    )
    dry_run: Mapped[bool] = mapped_column(default=False)
    options: Mapped[str] = mapped_column(sa.Text, default="{}")
    folder: Mapped[str | None] = mapped_column(Guid, default=None)
    status: Mapped[ImportJobStatus] = mapped_column(
        enum_type(ImportJobStatus), default=ImportJobStatus.STAGING
    )
    position: Mapped[str] = mapped_column(text_type(64), default="")
    message: Mapped[str | None] = mapped_column(sa.Text, default=None)
    rows_staged: Mapped[int] = mapped_column(default=0)
    rows_done: Mapped[int] = mapped_column(default=0)
    problems: Mapped[int] = mapped_column(default=0)
    warnings: Mapped[int] = mapped_column(default=0)
    headers_created: Mapped[int] = mapped_column(default=0)
    headers_updated: Mapped[int] = mapped_column(default=0)
    headers_unchanged: Mapped[int] = mapped_column(default=0)
    headers_failed: Mapped[int] = mapped_column(default=0)
    lines_created: Mapped[int] = mapped_column(default=0)
    lines_updated: Mapped[int] = mapped_column(default=0)
    lines_unchanged: Mapped[int] = mapped_column(default=0)
    lines_failed: Mapped[int] = mapped_column(default=0)
    references_created: Mapped[int] = mapped_column(default=0)
    references_updated: Mapped[int] = mapped_column(default=0)
    references_unchanged: Mapped[int] = mapped_column(default=0)
    references_failed: Mapped[int] = mapped_column(default=0)
    created_date_time: Mapped[dt.datetime] = mapped_column(Instant, default_factory=now)
    finished_date_time: Mapped[dt.datetime | None] = mapped_column(Instant, default=None)
    created_by: Mapped[str | None] = mapped_column(text_type(100), default=None)
    customers: Mapped[str | None] = mapped_column(sa.Text, default=None)
    writes_references: Mapped[bool] = mapped_column(default=True, server_default=sa.true())

    __table_args__ = (
        sa.Index(None, "company_id", "created_date_time", "id"),
        sa.Index(None, "company_id", "fingerprint"),
    )


class ImportSheetRow(CompanyScoped, Base, kw_only=True):
    """One sheet of a job: its entity, its headings as written, and how it was read."""

    __tablename__ = "import_sheets"

    job_id: Mapped[str] = mapped_column(Guid)
    place: Mapped[int]
    file: Mapped[str] = mapped_column(sa.Text)
    format: Mapped[str] = mapped_column(text_type(20))
    entity: Mapped[str] = mapped_column(text_type(40))
    headings: Mapped[str] = mapped_column(sa.Text)
    reading: Mapped[str] = mapped_column(sa.Text)
    __table_args__ = (
        sa.Index(None, "company_id", "job_id", "place", unique=True),
        foreign_key("job_id", "import_jobs", ondelete="CASCADE"),
    )


class ImportedRow(Base, kw_only=True):
    """A row of a file as imported, in JSON. Rows with the same `unit` are imported or refused together.
    Units are applied in the order of their names."""

    __tablename__ = "import_rows"

    company_id: Mapped[str] = mapped_column(Guid, primary_key=True)
    job_id: Mapped[str] = mapped_column(Guid, primary_key=True)
    unit: Mapped[str] = mapped_column(text_type(64), primary_key=True)
    sheet: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[str] = mapped_column(sa.Text)
    __table_args__ = (
        sa.Index(None, "company_id", "job_id", "sheet", "row"),
        foreign_key("job_id", "import_jobs", ondelete="CASCADE"),
    )


class ImportResultRow(Base, kw_only=True):
    """The results of consecutive rows of a sheet that belong to one unit. The first of these rows is
    `row`; `entries` is JSON."""

    __tablename__ = "import_results"

    company_id: Mapped[str] = mapped_column(Guid, primary_key=True)
    job_id: Mapped[str] = mapped_column(Guid, primary_key=True)
    sheet: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(text_type(64))
    entries: Mapped[str] = mapped_column(sa.Text)
    __table_args__ = (foreign_key("job_id", "import_jobs", ondelete="CASCADE"),)


class ImportProblemRow(CompanyScoped, Base, kw_only=True):
    """A problem of a row of a job, or a warning about it."""

    __tablename__ = "import_problems"

    job_id: Mapped[str] = mapped_column(Guid)
    sequence: Mapped[int]
    unit: Mapped[str] = mapped_column(text_type(64))
    sheet: Mapped[int]
    file: Mapped[str] = mapped_column(sa.Text)
    row: Mapped[int | None] = mapped_column(default=None)
    line: Mapped[int | None] = mapped_column(default=None)
    column_name: Mapped[str | None] = mapped_column(sa.Text, default=None)
    code: Mapped[str] = mapped_column(text_type(40))
    message: Mapped[str] = mapped_column(sa.Text)
    rejected_value: Mapped[str | None] = mapped_column(sa.Text, default=None)
    suggestions: Mapped[str] = mapped_column(sa.Text, default="[]")
    order_number: Mapped[str | None] = mapped_column(sa.Text, default=None)
    is_warning: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        sa.Index(None, "company_id", "job_id", "sequence", unique=True),
        sa.Index(None, "company_id", "job_id", "is_warning", "sequence"),
        sa.Index(None, "company_id", "job_id", "unit"),
        foreign_key("job_id", "import_jobs", ondelete="CASCADE"),
    )

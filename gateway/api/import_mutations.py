"""The mutations of import jobs. An upload starts a job (web/uploads.py)."""

from typing import Annotated, Any

import strawberry

from gateway.access.scopes import AccessScope
from gateway.api.changes import perform
from gateway.api.context import Info
from gateway.api.errors import UserError
from gateway.api.import_types import ImportJob
from gateway.api.required_scopes import requires
from gateway.orders.problems import Problem, ProblemCode, Rejected
from gateway.storage.import_rows import JobGone, JobUnready
from gateway.storage.tables.column_types import canonical_guid
from gateway.storage.tables.import_jobs import ImportJobRow
from gateway.storage.writing import Writer

Id = Annotated[strawberry.ID, strawberry.argument(description="GUID of the import job.")]


@strawberry.type(description="The result of a mutation of an import job.")
class ImportJobPayload:
    import_job: ImportJob | None = strawberry.field(
        description="The job after the mutation; null if it was refused.", default=None
    )
    user_errors: list[UserError] = strawberry.field(
        description="Every reason for a refusal; empty if there was none.", default_factory=list
    )


async def _perform(info: Info, change: Any) -> Any:
    async def or_rejected(writer: Writer) -> Any:
        try:
            return await change(writer)
        except JobGone as gone:
            is_there = isinstance(gone, JobUnready)
            code = ProblemCode.WRONG_STATUS if is_there else ProblemCode.NOT_FOUND
            problem = Problem(code, ("id",), str(gone))
            raise Rejected([problem]) from gone

    return await perform(info, ImportJobPayload, or_rejected, dry_run=False, result="import_job")


async def cancel(info: Info, id: Id) -> ImportJobPayload | None:
    key, reader, jobs = canonical_guid(id), info.context.reader, info.context.jobs
    columns = frozenset({"id", "company_id", "customers", "created_by", "writes_references"})
    job = None if key is None else await reader.one(ImportJobRow, "id", key, columns)
    if job is not None:
        jobs.stop(job.id)
    try:
        payload: ImportJobPayload = await _perform(info, lambda writer: writer.staging.cancel(id))
    except BaseException:
        if job is not None:
            jobs.begin(job)  # the job has stopped, but is not cancelled
        raise
    return payload


async def retry(info: Info, id: Id) -> ImportJobPayload | None:
    payload: ImportJobPayload = await _perform(info, lambda writer: writer.staging.retry(id))
    job: Any = payload.import_job
    if job is not None:
        info.context.database.after_commit(lambda: info.context.jobs.begin(job))
    return payload


@requires(AccessScope.ORDERS_IMPORT)
@strawberry.type
class ImportMutation:
    cancel_import_job: ImportJobPayload | None = strawberry.mutation(
        resolver=cancel,
        description="Stop an import job after its current batch. Rows that are already applied remain.",
    )
    retry_import_job: ImportJobPayload | None = strawberry.mutation(
        resolver=retry,
        description="Apply the refused rows of a finished import job again, or the remaining rows of a cancelled"
        " one, for instance after missing records have been created.",
    )

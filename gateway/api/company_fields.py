"""The companies that a caller can work in, and the mutations that create and change them."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import strawberry

from gateway.access.scopes import AccessScope
from gateway.api.context import Info
from gateway.api.errors import UserError, user_error
from gateway.api.reference_inputs import length_note
from gateway.api.reference_types import DUPLICATES_NOTE
from gateway.api.required_scopes import requires
from gateway.orders.preview import PREVIEW
from gateway.orders.problems import Problem, ProblemCode
from gateway.storage.companies import (
    CompanyExists,
    CompanyForbidden,
    CompanyGone,
    CompanyRefused,
    CurrencyUnknown,
    InvalidCompanyName,
    create_company,
    rename_company,
    update_company,
)
from gateway.storage.tables.column_types import canonical_guid
from gateway.storage.tables.model_columns import text_lengths
from gateway.storage.tables.reference_data import CompanyRow
from gateway.storage.transactions import retried

REFUSALS: dict[type[CompanyRefused], tuple[ProblemCode, str]] = {
    CompanyExists: (ProblemCode.DUPLICATE, "name"),
    CompanyForbidden: (ProblemCode.FORBIDDEN, "name"),
    InvalidCompanyName: (ProblemCode.INVALID, "name"),
    CurrencyUnknown: (ProblemCode.INVALID, "currency"),
    CompanyGone: (ProblemCode.NOT_FOUND, "id"),
}
"""The code of each refusal and the argument that it concerns."""

Id = Annotated[strawberry.ID, strawberry.argument(description="GUID of the company.")]
Name = Annotated[
    str,
    strawberry.argument(
        description=f"The unique name. {length_note(text_lengths(CompanyRow)['name'])}"
    ),
]
CurrencyCode = Annotated[
    str,
    strawberry.argument(description="The ISO 4217 code of the currency of its books, such as EUR."),
]
RefuseDuplicates = Annotated[bool, strawberry.argument(description=DUPLICATES_NOTE)]
DryRun = Annotated[bool, strawberry.argument(description="Check everything and store nothing.")]


@strawberry.type(
    description="A company that the caller may select with the Company header. The query"
    " `company` returns all data of the request's company."
)
class CompanySummary:
    id: strawberry.ID = strawberry.field(description="The GUID of the company.")
    name: str = strawberry.field(description="The unique name of the company.")
    currency_code: str = strawberry.field(
        description="The ISO 4217 code of the currency of its books."
    )
    refuse_duplicate_external_document_numbers: bool = strawberry.field(description=DUPLICATES_NOTE)


@strawberry.type
class CompanyPayload:
    company: CompanySummary | None = strawberry.field(
        description="The company after the mutation; null if it was refused.", default=None
    )
    user_errors: list[UserError] = strawberry.field(
        description="Every reason for a refusal; empty if there was none.", default_factory=list
    )


@strawberry.type(description="The result of `createCompany`.")
class CreateCompanyPayload(CompanyPayload): ...


@strawberry.type(description="The result of `renameCompany`.")
class RenameCompanyPayload(CompanyPayload): ...


@strawberry.type(description="The result of `updateCompany`.")
class UpdateCompanyPayload(CompanyPayload): ...


def _summary(company: Any, *, dry_run: bool = False) -> CompanySummary:
    """The summary of a company; in a dry run, with an id that no stored company has."""
    key = f"{PREVIEW}{company.id}" if dry_run else company.id
    return CompanySummary(
        id=strawberry.ID(key),
        name=company.name,
        currency_code=company.currency_code,
        refuse_duplicate_external_document_numbers=company.refuse_duplicate_external_document_numbers,
    )


async def companies(info: Info) -> list[CompanySummary]:
    visible = info.context.caller.companies
    rows = await info.context.reader.whole(CompanyRow, "name")
    return [_summary(each) for each in rows if visible is None or each.id in visible]


def _check_unlimited(info: Info) -> None:
    """Raises CompanyForbidden."""
    caller = info.context.caller
    if caller.companies is not None or caller.customers is not None:
        raise CompanyForbidden("The credential is limited, so it cannot create companies.")


def _check_visible(info: Info, key: str) -> None:
    """Raises CompanyGone if the caller may not change the company as a whole."""
    caller = info.context.caller
    is_outside = caller.companies is not None and canonical_guid(key) not in caller.companies
    if is_outside or caller.customers is not None:
        raise CompanyGone(f"There is no company {key!r}.")


async def _perform(
    info: Info, payload: Any, work: Callable[[], Awaitable[CompanyRow]], *, dry_run: bool
) -> Any:
    """The payload with the company that `work` returns, or with its refusal. The reader first returns
    its connection, so that no operation waits for a second one."""

    async def make() -> Any:
        await info.context.reader.restart()
        try:
            company = await retried(info.context.database, work)
        except CompanyRefused as refused:
            code, argument = REFUSALS[type(refused)]
            return payload(user_errors=[user_error(Problem(code, (argument,), str(refused)), None)])
        return payload(company=_summary(company, dry_run=dry_run))

    return await info.context.state.payload(info.path.key, make)


async def _create(
    info: Info, name: Name, currency: CurrencyCode, dry_run: DryRun = False
) -> CreateCompanyPayload | None:
    def work() -> Awaitable[CompanyRow]:
        _check_unlimited(info)
        return create_company(info.context.database, name, currency, dry_run=dry_run)

    result: CreateCompanyPayload = await _perform(info, CreateCompanyPayload, work, dry_run=dry_run)
    return result


async def _rename(
    info: Info, id: Id, name: Name, dry_run: DryRun = False
) -> RenameCompanyPayload | None:
    def work() -> Awaitable[CompanyRow]:
        _check_visible(info, id)
        return rename_company(info.context.database, id, name, dry_run=dry_run)

    result: RenameCompanyPayload = await _perform(info, RenameCompanyPayload, work, dry_run=dry_run)
    return result


async def _update(
    info: Info,
    id: Id,
    refuse_duplicate_external_document_numbers: RefuseDuplicates,
    dry_run: DryRun = False,
) -> UpdateCompanyPayload | None:
    def work() -> Awaitable[CompanyRow]:
        _check_visible(info, id)
        return update_company(
            info.context.database,
            id,
            refuse_duplicate_external_document_numbers=refuse_duplicate_external_document_numbers,
            dry_run=dry_run,
        )

    result: UpdateCompanyPayload = await _perform(info, UpdateCompanyPayload, work, dry_run=dry_run)
    return result


@requires(AccessScope.ADMIN)
@strawberry.type
class CompanyMutation:
    create_company: CreateCompanyPayload | None = strawberry.mutation(
        resolver=_create,
        description="Create a company with its currency and its series of order numbers. The first"
        " company created replaces the initial company of a new database, if that is still empty.",
    )
    rename_company: RenameCompanyPayload | None = strawberry.mutation(
        resolver=_rename,
        description="Rename a company. Requests must then send the new name in the Company header.",
    )
    update_company: UpdateCompanyPayload | None = strawberry.mutation(
        resolver=_update, description="Change the settings of a company."
    )

"""The administration of API keys: one query and three mutations."""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import orjson
import strawberry

from gateway.access.keys import (
    KeyGone,
    KeyRefused,
    KeyRequest,
    create_key,
    ids_of,
    revoke_keys,
    rotate_key,
    scopes_of,
)
from gateway.access.scopes import SCOPES, AccessScope
from gateway.api.context import Info
from gateway.api.errors import user_error
from gateway.api.key_types import (
    ApiKey,
    CreateApiKeyInput,
    CreateApiKeyPayload,
    RevokeApiKeyPayload,
    RotateApiKeyPayload,
)
from gateway.api.required_scopes import requires
from gateway.orders.preview import PREVIEW
from gateway.orders.problems import Problem, ProblemCode
from gateway.storage.companies import customer_ids
from gateway.storage.company_directory import find_scope
from gateway.storage.key_records import list_keys
from gateway.storage.scope import CompanyNotFound, ScopeRequest
from gateway.storage.tables.api_keys import ApiKeyRow
from gateway.storage.tables.column_types import canonical_guid

LONGEST_OVERLAP = 24 * 365

Id = Annotated[strawberry.ID, strawberry.argument(description="GUID of the key.")]
DryRun = Annotated[bool, strawberry.argument(description="Check everything and store nothing.")]
OverlapHours = Annotated[
    int,
    strawberry.argument(
        description=f"Hours for which the old key stays valid, from 0 to {LONGEST_OVERLAP:,}."
    ),
]


class _Refused(Exception):
    """A value that prevents a change of keys."""

    def __init__(self, code: ProblemCode, path: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(code, (path,), message)


async def api_keys(info: Info) -> list[ApiKey]:
    rows: Sequence[Any]
    if info.context.database.is_secured:  # the role that serves requests cannot read keys
        rows = await list_keys(info.context.database)
    else:
        rows = await info.context.reader.whole(ApiKeyRow, "created_date_time")
    return [_shown(each) for each in rows if _is_ours(info, each)]


def _is_ours(info: Info, key: Any) -> bool:
    """Whether the caller may administer a key: it must not give access to anything beyond the caller's
    own."""
    caller, companies = info.context.caller, ids_of(key.companies)
    if caller.customers is not None:
        return False
    return caller.companies is None or (companies is not None and companies <= caller.companies)


def _shown(key: Any, *, dry_run: bool = False) -> ApiKey:
    def ids(text: str | None) -> list[strawberry.ID]:
        return [strawberry.ID(each) for each in orjson.loads(text or "[]")]

    return ApiKey(
        id=strawberry.ID(f"{PREVIEW}{key.id}" if dry_run else key.id),
        name=key.name,
        prefix=key.prefix,
        scopes=sorted(scopes_of(key)),
        is_limited_to_companies=key.companies is not None,
        company_ids=ids(key.companies),
        is_limited_to_customers=key.customers is not None,
        customer_ids=ids(key.customers),
        created_by=key.created_by,
        created_date_time=key.created_date_time,
        expires_date_time=key.expires_date_time,
        revoked_date_time=key.revoked_date_time,
        last_used_date_time=key.last_used_date_time,
    )


async def _perform(
    info: Info,
    payload: Any,
    work: Callable[[], Awaitable[tuple[ApiKeyRow, str | None]]],
    *,
    dry_run: bool,
) -> Any:
    """The payload with the key that `work` creates or changes, or with its refusal. The reader first
    returns its connection, so that no operation waits for a second one."""

    async def make() -> Any:
        await info.context.reader.restart()
        try:
            key, secret = await work()
        except _Refused as refused:
            root = None if payload is not CreateApiKeyPayload else "input"
            return payload(user_errors=[user_error(refused.problem, root)])
        shown = _shown(key, dry_run=dry_run and payload is not RevokeApiKeyPayload)
        result = payload(api_key=shown)
        if secret is not None and not dry_run:
            result.secret = secret
        return result

    return await info.context.state.payload(info.path.key, make)


async def _request(info: Info, input: CreateApiKeyInput) -> KeyRequest:
    """Raises _Refused."""
    if info.context.caller.customers is not None:
        message = "The credential is limited to customers, so it cannot create keys."
        raise _Refused(ProblemCode.FORBIDDEN, "name", message)
    unknown = [scope for scope in input.scopes if scope not in SCOPES]
    if unknown:
        message = f"{unknown[0][:50]!r} is no scope: name some of {', '.join(SCOPES)}."
        raise _Refused(ProblemCode.INVALID, "scopes", message)
    scopes = frozenset(map(AccessScope, input.scopes))
    companies = await _companies(info, input, scopes)
    customers = await _customers(info, input, companies)
    return KeyRequest(input.name, scopes, companies, customers, input.expires_date_time)


async def _companies(
    info: Info, input: CreateApiKeyInput, scopes: frozenset[AccessScope]
) -> frozenset[str] | None:
    caller = info.context.caller
    if input.company is None and AccessScope.ADMIN in scopes and input.customers is None:
        return caller.companies
    try:
        request = ScopeRequest(input.company, caller.companies)
        return frozenset({(await find_scope(info.context.database, request)).company})
    except CompanyNotFound as missing:
        raise _Refused(ProblemCode.NOT_FOUND, "company", str(missing)) from missing


async def _customers(
    info: Info, input: CreateApiKeyInput, companies: frozenset[str] | None
) -> frozenset[str] | None:
    if input.customers is None or companies is None:
        return None
    [company] = companies
    ids = await customer_ids(info.context.database, company, input.customers)
    if missing := [number for number in input.customers if number not in ids]:
        message = f"There is no customer {missing[0][:50]!r}."
        raise _Refused(ProblemCode.NOT_FOUND, "customers", message)
    return frozenset(ids.values())


async def _create(
    info: Info,
    input: Annotated[
        CreateApiKeyInput, strawberry.argument(description="What the new key allows.")
    ],
    dry_run: DryRun = False,
) -> CreateApiKeyPayload | None:
    async def work() -> tuple[ApiKeyRow, str]:
        request, creator = await _request(info, input), info.context.caller.name
        try:
            return await create_key(
                info.context.database, request, creator=creator, dry_run=dry_run
            )
        except KeyRefused as refused:
            raise _Refused(ProblemCode.INVALID, "name", str(refused)) from refused

    result: CreateApiKeyPayload = await _perform(info, CreateApiKeyPayload, work, dry_run=dry_run)
    return result


async def _existing(info: Info, key: str) -> ApiKeyRow:
    """The key with this id, if the caller may administer it. Raises _Refused."""
    for each in await list_keys(info.context.database):
        if each.id == canonical_guid(key) and _is_ours(info, each):
            return each
    raise _Refused(ProblemCode.NOT_FOUND, "id", "There is no key with this id.")


async def _rotate(
    info: Info, id: Id, overlap_hours: OverlapHours = 24, dry_run: DryRun = False
) -> RotateApiKeyPayload | None:
    async def work() -> tuple[ApiKeyRow, str]:
        old = await _existing(info, id)
        if not 0 <= overlap_hours <= LONGEST_OVERLAP:
            message = f"The overlap must be between 0 and {LONGEST_OVERLAP:,} hours."
            raise _Refused(ProblemCode.OUT_OF_RANGE, "overlap_hours", message)
        overlap, creator = dt.timedelta(hours=overlap_hours), info.context.caller.name
        try:
            return await rotate_key(
                info.context.database, old.id, overlap=overlap, creator=creator, dry_run=dry_run
            )
        except KeyGone as gone:
            raise _Refused(ProblemCode.WRONG_STATUS, "id", str(gone)) from gone

    result: RotateApiKeyPayload = await _perform(info, RotateApiKeyPayload, work, dry_run=dry_run)
    return result


async def _revoke(info: Info, id: Id, dry_run: DryRun = False) -> RevokeApiKeyPayload | None:
    async def work() -> tuple[ApiKeyRow, None]:
        key = await _existing(info, id)
        try:
            [revoked] = await revoke_keys(
                info.context.database, key.id, revoker=info.context.caller.name, dry_run=dry_run
            )
        except KeyGone as gone:
            raise _Refused(ProblemCode.WRONG_STATUS, "id", str(gone)) from gone
        return revoked, None

    result: RevokeApiKeyPayload = await _perform(info, RevokeApiKeyPayload, work, dry_run=dry_run)
    return result


@requires(AccessScope.ADMIN)
@strawberry.type
class KeyMutation:
    create_api_key: CreateApiKeyPayload | None = strawberry.mutation(
        resolver=_create, description="Create a key of a client. Its secret is shown only once."
    )
    rotate_api_key: RotateApiKeyPayload | None = strawberry.mutation(
        resolver=_rotate,
        description="Create a key with the rights of another, which stays valid for a while.",
    )
    revoke_api_key: RevokeApiKeyPayload | None = strawberry.mutation(
        resolver=_revoke,
        description="Revoke a key, which every process then refuses within a second.",
    )

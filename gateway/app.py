"""Assembles the application from its packages."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from structlog.typing import FilteringBoundLogger

from gateway.access.authenticator import Authenticator
from gateway.access.caller import ANYONE, Caller
from gateway.access.quotas import Quota
from gateway.api.context import Context, OperationState
from gateway.api.explain import explain_operation, json_object
from gateway.api.plan_runner import PlanRunner
from gateway.api.schema import sdl
from gateway.api.trusted_documents import (
    CheckedDocument,
    check_trusted,
    checked_document,
    trust_documents,
)
from gateway.exchange.exports.export_request import ExportRequest
from gateway.exchange.exports.export_stream import Download, open_download
from gateway.exchange.formats.reader_processes import READERS
from gateway.exchange.imports.runner import Runner
from gateway.execution.limits import Limits
from gateway.execution.manifests import read_manifests
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.execution.turns import Turns
from gateway.limited_access import caller_limits, highest_cost
from gateway.opened_database import database_fault, open_database
from gateway.orders.service import Rules
from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.expired_records import Sweeper
from gateway.storage.plans.row_store import RowsStore
from gateway.storage.statement_count import count_statements
from gateway.storage.writability import check_writable
from gateway.token_access import token_verifier
from gateway.web.caller_limits import CallerLimits
from gateway.web.content_encoding import PACKED_TYPES
from gateway.web.credentials import Credentials
from gateway.web.cross_origin import CrossOrigin
from gateway.web.downloads import Exports
from gateway.web.endpoint import Endpoint
from gateway.web.foreign_origins import ForeignOrigins
from gateway.web.graphiql_page import assets
from gateway.web.health import Readiness, live
from gateway.web.import_files import ImportFiles
from gateway.web.known_hosts import KnownHosts
from gateway.web.redirects import REDIRECTS, answer_http_exception
from gateway.web.request_log import RequestLog
from gateway.web.response_headers import ResponseHeaders
from gateway.web.resumable_uploads import ResumableUploads
from gateway.web.uploads import Uploads

CONNECTION_WITHIN = 5
"""Seconds that an operation waits for a connection if all are in use."""

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


def create_app(
    settings: Settings,
    *,
    listens_on: Sequence[str] = (),
    log: FilteringBoundLogger | None = None,
) -> Starlette:
    """The gateway over the database of `settings`, which logs its requests to `log`.

    Raises BadManifest. It answers only requests for the host names of this machine, those in `listens_on` and those in the
    settings, so that a foreign page cannot reach it through its own host name (DNS rebinding)."""
    READERS.memory = settings.read_memory
    database = open_database(settings, serves_within=settings.deadline, **_pool(settings))
    store = RowsStore(database)
    runner = Runner(database, Rules(largest_order=settings.max_lines), settings.uploads)
    authenticator = Authenticator(database, token_verifier(settings, database))
    callers = caller_limits(settings)

    readiness = Readiness(lambda: database_fault(database), lambda: check_writable(database))
    app = Starlette(
        routes=[
            *_routes(settings, database, store, runner, callers),
            Route("/readyz", readiness.answer),
        ],
        middleware=[*_request_log(log), *_middleware(settings, authenticator, listens_on)],
        exception_handlers={HTTPException: answer_http_exception},
        lifespan=lambda _: _running(database, store, runner, authenticator, callers),
    )
    app.router.redirect_slashes = False
    app.state.readiness = readiness
    return app


@asynccontextmanager
async def _running(
    database: Database,
    store: RowsStore,
    runner: Runner,
    authenticator: Authenticator,
    callers: CallerLimits,
) -> AsyncIterator[None]:
    """What runs beside requests, until the gateway stops and closes everything."""
    sweeper = Sweeper(database)
    authenticator.start()
    sweeper.start()
    await runner.start()
    yield
    await sweeper.close()
    await runner.close()
    await authenticator.close()
    await callers.close()
    store.close()
    await database.dispose()


def _pool(settings: Settings) -> dict[str, Any]:
    """The options of an engine with a pool of a fixed size."""
    return {
        "pool_size": settings.pool_size,
        "max_overflow": 0,
        "pool_timeout": CONNECTION_WITHIN,
    }


def stop_reading() -> None:
    """Stop reading files, so that the requests and jobs that wait for it end. A signal handler may call
    this."""
    READERS.stop()


def explain_on(settings: Settings, text: str, variables: str, name: str | None) -> str:
    """How an operation runs on the database of `settings`, without reading it; `variables` are JSON.
    Raises CannotExplain."""
    with _planning(settings) as (plans, context):
        named = context.copy(operation_name=name)
        return explain_operation(plans, text, json_object(variables), named)


def check_manifests(settings: Settings, files: Sequence[Path]) -> Iterator[CheckedDocument]:
    """The documents of these manifests, checked one after the other. Raises BadManifest."""
    entries = read_manifests(files)
    with _planning(settings) as (plans, context):
        for entry in entries:
            yield checked_document(plans, entry, context)


def check_trusted_documents(settings: Settings) -> None:
    """Raises BadManifest if a trusted document cannot run. Those that can are not validated again in this
    process and in those that it forks."""
    with _planning(settings) as (plans, context):
        check_trusted(plans, read_manifests(settings.manifests), context)


@contextmanager
def _planning(settings: Settings) -> Iterator[tuple[PlanRunner, Context]]:
    """What plans operations for the database of `settings`, without reading it."""
    database = open_database(settings)
    store = RowsStore(database)
    runner = Runner(database, Rules(largest_order=settings.max_lines), settings.uploads)
    limits = _limits(settings)
    try:
        yield (
            PlanRunner(store),
            Context(database, runner.rules, settings.max_page, runner, limits=limits),
        )
    finally:
        store.close()


def _routes(
    settings: Settings,
    database: Database,
    store: RowsStore,
    runner: Runner,
    callers: CallerLimits,
) -> list[BaseRoute]:
    uploads = Uploads(runner, settings.max_upload)
    resumable = ResumableUploads(uploads, settings.uploads, settings.max_upload)
    files = ImportFiles(runner)

    def export(company: str | None, caller: Caller, request: ExportRequest) -> Awaitable[Download]:
        return open_download(database, caller.request_in(company), request)

    exports = Exports(export, most=max(1, settings.pool_size // 2))

    return [
        Route(
            "/graphql",
            _endpoint(settings, database, store, runner, callers),
            methods=["GET", "HEAD", "POST"],
        ),
        *REDIRECTS,
        Mount("/graphiql", routes=assets()),
        Route("/schema.graphql", _schema_text),
        Route("/imports", resumable.create, methods=["POST"]),
        Route("/imports/uploads/{id}", resumable.proceed, methods=["HEAD", "PATCH", "DELETE"]),
        Route("/imports/{id}/refused", files.refused),
        Route("/imports/{id}/results", files.results),
        Route("/exports", exports.answer),
        Route("/healthz", live),
    ]


def _endpoint(
    settings: Settings,
    database: Database,
    store: RowsStore,
    runner: Runner,
    callers: CallerLimits,
) -> Endpoint:
    plans = PlanRunner(store)
    context = _contexts(settings, database, plans, runner)
    return Endpoint(
        context,
        settings.max_body,
        _documents(settings, plans, context(None, ANYONE, None)),
        callers,
        most_in_batch=settings.max_batch,
        shows_engine=settings.debug,
    )


def _contexts(
    settings: Settings, database: Database, plans: PlanRunner, runner: Runner
) -> Callable[[str | None, Caller, Quota | None], Context]:
    """What makes the context of an operation from the company it names, its caller and the caller's quota."""
    shared = Context(
        database,
        runner.rules,
        settings.max_page,
        runner,
        limits=_limits(settings),
        seconds=settings.deadline,
        plans=plans,
        turns=Turns(),
    )

    def context(company: str | None, caller: Caller, quota: Quota | None) -> Context:
        request = caller.request_in(company)
        return shared.copy(request=request, caller=caller, quota=quota, state=OperationState())

    return context


def _documents(settings: Settings, plans: PlanRunner, context: Context) -> PersistedDocuments:
    """The documents that clients may name, those of manifests compiled. Raises BadManifest."""
    entries = read_manifests(settings.manifests)
    trust_documents(plans, entries, context)
    trusted = {entry.id: entry.text for entry in entries}
    return PersistedDocuments(trusted, only_trusted=settings.documents == "trusted")


async def _schema_text(request: Request) -> Response:
    return PlainTextResponse(sdl())


def _limits(settings: Settings) -> Limits:
    return Limits(cost=highest_cost(settings), depth=settings.max_depth)


def _middleware(
    settings: Settings, authenticator: Authenticator, listens_on: Sequence[str]
) -> list[Middleware]:
    hosts = [*LOOPBACK_NAMES, *listens_on, *settings.allowed_hosts]
    authenticate = authenticator.caller if settings.auth == "required" else None
    return [
        Middleware(ResponseHeaders),
        Middleware(KnownHosts, allowed=hosts),
        Middleware(
            CrossOrigin,
            origins=settings.allowed_origins,
            methods=settings.allowed_methods,
            headers=settings.allowed_headers,
        ),
        Middleware(Credentials, authenticate=authenticate),
        Middleware(ForeignOrigins, allowed=settings.allowed_origins),
        Middleware(
            GZipMiddleware, minimum_size=1000, compresslevel=5, exclude_content_types=PACKED_TYPES
        ),
    ]


def _request_log(log: FilteringBoundLogger | None) -> list[Middleware]:
    if log is None or not log.is_enabled_for(logging.INFO):
        return []
    return [Middleware(RequestLog, log=log, count=count_statements)]

"""Downloads of an import job: GET /imports/{id}/refused returns its refused rows, and GET
/imports/{id}/results the result of every row."""

from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.access.scopes import AccessScope
from gateway.exchange.imports.runner import ImportNotFound, Runner
from gateway.web.credentials import caller_of, company_of
from gateway.web.error_responses import error_response, refusal
from gateway.web.parameters import BadParameter, read_parameters

RESULTS = "import-results.jsonl"


class ImportFiles:
    """The endpoints for the files of the jobs of `runner`."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def refused(self, request: Request) -> Response:
        """The refused rows of a job, to be corrected and uploaded again; 204 if there are none."""
        return await _answer(request, self._refused)

    async def results(self, request: Request) -> Response:
        """A JSON object for each row that the job has applied or refused so far."""
        return await _answer(request, self._results)

    async def _refused(self, request: Request) -> Response:
        scope = caller_of(request).request_in(company_of(request))
        report = await self._runner.error_report(scope, request.path_params["id"])
        if report is None:
            return Response(status_code=204)
        kind = "application/zip" if report.name.endswith(".zip") else "text/plain; charset=utf-8"
        return _file(request, report.name, report.chunks, kind)

    async def _results(self, request: Request) -> Response:
        scope = caller_of(request).request_in(company_of(request))
        lines = await self._runner.results(scope, request.path_params["id"])
        return _file(request, RESULTS, lines, "application/x-ndjson")


async def _answer(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    try:
        caller_of(request).require([AccessScope.ORDERS_IMPORT], "An import")
        read_parameters(request.query_params, ())
        return await answer(request)
    except BadParameter as bad:
        return refusal(400, "BAD_USER_INPUT", str(bad))
    except ImportNotFound as missing:
        return refusal(404, "NOT_FOUND", str(missing))
    except Exception as error:  # noqa: BLE001 - masked, and logged
        return error_response(error)


def _file(request: Request, name: str, chunks: AsyncIterator[bytes], kind: str) -> Response:
    plain = name.encode("ascii", "replace").decode().replace('"', "")
    headers = {
        "Content-Disposition": f'attachment; filename="{plain}"',
        "Cache-Control": "no-store",
    }
    wanted = chunks if request.method != "HEAD" else iter(())
    return StreamingResponse(wanted, headers=headers, media_type=kind)

"""The liveness and readiness checks."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

HEALTH_PATHS = ("/healthz", "/readyz")


async def live(request: Request) -> Response:
    """Answers whenever the process runs, whatever the state of the database."""
    return PlainTextResponse("ok\n")


def ready(why_not: Callable[[], Awaitable[str | None]]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers 503 with the reason as long as `why_not` returns one."""

    async def answer(request: Request) -> Response:
        reason = await why_not()
        return PlainTextResponse(f"{reason or 'ok'}\n", status_code=503 if reason else 200)

    return answer

"""The responses to failed uploads and downloads."""

import logging
import uuid

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.api.errors import TEMPORARY, code_of
from gateway.web.request_log import note

log = logging.getLogger("gateway")

STATUSES = {
    "FORBIDDEN": 403,
    "COMPANY_NOT_FOUND": 404,
    "NOT_WRITABLE": 503,
    "OVERLOADED": 503,
    "UNAVAILABLE": 503,
}

RETRY = {"Retry-After": "1"}
"""The header of a response to a failure that passes by itself."""


class RefusalResponse(Response):
    """A response to a request that is refused, whose code is logged."""

    def __init__(
        self,
        code: str,
        content: bytes,
        status: int,
        headers: dict[str, str] | None = None,
        media_type: str = "application/json",
    ) -> None:
        super().__init__(content, status, headers, media_type)
        self._code = code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        note(scope, codes=[self._code])
        await super().__call__(scope, receive, send)


def refusal(
    status: int,
    code: str,
    message: str,
    headers: dict[str, str] | None = None,
    **members: object,
) -> Response:
    """`members` are further members of the JSON object."""
    content = orjson.dumps({"code": code, "message": message, **members})
    return RefusalResponse(code, content, status, headers)


def error_response(error: Exception) -> Response:
    """The response to an error. An unexpected error is logged as an incident, and the client only gets
    its id."""
    code = code_of(error)
    if code is not None:
        headers = RETRY if code in TEMPORARY else None
        return refusal(STATUSES.get(code, 400), code, str(error), headers)
    incident = uuid.uuid4().hex
    log.error("incident %s: %s", incident, error, exc_info=error)
    message = f"The gateway failed to answer this. It is logged as incident {incident}."
    return refusal(500, "INTERNAL_ERROR", message)

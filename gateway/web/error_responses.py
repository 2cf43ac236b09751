"""The responses to uploads and downloads that fail."""

import logging
import uuid

from starlette.responses import JSONResponse, Response

from gateway.api.errors import CODES

log = logging.getLogger("gateway")

STATUSES = {"FORBIDDEN": 403, "COMPANY_NOT_FOUND": 404, "OVERLOADED": 503}


def refusal(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> Response:
    return JSONResponse({"code": code, "message": message}, status, headers)


def error_response(error: Exception) -> Response:
    """The response to an error. An unexpected one is logged as an incident, and only its id is sent."""
    code = CODES.get(type(error))
    if code is not None:
        return refusal(STATUSES.get(code, 400), code, str(error))
    incident = uuid.uuid4().hex
    log.error("incident %s: %s", incident, error, exc_info=error)
    message = f"The gateway failed to answer this. It is logged as incident {incident}."
    return refusal(500, "INTERNAL_ERROR", message)

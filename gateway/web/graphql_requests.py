"""Reads the operation of a request: a JSON body, or the parameters of a GET."""

import json
from decimal import Decimal
from functools import partial
from typing import Any

from starlette.requests import Request

from gateway.api.operations import Operation
from gateway.execution.persisted_documents import (
    DIGEST,
    PREFIX,
    DocumentReference,
    PersistedDocuments,
)
from gateway.web.graphql_responses import JSON

NAMES = frozenset({"query", "documentId", "extensions"})
"""The parameters of a GET that make it an operation."""

WRONG_PREFIX = f"After `{PREFIX}`, `documentId` has 64 hexadecimal digits in lower case."


class JsonNumber(Decimal):
    """A number in a request, which messages quote as it was sent."""

    def __inspect__(self) -> str:
        return str(self)


class HttpError(Exception):
    """A request whose operation is not run. The response has this status."""

    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def has_operation(request: Request) -> bool:
    """Whether a request is one for an operation rather than for a page."""
    return request.method == "POST" or not NAMES.isdisjoint(request.query_params)


async def read_members(request: Request, largest: int) -> Any:
    """The members of the request, which are not checked. Raises HttpError."""
    if request.method != "POST":
        parameters: Any = dict(request.query_params)
        for name in ("variables", "extensions"):
            if name in parameters:
                parameters[name] = _json(parameters[name], name)
        return parameters
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpError(415, "Send the operation uncompressed.", "UNSUPPORTED_MEDIA_TYPE")
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != JSON:
        raise HttpError(415, f"Send the operation as {JSON}.", "UNSUPPORTED_MEDIA_TYPE")
    return _json(await _body(request, largest), "body")


def read_operation(request: Request, members: Any, documents: PersistedDocuments) -> Operation:
    """The operation with these members. Raises HttpError, and DocumentRefused."""
    if not isinstance(members, dict):
        raise _bad("The body is an object with `query` and `variables`.")
    name, variables = members.get("operationName"), members.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise _bad("`variables` is an object.")
    if name is not None and not isinstance(name, str):
        raise _bad("`operationName` is text.")
    query, digest = _document(members, documents)
    return Operation(
        query,
        variables,
        name or None,
        may_change=request.method == "POST",
        if_match=request.headers.get("if-match"),
        idempotency_key=partial(request.headers.get, "idempotency-key"),
        digest=digest,
    )


def _document(members: dict[str, Any], documents: PersistedDocuments) -> tuple[str, str | None]:
    """The text of the document, and the hash under which to persist it."""
    query = members.get("query")
    has_reference = "extensions" in members or "documentId" in members
    reference = _reference(members) if has_reference else None
    if reference is None:
        if not isinstance(query, str) or not query:
            raise _bad("Give the operation as text in `query`.")
        documents.check(query)
        return query, None
    if query is not None and (not isinstance(query, str) or not query):
        raise _bad("`query` is text.")
    text = documents.find(reference, query)
    return text, None if query is None else reference.digest


def _reference(members: dict[str, Any]) -> DocumentReference | None:
    """What the request has instead of a document, or besides it."""
    extensions, identifier = members.get("extensions"), members.get("documentId")
    if extensions is not None and not isinstance(extensions, dict):
        raise _bad("`extensions` is an object.")
    persisted = extensions.get("persistedQuery") if extensions else None
    if identifier is None:
        return None if persisted is None else _hash_reference(persisted)
    if persisted is not None:
        raise _bad("Send either `documentId` or the extension `persistedQuery`.")
    if not isinstance(identifier, str) or not identifier:
        raise _bad("`documentId` is text.")
    digest = identifier.removeprefix(PREFIX)
    if digest != identifier and not DIGEST.fullmatch(digest):
        raise _bad(WRONG_PREFIX)
    return DocumentReference(identifier)


def _hash_reference(persisted: Any) -> DocumentReference:
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if not isinstance(digest, str) or not digest:
        raise _bad("`extensions.persistedQuery` is an object with `version` and `sha256Hash`.")
    if persisted.get("version") != 1:
        raise _bad("Unsupported persisted query version")
    return DocumentReference(digest, is_hash=True)


def _bad(message: str) -> HttpError:
    return HttpError(400, message, "BAD_REQUEST")


async def _body(request: Request, largest: int) -> bytes:
    """The whole body; raises HttpError as soon as it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise HttpError(413, f"A request has at most {largest:,} bytes.", "TOO_LARGE")
    return bytes(body)


def _json(text: str | bytes, name: str) -> Any:
    """Numbers are read exactly, digit by digit."""
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        return DECODER.decode(text)
    except (ValueError, ArithmeticError, RecursionError):
        raise HttpError(400, f"The {name} is not JSON.", "BAD_REQUEST") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(parse_float=JsonNumber, parse_constant=_refuse_constant)
"""`json.loads` would make one for each text."""

"""Uploads that continue after an interruption, as in the draft "Resumable Uploads for HTTP" of the IETF
(draft-ietf-httpbis-resumable-upload):

POST /imports with `Upload-Complete: ?0` creates one, HEAD returns its offset, PATCH appends to it, and
DELETE cancels it. The response to the last part is that of POST /imports. The received parts are in the
import folder, and so survive a restart."""

import asyncio
import re
import shutil
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message

from gateway.access.scopes import AccessScope
from gateway.web.content_encoding import stated_compression
from gateway.web.credentials import caller_of
from gateway.web.error_responses import error_response, refusal
from gateway.web.parameters import BadParameter, read_parameters
from gateway.web.uploads import CHUNK, IMPORT_PARAMETERS, BadUpload, Uploads

UPLOADS = "unfinished"
"""The subfolder of the import folder."""

CONTENT, DESCRIPTION, ANSWER = "content", "description.json", "answer.json"
MOST_UNFINISHED = 20
EXPIRES_AFTER = 24 * 3600
"""Seconds after the last received part."""

YES, NO = "?1", "?0"
PARTIAL_UPLOAD = "application/partial-upload"
MISMATCH = "https://iana.org/assignments/http-problem-types#mismatching-upload-offset"
KEPT_HEADERS = ("company", "content-type", "content-encoding")
KEY = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class UnfinishedUpload:
    """An upload in `folder`."""

    folder: Path

    @property
    def size(self) -> int:
        """The bytes received so far."""
        answer = self.answer
        return answer["size"] if answer else (self.folder / CONTENT).stat().st_size

    @property
    def answer(self) -> Any | None:
        """The response to the last part, once it has been sent."""
        file = self.folder / ANSWER
        return orjson.loads(file.read_bytes()) if file.exists() else None

    @property
    def description(self) -> Any:
        return orjson.loads((self.folder / DESCRIPTION).read_bytes())

    @property
    def owner(self) -> str | None:
        """The credential that began the upload."""
        owner: str | None = self.description["owner"]
        return owner

    @property
    def has_expired(self) -> bool:
        moved = [path.stat().st_mtime for path in (self.folder, *self.folder.iterdir())]
        return max(moved) < time.time() - EXPIRES_AFTER

    def finish(self, response: Response) -> None:
        """Keep the response to the last part, which the client may not have received, but not the
        content."""
        answer = {
            "size": self.size,
            "status": response.status_code,
            "body": orjson.loads(bytes(response.body)),
        }
        part = self.folder / f"{ANSWER}.part"
        part.write_bytes(orjson.dumps(answer))
        part.replace(self.folder / ANSWER)
        (self.folder / CONTENT).unlink()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class ResumableUploads:
    """The endpoint for uploads in several requests, of at most `largest` bytes each."""

    def __init__(self, uploads: Uploads, folder: Path, largest: int) -> None:
        self._uploads = uploads
        self._folder = folder / UPLOADS
        self._largest = largest
        self._writers: dict[str, object] = {}
        """The request that may write to each upload; a later request replaces it."""

    async def create(self, request: Request) -> Response:
        """Create an upload with its first part; without `Upload-Complete: ?0` that is all of it."""
        if request.headers.get("upload-complete") != NO:
            return await self._uploads.answer(request)
        return await _answered(request, self._create)

    async def proceed(self, request: Request) -> Response:
        """HEAD, PATCH and DELETE."""
        methods = {"HEAD": self._state, "PATCH": self._append, "DELETE": self._cancel}
        return await _answered(request, methods[request.method])

    async def _create(self, request: Request) -> Response:
        read_parameters(request.query_params, IMPORT_PARAMETERS)
        stated_compression(request.headers.get("content-encoding", ""))
        length = _number(request, "upload-length", missing=None)
        self._check(length or 0)
        await asyncio.to_thread(self._sweep)
        description = {
            "query": request.scope["query_string"].decode("latin-1"),
            "headers": {
                name: request.headers[name] for name in KEPT_HEADERS if name in request.headers
            },
            "length": length,
            "owner": caller_of(request).credential,
        }
        upload = UnfinishedUpload(self._folder / uuid.uuid4().hex)
        upload.folder.mkdir(parents=True)
        (upload.folder / DESCRIPTION).write_bytes(orjson.dumps(description))
        (upload.folder / CONTENT).touch()
        await self._receive(request, upload)
        location = f"/imports/uploads/{upload.folder.name}"
        return Response(status_code=201, headers={"Location": location, **self._headers(upload)})

    def _sweep(self) -> None:
        """Remove uploads that have expired. Raises BadUpload if too many others are unfinished."""
        unfinished = 0
        for folder in self._folder.glob("*"):
            upload = UnfinishedUpload(folder)
            if upload.has_expired:
                upload.remove()
            else:
                unfinished += not (folder / ANSWER).exists()
        if unfinished >= MOST_UNFINISHED:
            message = "Too many uploads are unfinished: try again later."
            raise BadUpload(503, "TOO_MANY_UPLOADS", message)

    async def _state(self, request: Request) -> Response:
        upload = self._of(request)
        self._writers.pop(upload.folder.name, None)
        return Response(status_code=204, headers=self._headers(upload))

    async def _cancel(self, request: Request) -> Response:
        upload = self._of(request)
        self._writers.pop(upload.folder.name, None)
        await asyncio.to_thread(upload.remove)
        return Response(status_code=204)

    async def _append(self, request: Request) -> Response:
        upload = self._of(request)
        content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if content_type != PARTIAL_UPLOAD:
            message = f"Send a part of an upload as {PARTIAL_UPLOAD}."
            raise BadUpload(415, "UNSUPPORTED_MEDIA_TYPE", message)
        state = request.headers.get("upload-complete")
        if state not in (YES, NO):
            raise BadParameter("The header Upload-Complete must be ?0, or ?1 for the last part.")
        offset, size = _number(request, "upload-offset"), upload.size
        if offset != size:
            return _mismatch(size, offset)
        if (answer := upload.answer) is not None:
            return JSONResponse(answer["body"], answer["status"])
        await self._receive(request, upload)
        if state == NO:
            return Response(status_code=204, headers=self._headers(upload))
        return await self._finish(request, upload)

    async def _receive(self, request: Request, upload: UnfinishedUpload) -> None:
        """Append the body as it arrives. Raises BadUpload once another request continues the upload."""
        writer = self._writers[upload.folder.name] = object()
        length = upload.description["length"]
        with (upload.folder / CONTENT).open("ab") as file:
            async for chunk in request.stream():
                if self._writers.get(upload.folder.name) is not writer:
                    raise BadUpload(409, "CONFLICT", "Another request continues this upload.")
                self._check(file.tell() + len(chunk))
                if length is not None and file.tell() + len(chunk) > length:
                    raise _wrong_length()
                file.write(chunk)
                file.flush()

    async def _finish(self, request: Request, upload: UnfinishedUpload) -> Response:
        """Handle the whole upload as if it had come in one request."""
        description = upload.description
        if description["length"] not in (None, upload.size):
            raise _wrong_length()
        headers = description["headers"] | {"content-length": str(upload.size)}
        scope = {
            **request.scope,
            "method": "POST",
            "path": "/imports",
            "query_string": description["query"].encode("latin-1"),
            "headers": [(n.encode(), value.encode("latin-1")) for n, value in headers.items()],
        }
        with (upload.folder / CONTENT).open("rb") as file:
            parts = iter(partial(file.read, CHUNK), b"")

            async def receive() -> Message:
                part = next(parts, b"")
                return {"type": "http.request", "body": part, "more_body": bool(part)}

            response = await self._uploads.answer(Request(scope, receive))
        if response.status_code < 500:
            upload.finish(response)
        return response

    def _of(self, request: Request) -> UnfinishedUpload:
        """The upload at the path of a request. Raises BadUpload if its caller has no such upload."""
        key = request.path_params["id"]
        upload = UnfinishedUpload(self._folder / key)
        is_there = KEY.fullmatch(key) and (upload.folder / DESCRIPTION).exists()
        if not is_there or upload.has_expired or upload.owner != caller_of(request).credential:
            raise BadUpload(404, "NOT_FOUND", "No unfinished upload has this address.")
        return upload

    def _headers(self, upload: UnfinishedUpload) -> dict[str, str]:
        return {
            "Upload-Offset": str(upload.size),
            "Upload-Complete": NO if upload.answer is None else YES,
            "Upload-Limit": f"max-size={self._largest}, max-age={EXPIRES_AFTER}",
            "Cache-Control": "no-store",
        }

    def _check(self, size: int) -> None:
        if size > self._largest:
            message = f"An upload can have at most {self._largest:,} bytes."
            raise BadUpload(413, "TOO_LARGE", message)


async def _answered(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    try:
        caller_of(request).require([AccessScope.ORDERS_IMPORT], "An import")
        return await answer(request)
    except BadUpload as bad:
        headers = {"Retry-After": "60"} if bad.status == 503 else None
        return refusal(bad.status, bad.code, str(bad), headers)
    except BadParameter as bad:
        return refusal(400, "BAD_USER_INPUT", str(bad))
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception as error:  # noqa: BLE001 - masked, and logged
        return error_response(error)


def _number(request: Request, name: str, **default: None) -> int | None:
    """The value of a numeric header. Raises BadParameter if it is not a number, or is missing without a
    default."""
    text = request.headers.get(name)
    if text is None and "missing" in default:
        return None
    if text is None or not re.fullmatch("[0-9]{1,15}", text):
        raise BadParameter(f"The header {name.title()} must be a number of bytes.")
    return int(text)


def _mismatch(size: int, offset: int | None) -> Response:
    message = f"The upload has {size} bytes so far: continue there."
    body = {
        "type": MISMATCH,
        "title": "offset from request does not match offset of resource",
        "code": "CONFLICT",
        "message": message,
        "expected-offset": size,
        "provided-offset": offset,
    }
    headers = {"Upload-Offset": str(size)}
    return JSONResponse(body, 409, headers, media_type="application/problem+json")


def _wrong_length() -> BadUpload:
    return BadUpload(400, "BAD_REQUEST", "The upload does not have the bytes of Upload-Length.")

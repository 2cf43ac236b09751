"""Uploads.

POST /imports begins an import job. The body is one file, whose name is in the parameter `name`, or a
form with several files. It is written to disk while it is received."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path, PurePath
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from gateway.access.scopes import AccessScope
from gateway.exchange.formats.import_options import (
    DateOrder,
    DecimalSign,
    ImportOptions,
    LinesOption,
    RoundingOption,
    check_encoding,
    check_separator,
)
from gateway.exchange.formats.reader_processes import ReadingStopped
from gateway.exchange.formats.sheets import FileRefused
from gateway.exchange.imports.import_request import ImportRequest, PolicyOption
from gateway.exchange.imports.runner import Runner
from gateway.exchange.imports.upload_folder import open_upload_folder
from gateway.exchange.mappings.columns import camel_case
from gateway.exchange.mappings.decisions import RecognitionRefused
from gateway.exchange.mappings.mapping_file import (
    LARGEST_MAPPING,
    MappingFile,
    read_mapping,
)
from gateway.web.content_encoding import check_packed, stated_compression
from gateway.web.credentials import caller_of, company_of
from gateway.web.error_responses import error_response, refusal
from gateway.web.parameters import (
    LONGEST_SHOWN,
    BadParameter,
    Parameter,
    choice,
    flag,
    read_parameters,
    text,
)

FORM = "multipart/form-data"
CHUNK = 1 << 20
MOST_FILES = 100
MAPPING = "mapping"
"""The name of the form field with the mapping; all other parts are files."""

Received = tuple[list[Path], MappingFile | None]
"""The files of an upload and their mapping."""

LONGEST_NAME = 200
"""Bytes of a file name; file systems allow 255."""

LONGEST_SUFFIX = 10

IMPORT_PARAMETERS = (
    Parameter(
        "name", text, "the name of the file that is the body; the parts of a form have their own"
    ),
    Parameter("dryRun", flag, "whether to report what would be imported without storing anything"),
    Parameter(
        "policy",
        choice(PolicyOption),
        "whether a bad row stops only its own order or the whole import",
    ),
    Parameter("dates", choice(DateOrder), "the order of day, month and year in dates"),
    Parameter("decimal", choice(DecimalSign), "the decimal sign of numbers"),
    Parameter("encoding", check_encoding, "the encoding of CSV files; detected by default"),
    Parameter("separator", check_separator, "the separator of CSV files; detected by default"),
    Parameter("strict", flag, "whether to refuse files whose dates or numbers are ambiguous"),
    Parameter(
        "rounding", choice(RoundingOption), "line, to round once per line as the vendor does"
    ),
    Parameter("lines", choice(LinesOption), "replace if the files have all lines of their orders"),
)


class BadUpload(Exception):
    """The request is not a valid upload."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


MOST_READ = 2
"""Uploads that may be read at the same time. Each reader may take up to GATEWAY_READ_MEMORY."""

PATIENCE = 10
"""Seconds that a received upload waits for others to be read first."""


class Uploads:
    """The endpoint for uploads of at most `largest` bytes each."""

    def __init__(self, runner: Runner, largest: int) -> None:
        self._runner = runner
        self._largest = largest
        self._slots = asyncio.Semaphore(MOST_READ)

    async def answer(self, request: Request) -> Response:
        """202 with the id of the job, which runs in the background."""
        try:
            key, files = await self._begin(request)
        except BadUpload as bad:
            headers = {"Retry-After": "10"} if bad.status == 503 else None
            return refusal(bad.status, bad.code, str(bad), headers)
        except BadParameter as bad:
            return refusal(400, "BAD_USER_INPUT", str(bad))
        except FileRefused as refused:
            return _file_refusal(refused)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001 - masked, and logged
            return error_response(error)
        locations = {name: f"/imports/{key}/{name}" for name in ("refused", "results")}
        return JSONResponse({"id": key, **locations, "files": list(map(_in_json, files))}, 202)

    async def _begin(self, request: Request) -> tuple[str, list[dict[str, Any]]]:
        """Begin a job for the uploaded files; its id, and how each file is read."""
        caller_of(request).require([AccessScope.ORDERS_IMPORT], "An import")
        values = read_parameters(request.query_params, IMPORT_PARAMETERS)
        with open_upload_folder(self._runner.folder) as folder:
            paths, mapping = await self._store(request, folder, values.get("name"))
            async with self._reading():
                job, files = await self._runner.accept(
                    caller_of(request).request_in(company_of(request)),
                    paths,
                    _import_options(values),
                    _import_request(values),
                    mapping,
                )
            return job.id, files

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[None]:
        """A turn to read an upload. Raises BadUpload if its turn does not come in time, or if the
        gateway stops."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._slots.acquire()
        except TimeoutError:
            message = "Too many uploads are being read: try again later."
            raise BadUpload(503, "TOO_MANY_IMPORTS", message) from None
        try:
            yield
        except ReadingStopped as stopped:
            raise BadUpload(503, "STOPPING", str(stopped)) from stopped
        finally:
            self._slots.release()

    async def _store(self, request: Request, folder: Path, name: str | None) -> Received:
        compression = stated_compression(request.headers.get("content-encoding", ""))
        content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if content_type == FORM:
            if compression is not None:
                raise BadParameter("A form cannot be packed: pack its files.")
            return await self._store_form(request, folder)
        path = folder / _file_name(name)
        with path.open("wb") as file:
            async for chunk in request.stream():
                self._check(file.tell() + len(chunk))
                file.write(chunk)
        check_packed(path, compression)
        return [path], None

    async def _store_form(self, request: Request, folder: Path) -> Received:
        self._check(int(request.headers.get("content-length", "0") or 0))
        request.state.received = 0
        parser = MultiPartParser(request.headers, self._counted(request), max_files=MOST_FILES)
        try:
            form = await parser.parse()
        except MultiPartException as error:
            self._check(request.state.received)
            raise BadUpload(
                400, "BAD_REQUEST", f"The form cannot be read: {error.message}"
            ) from error
        paths, mapping = [], None
        try:
            for name, upload in form.multi_items():
                if not isinstance(upload, UploadFile):
                    raise BadUpload(400, "BAD_REQUEST", _not_a_file(name))
                if name == MAPPING:
                    mapping = await _read_mapping(upload)
                else:
                    paths.append(await self._store_part(upload, folder))
        finally:
            await form.close()
        if not paths:
            raise BadUpload(400, "BAD_REQUEST", "The form has no file.")
        return paths, mapping

    async def _counted(self, request: Request) -> AsyncGenerator[bytes]:
        """The body of a form; raises MultiPartException once it is too large."""
        async for chunk in request.stream():
            request.state.received += len(chunk)
            if request.state.received > self._largest:
                raise MultiPartException("it is too large")
            yield chunk

    async def _store_part(self, upload: UploadFile, folder: Path) -> Path:
        path = folder / _file_name(upload.filename)
        if path.exists():
            raise BadUpload(400, "BAD_REQUEST", f"Two files are named {path.name}.")
        with path.open("wb") as file:
            while chunk := await upload.read(CHUNK):
                self._check(file.tell() + len(chunk))
                file.write(chunk)
        return path

    def _check(self, size: int) -> None:
        if size > self._largest:
            message = f"An upload can have at most {self._largest:,} bytes."
            raise BadUpload(413, "TOO_LARGE", message)


async def _read_mapping(upload: UploadFile) -> MappingFile:
    """Raises MappingRefused."""
    return read_mapping(_file_name(upload.filename), await upload.read(LARGEST_MAPPING + 1))


def _file_refusal(refused: FileRefused) -> Response:
    """The refusal of an import, with what was decided about its files."""
    if not isinstance(refused, RecognitionRefused):
        return refusal(400, refused.code, str(refused))
    files = [{**_in_json(vars(report)), "rows": report.rows} for report in refused.reports]
    return refusal(400, refused.code, str(refused), files=files)


def _in_json(file: dict[str, Any]) -> dict[str, Any]:
    """The fields of ImportFile. The rows are counted later."""
    fields = {camel_case(name): value for name, value in file.items()}
    return {name: value for name, value in fields.items() if name != "rows"}


def _import_request(values: dict[str, Any]) -> ImportRequest:
    policy = values.get("policy", PolicyOption.PER_ORDER)
    return ImportRequest(policy.policy, values.get("dryRun", False))


def _import_options(values: dict[str, Any]) -> ImportOptions:
    names = {field.name for field in fields(ImportOptions)}
    return ImportOptions(**{name: value for name, value in values.items() if name in names})


def _not_a_file(field: str) -> str:
    is_parameter = field in {parameter.name for parameter in IMPORT_PARAMETERS}
    hint = f" Put {field} into the URL." if is_parameter else ""
    return f"The form has a field that is not a file: {field[:LONGEST_SHOWN]!r}.{hint}"


def _file_name(name: str | None) -> str:
    """The last part of a name, without any path. The stem of a name that is too long is cut."""
    plain = PurePath((name or "upload").replace("\\", "/")).name
    fit = "".join(letter for letter in plain if letter.isprintable()).strip()
    if len(fit.encode()) > LONGEST_NAME:
        suffix = PurePath(fit).suffix.encode()
        suffix = suffix if len(suffix) <= LONGEST_SUFFIX else b""
        fit = (fit.encode()[: LONGEST_NAME - len(suffix)] + suffix).decode(errors="ignore")
    return fit if fit not in ("", ".", "..") else "upload"

"""The GraphiQL page, which is served entirely from this host."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

FOLDER = Path(str(files("gateway.web"))) / "graphiql"
PLACEHOLDER = '<script type="application/json" id="graphiql-config">{}</script>'
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:;"
    " img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
"""Styles need 'unsafe-inline' because Monaco inserts its own. All scripts are files."""


NOSNIFF = {"x-content-type-options": "nosniff"}
REVALIDATED = {**NOSNIFF, "cache-control": "no-cache"}
IMMUTABLE = {**NOSNIFF, "cache-control": "public, max-age=31536000, immutable"}


def graphiql() -> HTMLResponse:
    """The page. On the first visit it has a tab for each example."""
    headers = {
        "content-security-policy": POLICY,
        "referrer-policy": "no-referrer",
        **REVALIDATED,
    }
    return HTMLResponse(_page(), headers=headers)


class PageFiles(StaticFiles):
    """The files of a folder, with `headers`."""

    def __init__(self, folder: Path, headers: dict[str, str]) -> None:
        super().__init__(directory=folder)
        self._headers = headers

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers.update(self._headers)
        return response


def assets() -> list[BaseRoute]:
    """The routes of the files that the page loads, to be mounted at /graphiql. The names of GraphiQL's
    files contain a hash of their content, so that browsers can cache them for ever."""
    return [
        Mount("/assets", PageFiles(FOLDER / "static" / "assets", IMMUTABLE)),
        Mount("/tools", PageFiles(FOLDER / "tools", REVALIDATED)),
        Route("/favicon.svg", _icon),
    ]


async def _icon(request: Request) -> Response:
    return FileResponse(FOLDER / "static" / "favicon.svg", headers=NOSNIFF)


def examples() -> Iterator[dict[str, str]]:
    """The text of each tab's operation and of its variables."""
    for operation in sorted((FOLDER / "tabs").glob("*.graphql")):
        tab = {"query": operation.read_text(encoding="utf-8")}
        variables = operation.with_suffix(".json")
        if variables.exists():
            tab["variables"] = variables.read_text(encoding="utf-8")
        yield tab


@cache
def _page() -> str:
    config = json.dumps({"endpoint": "/graphql", "tabs": list(examples())})
    page = (FOLDER / "static" / "index.html").read_text(encoding="utf-8")
    filled = PLACEHOLDER.replace("{}", config.replace("<", "\\u003c"))
    return page.replace(PLACEHOLDER, filled)

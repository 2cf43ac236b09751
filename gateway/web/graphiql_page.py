"""GraphiQL for browsers, from this host alone."""

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
"""Monaco writes its styles into the page, hence 'unsafe-inline' for styles; scripts are files."""


NOSNIFF = {"x-content-type-options": "nosniff"}
KEPT = {**NOSNIFF, "cache-control": "public, max-age=31536000, immutable"}


def graphiql() -> HTMLResponse:
    """The page, with a tab for each of our examples on a first visit."""
    headers = {
        "content-security-policy": POLICY,
        **NOSNIFF,
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }
    return HTMLResponse(_page(), headers=headers)


class Assets(StaticFiles):
    """Files that have a hash of their content in their names, so that a browser need not ask again."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers.update(KEPT)
        return response


def assets() -> list[BaseRoute]:
    """What the page loads, to be mounted at /graphiql; not the page itself."""
    return [
        Mount("/assets", Assets(directory=FOLDER / "static" / "assets")),
        Route("/favicon.svg", _icon),
    ]


async def _icon(request: Request) -> Response:
    return FileResponse(FOLDER / "static" / "favicon.svg", headers=NOSNIFF)


def examples() -> Iterator[dict[str, str]]:
    """The operations of the tabs, each with its variables, as texts."""
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

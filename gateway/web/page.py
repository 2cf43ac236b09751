"""GraphiQL for browsers, from this host alone."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

FOLDER = Path(str(files("gateway.web"))) / "graphiql"
PLACEHOLDER = '<script type="application/json" id="graphiql-config">{}</script>'
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:;"
    " img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
"""Monaco writes its styles into the page, hence 'unsafe-inline' for styles; scripts are files."""


def graphiql() -> HTMLResponse:
    """The page, with a tab for each of our examples on a first visit."""
    headers = {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }
    return HTMLResponse(_page(), headers=headers)


def assets() -> StaticFiles:
    """What the page loads, to be mounted at /graphiql."""
    return StaticFiles(directory=FOLDER / "static")


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

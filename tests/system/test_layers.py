"""The house: imports point down only, each library has its own room, and modules and functions are
short."""

import ast
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.python_imports import imports

GATEWAY = ROOT / "gateway"

LAYERS = {"web", "api", "access", "exchange", "orders", "execution", "storage", "logs"}
MAY_IMPORT = {
    "__init__": set(),
    "__main__": {"cli", "web"},
    "cli": {
        "app",
        "command",
        "company_commands",
        "document_commands",
        "export_command",
        "import_command",
        "key_commands",
        "opened_database",
        "serve_access",
        "server",
        "workers",
        "settings",
        "demo",
    }
    | LAYERS,
    "command": {"environment", "opened_database", "settings", "storage", "logs"},
    "company_commands": {"command", "storage"},
    "document_commands": {"command", "app", "opened_database", "api", "execution"},
    "export_command": {"command", "api", "exchange", "storage"},
    "import_command": {"command", "exchange", "orders", "storage"},
    "serve_access": {"command", "loopback", "settings", "access", "storage", "web"},
    "key_commands": {"command", "access", "storage"},
    "server": {"app", "settings", "web"},
    "workers": {"web"},
    "app": {"limited_access", "opened_database", "settings", "token_access"} | LAYERS,
    "limited_access": {"settings", "access", "web"},
    "opened_database": {"settings", "storage"},
    "environment": {"settings", "spelling"},
    "settings": {"token_settings"},
    "token_settings": {"loopback"},
    "token_access": {"settings", "token_settings", "access", "storage"},
    "loopback": set(),
    "spelling": set(),
    "web": {"spelling", "api", "exchange", "access", "execution"},
    "api": {"orders", "access", "execution", "storage"},
    "demo": {"exchange", "orders", "storage"},
    "access": {"loopback", "storage"},
    "exchange": {"orders", "access", "storage"},
    "orders": {"storage"},
    "logs": set(),
    "storage": {"execution"},
    "execution": set(),
}
HOME_OF = {
    "strawberry": {"api"},
    "graphql": {"api", "execution"},
    "sqlalchemy": {"storage"},
    "aiodataloader": {"storage"},
    "alembic": {"storage"},
    "asyncpg": {"storage"},
    "aiosqlite": {"storage"},
    "starlette": {"web", "app"},
    "uvicorn": {"server", "web"},
    "typer": {
        "cli",
        "command",
        "company_commands",
        "document_commands",
        "export_command",
        "import_command",
        "key_commands",
        "serve_access",
    },
    "dotenv": {"environment"},
    "httpx2": {"access"},
    "limits": {"access"},
    "redis": {"access"},
    "joserfc": {"access"},
    "pydantic": {"environment", "settings", "token_settings"},
    "structlog": {"logs", "web", "app", "server", "command", "cli"},
}
API_ORDER = (
    *("scalars", "reference_inputs", "inputs", "enums", "errors", "if_match", "context"),
    "required_scopes",
    *("sorting", "entities", "declared_fields", "pages"),
    *("derived_fields", "transition_fields", "reference_types", "order_types", "import_types"),
    *("payloads", "company_fields", "key_types", "key_fields", "viewer_field"),
    *("registration", "filters", "connections"),
    *("queries", "changes", "mutations", "import_mutations"),
    *("record_inputs", "record_mutations", "bulk_mutations"),
    *("idempotency_keys", "yielding_executor", "schema"),
    *("filter_text", "plan_arguments", "plan_runner"),
    *("valid_documents", "explain", "trusted_documents", "operations"),
)
"""The modules of `api` from the bottom to the top. Each may import those before it, so there is no
cycle."""
MAY_IMPORT_INSIDE = {
    "api": {module: set(API_ORDER[:place]) for place, module in enumerate(API_ORDER)},
    "storage": {"tables": {"tables"}},
}
"""What the parts of a room may import of it; a part that is not listed may import all of it."""


def offences(gateway: Path) -> list[str]:
    """Every import below the folder `gateway` that points up, or into another room's library."""
    result = []
    for source in sorted(gateway.rglob("*.py")):
        parts = source.relative_to(gateway.parent).with_suffix("").parts
        room = parts[1]
        for name in imports(source, parts[:-1]):
            library, _, inside = name.partition(".")
            target = inside.partition(".")[0]
            if library == "gateway":
                is_fine = target == room or target in MAY_IMPORT[room]
            else:
                is_fine = room in HOME_OF.get(library, {room})
            if not is_fine:
                result.append(f"{'.'.join(parts)} imports {name}")
    return result


def inner_offences(gateway: Path) -> list[str]:
    """Every import within a room that points up."""
    result = []
    for room, parts_of in MAY_IMPORT_INSIDE.items():
        for source in sorted((gateway / room).rglob("*.py")):
            path = source.relative_to(gateway.parent).with_suffix("").parts
            allowed = parts_of.get(path[2])
            for name in imports(source, path[:-1]):
                library, own_room, part = (*name.split("."), "", "")[:3]
                is_inside = (library, own_room) == ("gateway", room)
                if allowed is not None and is_inside and part not in allowed:
                    result.append(f"{'.'.join(path)} imports {name}")
    return result


def test_imports_point_down_within_a_room() -> None:
    assert inner_offences(GATEWAY) == []


def test_every_module_of_the_api_has_its_place() -> None:
    modules = {path.stem for path in (GATEWAY / "api").glob("*.py")} - {"__init__"}
    assert modules == set(API_ORDER)
    assert len(API_ORDER) == len(set(API_ORDER))


@pytest.mark.parametrize(
    ("module", "line", "offence"),
    [
        ("api/declared_fields.py", "from gateway.api.filters import make_filters", "gateway.api.filters.make_filters"),
        ("api/declared_fields.py", "from gateway.api import schema", "gateway.api.schema"),
        ("api/declared_fields.py", "from . import schema", "gateway.api.schema"),
        ("api/declared_fields.py", "def late():\n    import gateway.api.queries", "gateway.api.queries"),
        ("api/context.py", "if TYPE_CHECKING:\n    from gateway.api import pages", "gateway.api.pages"),
        ("storage/tables/amounts.py", "from gateway.storage import scope", "gateway.storage.scope"),
        ("storage/tables/amounts.py", "from ..scope import Scope", "gateway.storage.scope.Scope"),
    ],
)  # fmt: skip
def test_an_import_that_points_up_within_a_room_is_detected(
    tmp_path: Path, module: str, line: str, offence: str
) -> None:
    source = tmp_path / "gateway" / module
    source.parent.mkdir(parents=True)
    source.write_text(line + "\n", encoding="utf-8")
    name = ".".join(("gateway", *Path(module).with_suffix("").parts))
    assert inner_offences(tmp_path / "gateway") == [f"{name} imports {offence}"]


def test_imports_point_down_only_and_every_library_stays_in_its_room() -> None:
    assert offences(GATEWAY) == []


def test_the_table_knows_every_room_of_the_house() -> None:
    rooms = {path.stem for path in GATEWAY.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__pycache__"} <= set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("module", "line", "offence"),
    [
        ("storage/paging.py", "import gateway.api.schema", "gateway.api.schema"),
        ("storage/paging.py", "from gateway.api import schema", "gateway.api.schema"),
        ("storage/paging.py", "from gateway import api", "gateway.api"),
        ("storage/paging.py", "from ..api import schema", "gateway.api.schema"),
        ("storage/deep/rows.py", "from ...api.schema import sdl", "gateway.api.schema.sdl"),
        ("storage/paging.py", "from .. import orders", "gateway.orders"),
        ("storage/paging.py", "def late():\n    from gateway.orders import lines", "gateway.orders.lines"),
        ("orders/lines.py", "import gateway.web.endpoint as end", "gateway.web.endpoint"),
        ("orders/lines.py", "if TYPE_CHECKING:\n    import strawberry", "strawberry"),
        ("orders/lines.py", "import sqlalchemy as sa", "sqlalchemy"),
        ("web/endpoint.py", "from gateway.storage.database import Database", "gateway.storage.database.Database"),
        ("web/endpoint.py", "from strawberry.http import x", "strawberry.http.x"),
        ("execution/plan.py", "from gateway.storage import reading", "gateway.storage.reading"),
        ("api/schema.py", "from gateway.settings import Settings", "gateway.settings.Settings"),
        ("api/schema.py", "from aiodataloader import DataLoader", "aiodataloader.DataLoader"),
        ("cli.py", "import sqlalchemy.orm", "sqlalchemy.orm"),
        ("app.py", "import gateway.cli", "gateway.cli"),
    ],
)  # fmt: skip
def test_an_import_that_points_up_is_detected(
    tmp_path: Path, module: str, line: str, offence: str
) -> None:
    source = tmp_path / "gateway" / module
    source.parent.mkdir(parents=True)
    source.write_text(line + "\n", encoding="utf-8")
    name = ".".join(("gateway", *Path(module).with_suffix("").parts))
    assert offences(tmp_path / "gateway") == [f"{name} imports {offence}"]


def test_imports_that_point_down_are_allowed(tmp_path: Path) -> None:
    source = tmp_path / "gateway" / "api" / "queries.py"
    source.parent.mkdir(parents=True)
    source.write_text(
        "import strawberry\nfrom . import fields\nfrom ..storage.reading import Reader\n"
        "from gateway.orders import service\nimport dataclasses\n",
        encoding="utf-8",
    )
    assert offences(tmp_path / "gateway") == []


MOST_LINES_OF_MODULE = 300
MOST_LINES_OF_FUNCTION = 40
USUAL_LINES_OF_FUNCTION = 25
"""Of 100 functions, 95 are shorter than this."""


def modules() -> Iterator[Path]:
    """Every module but the migrations: a released one has the tables of its time and never changes."""
    versions = GATEWAY / "storage" / "migrations" / "versions"
    return (path for path in sorted(GATEWAY.rglob("*.py")) if path.parent != versions)


def lengths_of_functions() -> dict[str, int]:
    """The lines of each function, with its decorators not counted."""
    lengths = {}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                name = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                lengths[name] = node.end_lineno - node.lineno + 1
    return lengths


def test_no_module_has_more_than_300_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_bytes().splitlines()) for path in modules()
    }
    assert {name: n for name, n in lengths.items() if n > MOST_LINES_OF_MODULE} == {}


def test_no_function_has_more_than_40_lines() -> None:
    lengths = lengths_of_functions()
    assert {name: n for name, n in lengths.items() if n > MOST_LINES_OF_FUNCTION} == {}


def test_nineteen_of_twenty_functions_are_shorter_than_25_lines() -> None:
    lengths = lengths_of_functions()
    long = {name: n for name, n in lengths.items() if n >= USUAL_LINES_OF_FUNCTION}
    allowed = math.floor(len(lengths) / 20)
    assert len(long) <= allowed, (
        f"{len(long)} of {len(lengths)} functions, {allowed} may be: {long}"
    )

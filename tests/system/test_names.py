"""One word for one thing: no name is used twice."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.support.paths import ROOT

GATEWAY = ROOT / "gateway"
REVISIONS = GATEWAY / "storage" / "migrations" / "versions"
"""Alembic gives each of them an `upgrade` and a `downgrade`, and a released one never changes."""

SHARED_NAMES: dict[str, str] = {}
"""Public classes and functions that two modules define, each with the reason."""

MOST_SHARED_NAMES = 4

SHARED_MODULES: dict[str, str] = {}
"""Names that two modules have, each with the reason."""

MOST_SHARED_MODULES = 3


def sources(gateway: Path) -> Iterator[Path]:
    for source in sorted(gateway.rglob("*.py")):
        if not source.is_relative_to(REVISIONS):
            yield source


def public_names(source: Path) -> Iterator[str]:
    """The public classes and functions at the top level of a module."""
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        is_definition = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if is_definition and not node.name.startswith("_"):
            yield node.name


def repeated(result: Iterable[tuple[str, Path]]) -> dict[str, list[str]]:
    """The names that come from more than one file, with the files."""
    homes: dict[str, set[str]] = defaultdict(set)
    for name, source in result:
        homes[name].add(str(source))
    return {name: sorted(files) for name, files in homes.items() if len(files) > 1}


def repeated_names(gateway: Path) -> dict[str, list[str]]:
    return repeated((name, source) for source in sources(gateway) for name in public_names(source))


def repeated_modules(gateway: Path) -> dict[str, list[str]]:
    return repeated(
        (source.stem, source) for source in sources(gateway) if source.stem != "__init__"
    )


def test_no_class_or_function_shares_its_name_without_a_reason() -> None:
    """An exception that is no longer needed must go."""
    result = repeated_names(GATEWAY)
    assert set(result) == set(SHARED_NAMES), result


def test_no_module_shares_its_name_without_a_reason() -> None:
    """An exception that is no longer needed must go."""
    result = repeated_modules(GATEWAY)
    assert set(result) == set(SHARED_MODULES), result


def test_the_exceptions_are_few_and_explained() -> None:
    assert len(SHARED_NAMES) <= MOST_SHARED_NAMES
    assert len(SHARED_MODULES) <= MOST_SHARED_MODULES
    assert all([*SHARED_NAMES.values(), *SHARED_MODULES.values()])


def test_a_name_that_two_modules_define_is_detected(tmp_path: Path) -> None:
    for room in ("orders", "storage"):
        (tmp_path / room).mkdir()
        text = "class Page: ...\nclass _Walk: ...\nasync def read(): ...\n"
        (tmp_path / room / "pages.py").write_text(text, encoding="utf-8")
        (tmp_path / room / "__init__.py").write_text("", encoding="utf-8")
    assert set(repeated_names(tmp_path)) == {"Page", "read"}
    assert set(repeated_modules(tmp_path)) == {"pages"}

"""Each test module runs without the others, and shared code is in tests/support."""

from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.python_imports import imports

ROOMS = ("support", "bench")
"""Folders of tests/ that other modules may import from."""


def entanglements(tests: Path) -> list[str]:
    """Every import below the folder `tests` from a part of it that is not shared."""
    result = []
    for source in sorted(tests.rglob("*.py")):
        parts = source.relative_to(tests.parent).with_suffix("").parts
        for name in imports(source, parts[:-1]):
            library, _, inside = name.partition(".")
            if library == tests.name and inside.partition(".")[0] not in ROOMS:
                result.append(f"{'.'.join(parts)} imports {name}")
    return result


def test_no_test_module_imports_from_another() -> None:
    assert entanglements(ROOT / "tests") == []


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import tests.api.test_paging", "tests.api.test_paging"),
        ("from tests.api import test_paging", "tests.api.test_paging"),
        ("from tests.api.test_paging import pages", "tests.api.test_paging.pages"),
        ("from .test_paging import pages", "tests.api.test_paging.pages"),
        ("def late():\n    from ..conftest import BACKENDS", "tests.conftest.BACKENDS"),
    ],
)
def test_an_import_from_a_test_module_is_detected(tmp_path: Path, line: str, name: str) -> None:
    source = tmp_path / "tests" / "api" / "test_walks.py"
    source.parent.mkdir(parents=True)
    source.write_text(f"{line}\nfrom tests.support.paths import ROOT\n", encoding="utf-8")
    assert entanglements(tmp_path / "tests") == [f"tests.api.test_walks imports {name}"]

"""The READMEs state what the gateway does, and lead to each other."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.northwind import load_demo
from gateway.settings import Settings
from tests.support.consoles import CONSOLE, with_consoles
from tests.support.databases import Templates
from tests.support.paths import ROOT
from tests.support.readme import (
    DOCUMENTS,
    README,
    READMES,
    answer,
    examples,
    laid_out,
    with_tables,
)
from tests.support.served import serving

BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)")
LONGEST = 300
"""Lines of the README that a user reads first."""


def named(paths: list[Path]) -> Any:
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(ROOT)))


def prose(path: Path) -> str:
    return BLOCK.sub("", path.read_text())


@named([path for path in READMES if examples(path.read_text())])
def test_every_operation_has_the_documented_answer(path: Path, templates: Templates) -> None:
    with serving(Settings(database_url=templates.copy("demo", load_demo))) as client:
        for operation, stated in examples(path.read_text()):
            assert answer(client, operation) == stated


@named(READMES)
def test_every_operation_has_an_answer(path: Path) -> None:
    text = path.read_text()
    assert len(examples(text)) == text.count("```graphql\n")


def test_answers_are_laid_out_within_the_width_of_a_line() -> None:
    short = {"data": {"nodes": [{"number": "1"}, None], "none": {}}}
    assert laid_out(short) == '{ "data": { "nodes": [{ "number": "1" }, null], "none": {} } }'
    long = {"data": ["x" * 60, "é" * 60]}
    assert (
        laid_out(long) == '{\n  "data": [\n    "' + "x" * 60 + '",\n    "' + "é" * 60 + '"\n  ]\n}'
    )


def empty_parts(value: Any, name: str = "") -> Iterator[str]:
    """The names of lists of nodes and counts in an answer that have nothing in them."""
    if value in ([], 0) and name in ("nodes", "totalCount"):
        yield name
    for key, part in value.items() if isinstance(value, dict) else ():
        yield from empty_parts(part, key)
    for part in value if isinstance(value, list) else ():
        yield from empty_parts(part)


@named(READMES)
def test_every_answer_has_data_in_it(path: Path) -> None:
    for operation, stated in examples(path.read_text()):
        if "data" in stated:
            assert None not in stated["data"].values(), operation
            assert list(empty_parts(stated["data"])) == [], operation


@named(READMES)
def test_tables_have_what_the_code_declares(path: Path) -> None:
    text = path.read_text()
    assert with_tables(text) == text


@named([path for path in READMES if CONSOLE.search(path.read_text())])
def test_commands_print_the_documented_output(path: Path) -> None:
    """Apart from the seconds that they take."""
    text = path.read_text()
    assert with_consoles(text) == text


def anchor(heading: str) -> str:
    """The fragment by which GitHub links to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@named(DOCUMENTS)
def test_links_lead_to_files_and_headings_that_exist(path: Path) -> None:
    for target, fragment in LINK.findall(prose(path)):
        linked = (path.parent / target).resolve() if target else path
        assert linked.exists(), target
        if fragment:
            assert fragment in map(anchor, HEADING.findall(prose(linked))), f"{target}#{fragment}"


def test_readme_leads_to_every_other_readme() -> None:
    linked = {(ROOT / target).resolve() for target, _ in LINK.findall(prose(README))}
    assert set(READMES) - {README} <= linked


@pytest.mark.parametrize("marker", ["start", "test"])
def test_an_older_python_is_refused_in_one_line(marker: str) -> None:
    """pip itself would complain about packages that need a newer Python."""
    command = README.read_text().partition(f"<!-- {marker} -->\n```sh\n")[2]
    check = shlex.split(command.partition(" &&\n")[0])
    assert check[:2] == ["python3", "-c"]
    older = f"import sys; sys.version_info = (3, 10, 13); {check[2]}"
    refused = subprocess.run(
        [sys.executable, "-c", older], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert refused.stderr == "The gateway needs Python 3.11 or newer.\n"
    assert subprocess.run([sys.executable, "-c", check[2]], check=False).returncode == 0


def test_readme_is_short_enough_to_read() -> None:
    assert len(README.read_text().splitlines()) <= LONGEST

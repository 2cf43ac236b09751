"""Commands that cannot write their files end in one sentence."""

from pathlib import Path

import pytest

from tests.support.importing import head, orders, written
from tests.support.processes import run

FULL = "/dev/full"
"""A device on which every write fails as on a full disk."""

REFUSED = orders([head("F1"), head("F2", CURRENCYCODE="none")], [])


@pytest.mark.parametrize(
    ("option", "path", "reason"),
    [
        ("--results", FULL, "No space left on device"),
        ("--errors", FULL, "No space left on device"),
        ("--results", "missing/results.jsonl", "No such file or directory"),
        ("--errors", "missing/refused.csv", "No such file or directory"),
    ],
)
def test_an_import_names_the_file_that_it_cannot_write(
    world_url: str, tmp_path: Path, option: str, path: str, reason: str
) -> None:
    files = map(str, written(tmp_path, REFUSED))
    code, _, errors = run(
        tmp_path, "import", "--dry-run", option, path, *files, database_url=world_url
    )
    assert (code, errors) == (1, f"Cannot write {path}: {reason}.\n")
    assert Path(FULL).is_char_device()


def test_an_import_that_cannot_save_its_results_still_prints_its_summary(
    world_url: str, tmp_path: Path
) -> None:
    files = map(str, written(tmp_path, REFUSED))
    _, output, _ = run(
        tmp_path, "import", "--dry-run", "--results", FULL, *files, database_url=world_url
    )
    assert output.startswith("PARTIALLY_SUCCEEDED, dry run")


@pytest.mark.parametrize(
    ("path", "reason"),
    [(FULL, "No space left on device"), ("missing/items.csv", "No such file or directory")],
)
def test_an_export_names_the_file_that_it_cannot_write(
    world_url: str, tmp_path: Path, path: str, reason: str
) -> None:
    arguments = ("export", "--what", "items", "--format", "csv", "--output", path)
    assert run(tmp_path, *arguments, database_url=world_url) == (
        1,
        "",
        f"Cannot write {path}: {reason}.\n",
    )
    assert Path(FULL).is_char_device()

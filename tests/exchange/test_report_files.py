"""The file of an error report: where the command writes it, its name, and all rows of an atomic import."""

from pathlib import Path

from gateway.demo.northwind import load_demo
from tests.support.databases import Templates
from tests.support.paths import DATA
from tests.support.processes import run

HEADERS = DATA / "files" / "30-atomic-report" / "Sales order headers V2.csv"
REPORT = "Sales order headers V2-refused.csv"


def test_the_report_of_an_atomic_import_has_all_rows_and_can_be_corrected_and_imported(
    tmp_path: Path, templates: Templates
) -> None:
    """It is written to the current folder, not to that of the imported file, and replaces no file."""
    url = templates.copy("demo", load_demo)
    command = ("import", "--policy", "atomic", str(HEADERS))
    code, output, _ = run(tmp_path, *command, database_url=url)
    assert code == 1
    assert f"Correct the refused rows in {REPORT} and import that file." in output
    rows = (tmp_path / REPORT).read_text("utf-8-sig").splitlines()
    assert [row.split(",")[:5] for row in rows[1:]] == [
        ["A1", "ALFKI", "USD", "2", ""],
        ["A2", "NOBODY", "USD", "3", "NOT_FOUND"],
    ]
    assert not (HEADERS.parent / REPORT).exists()
    _, output, _ = run(tmp_path, *command, database_url=url)
    assert "Sales order headers V2-refused 2.csv" in output
    corrected = (tmp_path / REPORT).read_text("utf-8-sig").replace("NOBODY", "ANATR")
    (tmp_path / REPORT).write_text(corrected, "utf-8")
    code, output, _ = run(tmp_path, "import", "--policy", "atomic", REPORT, database_url=url)
    assert (code, output.splitlines()[1].strip()) == (
        0,
        "headers: 2 created, 0 updated, 0 unchanged, 0 failed",
    )


def test_a_report_is_named_after_the_file_of_its_rows(tmp_path: Path, templates: Templates) -> None:
    url = templates.copy("demo", load_demo)
    (tmp_path / "units-of-measure.csv").write_text("code,displayName\nSET,a set\n")
    files = ("units-of-measure.csv", str(HEADERS))
    run(tmp_path, "import", *files, database_url=url)
    assert [path.name for path in tmp_path.glob("*refused*")] == [REPORT]

"""The memory for reading files, which does not depend on their length and is bounded for hostile
files."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux reports the peak of a process"
)

PEAK = """
import json, sys
from pathlib import Path
from gateway.exchange.formats.detection import read_sheets
from gateway.exchange.formats.sheets import FileRefused
def peak():  # not getrusage, which starts at the peak of the parent
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])
before = peak()
rows, message = 0, ""
try:
    for sheet in read_sheets([Path(sys.argv[1])]):
        rows += sum(1 for _ in sheet.records())
except FileRefused as refused:
    message = str(refused)
print(json.dumps([rows, (peak() - before) / 1024, message]))
"""


def peak(path: Path) -> tuple[int, float, str]:
    """The number of rows, the peak of the memory that reading took in MiB, and the refusal."""
    done = subprocess.run([sys.executable, "-c", PEAK, path], capture_output=True, check=True)
    rows, memory, message = json.loads(done.stdout)
    return rows, memory, message


ROW = b'NW-%d,%06d,3,42,"Singaporean Hokkien Fried Mee",10.000000,ea,9.800000,1,0,98.000000,USD\n'


def long_csv(path: Path, size: int) -> int:
    """Write a CSV of about `size` bytes; returns the number of its rows."""
    headings = ",".join(f"COLUMN{place}" for place in range(12)).encode() + b"\n"
    part = b"".join(ROW % (number // 8, number) for number in range(10_000))
    parts = size // len(part)
    with path.open("wb") as stream:
        stream.write(headings)
        for _ in range(parts):
            stream.write(part)
    return parts * 10_000


@pytest.mark.parametrize(
    "size", [20_000_000, pytest.param(1_000_000_000, marks=pytest.mark.full)]
)  # fmt: skip
def test_a_csv_of_any_length_is_read_in_20_mib(tmp_path: Path, size: int) -> None:
    rows = long_csv(tmp_path / "a.csv", size)
    read, memory, message = peak(tmp_path / "a.csv")
    assert (read, message) == (rows, "")
    assert memory < 20


def test_a_package_is_read_in_20_mib(tmp_path: Path) -> None:
    rows = long_csv(tmp_path / "a.csv", 20_000_000)
    with zipfile.ZipFile(tmp_path / "p.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        target.write(tmp_path / "a.csv", "a.csv")
    read, memory, message = peak(tmp_path / "p.zip")
    assert (read, message) == (rows, "")
    assert memory < 20


@pytest.mark.parametrize(
    ("name", "start", "part"),
    [
        ("a.csv", b"A,B\n", b"x"),
        ("a.csv", b'A,B\n"', b"x\n"),
        ("a.xml", b"<D><A><X>", b"x"),
        ("a.xml", b"<D><A>", b"<X/>"),
        ("a.json", b'{"a": "', b"x"),
        ("a.json", b'{"a": [', b"[],"),
        ("a.json", b'{"a": [', b"{},"),
        ("a.json", b"[", b" "),
    ],
)
def test_a_record_of_50_mb_that_never_ends_is_refused_in_250_mib(
    tmp_path: Path, name: str, start: bytes, part: bytes
) -> None:
    (tmp_path / name).write_bytes(start + part * (50_000_000 // len(part)))
    _, memory, message = peak(tmp_path / name)
    assert message.startswith(name)
    assert memory < 250

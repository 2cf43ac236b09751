"""How much memory an import takes: the same for a file of any length, and bounded for long rows."""

import time
from pathlib import Path

import pytest

from tests.conftest import Templates
from tests.requests import execute
from tests.test_cli import started
from tests.world import load_world

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux tells the peak of a process"
)

MOST = 300
"""MiB that an import takes, whatever it imports."""
HEADINGS = b"SALESORDERNUMBER,LINECREATIONSEQUENCENUMBER,ITEMNUMBER,N1,N2,N3,N4,N5,N6,N7\n"
CELLS = 7


def lines_file(path: Path, size: int, length: int) -> int:
    """Write lines of orders that are not there, each with notes of this length in several cells; how
    many."""
    notes = b",".join([b"x" * (length // CELLS)] * CELLS)
    count = size // length
    with path.open("wb") as file:
        file.write(HEADINGS)
        for place in range(count):
            file.write(b"M%08d,%d,I0010,%b\n" % (place // 8, place % 8 + 1, notes))
    return count


@pytest.mark.parametrize(
    ("size", "length"),
    [
        (30_000_000, 20_000),
        pytest.param(200_000_000, 900_000, marks=pytest.mark.full),
        pytest.param(1_000_000_000, 20_000, marks=pytest.mark.full),
    ],
    ids=["30 MB", "200 MB of long rows", "1 GB"],
)
def test_an_import_of_any_length_stays_below_300_mib(
    tmp_path: Path, templates: Templates, size: int, length: int
) -> None:
    url = templates.copy("world", load_world)
    count = lines_file(tmp_path / "Sales order lines V2.csv", size, length)
    peak = 0
    with started(tmp_path, ["import", "Sales order lines V2.csv"], database_url=url) as process:
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            if "VmHWM:" in status:
                peak = max(peak, int(status.partition("VmHWM:")[2].split()[0]) // 1024)
            time.sleep(0.05)
    assert (tmp_path / "err").read_text().strip() == ""
    assert execute(url, "SELECT lines_failed FROM import_jobs") == [[f"({count},)"]]
    assert 50 < peak < MOST

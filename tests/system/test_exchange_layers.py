"""The layers of the exchange room: formats, then mappings, then imports and exports side by side."""

from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.python_imports import imports

EXCHANGE = ROOT / "gateway" / "exchange"
MAY_IMPORT = {
    "formats": set(),
    "mappings": {"formats"},
    "imports": {"formats", "mappings"},
    "exports": {"formats", "mappings"},
}


def offences(exchange: Path) -> list[str]:
    """Every import between the layers below the folder `exchange` that points up or sideways."""
    result = []
    for source in sorted(exchange.rglob("*.py")):
        layer = source.relative_to(exchange).parts[0]
        parts = source.relative_to(exchange.parent.parent).with_suffix("").parts
        for name in imports(source, parts[:-1]):
            match name.split("."):
                case ["gateway", "exchange", target, *_] if target != layer:
                    if target not in MAY_IMPORT.get(layer, set()):
                        result.append(f"{'.'.join(parts)} imports {name}")
    return result


def test_formats_know_no_mappings_and_imports_and_exports_do_not_know_each_other() -> None:
    assert offences(EXCHANGE) == []


def test_every_folder_of_the_room_is_a_layer() -> None:
    folders = {path.parent.name for path in EXCHANGE.glob("*/*.py")}
    assert folders == set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("formats/csv_writer.py", "from gateway.exchange.mappings.columns import FileColumn"),
        ("mappings/columns.py", "from gateway.exchange.imports import importer"),
        ("imports/importer.py", "from gateway.exchange.exports.values import Outgoing"),
        ("exports/values.py", "from ..imports.row_reader import RowReader"),
        ("exports/values.py", "from gateway.exchange import imports"),
        ("formats/deep/csv.py", "def late():\n    import gateway.exchange.exports.values"),
    ],
)
def test_an_import_that_leaves_its_layer_upwards_or_sideways_is_detected(
    tmp_path: Path, module: str, line: str
) -> None:
    source = tmp_path / "gateway" / "exchange" / module
    source.parent.mkdir(parents=True)
    source.write_text(line + "\n", encoding="utf-8")
    assert len(offences(tmp_path / "gateway" / "exchange")) == 1

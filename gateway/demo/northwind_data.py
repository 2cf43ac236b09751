"""Northwind's tables as they are in `data`, and the codes that its texts stand for here."""

import csv
from collections.abc import Mapping
from importlib.resources import files

Record = Mapping[str, str]


def read(name: str) -> list[Record]:
    """The rows of a table by the names of its columns."""
    with files("gateway.demo").joinpath("data", f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shipper_code(name: str) -> str:
    return name.split(maxsplit=1)[0].upper()

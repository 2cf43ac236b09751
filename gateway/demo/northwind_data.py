"""Northwind's tables in `data`, and our codes for their texts."""

import csv
from collections.abc import Mapping
from importlib.resources import files

Record = Mapping[str, str]


def read(name: str) -> list[Record]:
    """The rows of a table, each by column name."""
    with files("gateway.demo").joinpath("data", f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shipper_code(name: str) -> str:
    return name.split(maxsplit=1)[0].upper()

"""Northwind's tables as they are in `data`, and the codes that its texts stand for here."""

import csv
from collections.abc import Mapping
from importlib.resources import files

Record = Mapping[str, str]

COUNTRIES = {
    "Argentina": "AR", "Austria": "AT", "Belgium": "BE", "Brazil": "BR", "Canada": "CA",
    "Denmark": "DK", "Finland": "FI", "France": "FR", "Germany": "DE", "Ireland": "IE",
    "Italy": "IT", "Mexico": "MX", "Norway": "NO", "Poland": "PL", "Portugal": "PT",
    "Spain": "ES", "Sweden": "SE", "Switzerland": "CH", "UK": "GB", "USA": "US",
    "Venezuela": "VE",
}  # fmt: skip


def read(name: str) -> list[Record]:
    """The rows of a table by the names of its columns."""
    with files("gateway.demo").joinpath("data", f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shipper_code(name: str) -> str:
    return name.split(maxsplit=1)[0].upper()

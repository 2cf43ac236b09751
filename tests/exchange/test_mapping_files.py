"""Mappings of foreign files: their contents, and the messages about mistakes."""

import pytest

from gateway.exchange.formats.import_options import DateOrder, DecimalSign, ImportOptions
from gateway.exchange.mappings.mapping_file import MappingFile, MappingRefused, read_mapping

ORDERS = """
[[files]]
pattern = "Orders*.csv"
entity = "salesOrders"
{keys}
[files.columns]
Ref = "number"
Client = "customerNumber"
{columns}
"""


def mapping(keys: str = "", columns: str = "") -> MappingFile:
    return read_mapping("shop.toml", ORDERS.format(keys=keys, columns=columns).encode())


def mistake(text: str) -> str:
    with pytest.raises(MappingRefused) as refused:
        read_mapping("shop.toml", text.encode())
    assert refused.value.code == "BAD_MAPPING"
    return str(refused.value)


def test_a_pattern_has_an_entity_fields_constants_values_and_options() -> None:
    [pattern] = mapping(
        'dates = "DMY"\ndecimal = ","\nfillDown = ["number"]\n'
        "constants = { Currency-Code = 'EUR', pricesIncludeTax = true, orderDate = 2026-03-04 }\n"
        "values = { status = { paid = 'Released' } }",
        'State = "STATUS"',
    ).patterns
    assert pattern.entity.name == "salesOrders"
    assert pattern.columns == {"Ref": "number", "Client": "customerNumber", "State": "status"}
    assert pattern.constants == {
        "currencyCode": "EUR",
        "pricesIncludeTax": "Yes",
        "orderDate": "2026-03-04",
    }
    assert pattern.values == {"status": {"paid": "Released"}}
    assert pattern.fill_down == {"number"}
    assert pattern.options == ImportOptions(DateOrder.DMY, DecimalSign.COMMA)


@pytest.mark.parametrize("file", ["orders 7.CSV", "export.zip/2026/Orders.csv"])
def test_a_pattern_matches_the_end_of_a_name_in_any_case(file: str) -> None:
    assert mapping().pattern_of(file) is not None
    assert mapping().pattern_of(f"{file}.old") is None


def test_the_first_matching_pattern_applies() -> None:
    both = read_mapping("shop.toml", (ORDERS + ORDERS).format(keys="", columns="").encode())
    assert both.pattern_of("orders.csv") is both.patterns[0]


MISTAKES = {
    "[[files]": "is not valid TOML: ",
    "": "has no [[files]], of which it needs one for each kind of file.",
    "files = 1": "has no [[files]], of which it needs one for each kind of file.",
    "files = [1]": "has a mistake: files[1] must be a table.",
    "[[file]]": "has a mistake: file is an unknown key; the nearest is files.",
    "[[files]]\npatern = 'a'": "has a mistake: files[1].patern is an unknown key; the nearest is pattern.",
    "[[files]]\npattern = 'a'\nentity = 3": "has a mistake: files[1].entity must be a text.",
    "[[files]]\npattern = 'a'\nentity = 'salesOrder'": (
        "has a mistake: files[1].entity is 'salesOrder', which is no entity; the nearest is salesOrders."
    ),
    "[[files]]\npattern = 'a'\nentity = 'items'": (
        "has a mistake: files[1].columns must map at least one column."
    ),
    "[[files]]\nentity = 'items'\n[files.columns]\nSku = 'number'": (
        "has a mistake: files[1].pattern must be a text."
    ),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_the_tables_is_reported_with_its_place(text: str) -> None:
    assert mistake(text).startswith(f"shop.toml {MISTAKES[text]}")


FIELD_MISTAKES = {
    ("", 'Sum = "totl"'): "columns.Sum names 'totl', which salesOrders does not have",
    ("", 'Day = "orderDat"'): (
        "columns.Day names 'orderDat', which salesOrders does not have; the nearest is orderDate."
    ),
    ("", 'Id = "id"'): (
        "columns.Id names 'id', which is not imported: the gateway assigns its own value."
    ),
    ("", 'Name = "number"'): "columns.Name sets number, which another column sets too.",
    ("", "Name = 7"): "columns.Name names '7', which salesOrders does not have",
    ('constants = { number = "1" }', ""): "constants.number is set by the column 'Ref' too.",
    ("constants = { discountPercent = 2.5 }", ""): (
        "constants.discountPercent must be a text: write numbers as the file does."
    ),
    ("values = { stat = {} }", ""): (
        "values.stat names 'stat', which salesOrders does not have; the nearest is status."
    ),
    ("values = { status = { paid = 1 } }", ""): "values.status.paid must be a text.",
    ('values = { status = "paid" }', ""): "values.status must be a table.",
    ('fillDown = "number"', ""): "fillDown must be a list of fields.",
    ('fillDown = ["status"]', ""): "fillDown names 'status', which no column sets.",
    ('dates = "DYM"', ""): "dates must be MDY or DMY or YMD, not 'DYM'.",
    ('separator = ""', ""): "separator must be one sign",
    ("date = 'DMY'", ""): "date is an unknown key; the nearest is dates.",
}


@pytest.mark.parametrize(("keys", "columns"), FIELD_MISTAKES)
def test_a_mistake_in_a_field_is_reported_with_its_place(keys: str, columns: str) -> None:
    result = mistake(ORDERS.format(keys=keys, columns=columns))
    assert result.startswith(f"shop.toml has a mistake: files[1].{FIELD_MISTAKES[keys, columns]}")

"""Units of measure: prices by unit, and quantities in whole numbers (RULES.md 2.10 and 3.3)."""

from collections.abc import Iterator

import pytest

from gateway.demo.northwind import load_demo, units_in_package
from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.life_cycle import INVOICE, SHIP, change, done, problems, released
from tests.support.patches import changing, lines_of, patch_answer, patched, refusals
from tests.support.requests import (
    Fields,
    code,
    codes_and_paths,
    created,
    execute,
    line,
    order,
    refused,
)
from tests.support.served import Client, serving
from tests.support.world import load_world

PCS, BOX = code("PCS"), code("BOX")
WHOLE = "UPDATE units_of_measure SET is_whole = TRUE WHERE code = 'BOX'"
UNKNOWN = "UPDATE item_units_of_measure SET quantity_per_unit = NULL"
UNITS = """{ items(filter: {number: {eq: "%s"}}) { nodes { baseUnitOfMeasure { code }
  unitsOfMeasure { quantityPerUnit unitOfMeasure { code isWhole } } } } }"""
UNIT_IGNORED = """mutation{bag:createSalesOrder(dryRun:true,input:{customer:{number:"ALFKI"},lines:[
  {item:{number:"1"},quantity:1,unitOfMeasure:{code:"BAG"}}]}){salesOrder{lines{unitPrice}}}
  pcs:createSalesOrder(dryRun:true,input:{customer:{number:"ALFKI"},lines:[
  {item:{number:"1"},quantity:1,unitOfMeasure:{code:"PCS"}}]}){salesOrder{lines{unitPrice}}}}"""


@pytest.fixture
def url(templates: Templates) -> str:
    return templates.copy("world", load_world)


@pytest.fixture
def shop(url: str) -> Iterator[Client]:
    with serving(Settings(database_url=url)) as client:
        yield client


@pytest.fixture(scope="module")
def demo(templates: Templates) -> Iterator[Client]:
    with serving(Settings(database_url=templates.copy("demo", load_demo))) as client:
        yield client


def boxed(**fields: object) -> Fields:
    """A line of an item of 12 EUR a piece, which is sold in boxes of 12 pieces."""
    return line("BOXED", **fields)


def price(created: Fields) -> str:
    [only] = lines_of(created, "unitPrice")
    return str(only)


def test_a_piece_in_the_demo_costs_as_much_as_its_bags(demo: Client) -> None:
    """Item 1 costs 18 a bag and is packed as "10 boxes x 20 bags"."""
    answer = demo.ask(UNIT_IGNORED)
    assert price(answer["bag"]["salesOrder"]) == "18"
    assert price(answer["pcs"]["salesOrder"]) == "3600"


def test_the_units_of_an_item_have_their_number_of_base_units(demo: Client) -> None:
    [item] = demo.ask(UNITS % 1)["items"]["nodes"]
    factors = {
        each["unitOfMeasure"]["code"]: (each["quantityPerUnit"], each["unitOfMeasure"]["isWhole"])
        for each in item["unitsOfMeasure"]
    }
    assert factors == {"BAG": ("1", False), "PCS": ("200", True)}
    assert item["baseUnitOfMeasure"] == code("BAG")


@pytest.mark.parametrize(
    ("contents", "count"),
    [
        ("24 - 12 oz bottles", 24),
        ("10 boxes x 20 bags", 200),
        ("24 pkgs. x 4 pieces", 24),
        ("36 boxes", 36),
        ("1 kg pkg.", 1),
        ("1k pkg.", 1),
        ("750 cc per bottle", 1),
        ("24 - 0.5 l bottles", 24),
    ],
)
def test_a_package_of_northwind_has_the_base_units_in_its_description(
    contents: str, count: int
) -> None:
    assert units_in_package(contents) == count


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (boxed(), "144"),
        (boxed(unitOfMeasure=PCS), "12"),
        (boxed(unitPrice="100"), "100"),
        (line("TIMED", unitOfMeasure=code("HOUR")), "0.99999"),
    ],
)
def test_the_price_of_an_item_is_that_of_its_base_unit_times_the_factor(
    shop: Client, fields: Fields, expected: str
) -> None:
    """TIMED costs 3, and its hour is 0.33333 of its base unit."""
    assert price(created(shop, order(fields))) == expected


def test_the_price_of_a_unit_is_rounded_before_tax_is_added(shop: Client, url: str) -> None:
    """0.65 × 0.33333 is 0.2166645, so 0.21666; with 20 % it is 0.259992, so 0.25999. Rounded only once, it
    would be 0.26."""
    execute(url, f"UPDATE items SET unit_price = {amount(url, '0.65000')} WHERE number = 'TIMED'")
    values = order(line("TIMED", unitOfMeasure=code("HOUR")), pricesIncludeTax=True)
    assert price(created(shop, values)) == "0.25999"


def amount(url: str, number: str) -> str:
    """A number as SQL stores it: SQLite has hundred-thousandths."""
    return str(int(number.replace(".", ""))) if url.startswith("sqlite") else number


UNIT_PATCHES = [
    (boxed(), {"unitOfMeasure": PCS}, "12"),
    (boxed(unitOfMeasure=PCS), {"unitOfMeasure": None}, "144"),
    (boxed(unitPrice="144"), {"unitOfMeasure": PCS}, "12"),
    (boxed(unitPrice="100"), {"unitOfMeasure": PCS}, "100"),
    (boxed(), {"unitOfMeasure": PCS, "unitPrice": "13"}, "13"),
    (boxed(unitPrice="100"), {"unitOfMeasure": PCS, "unitPrice": None}, "12"),
    (boxed(), {"unitOfMeasure": BOX}, "144"),
    (boxed(), {"quantity": 7}, "144"),
]


@pytest.mark.parametrize(("fields", "patch", "expected"), UNIT_PATCHES)
def test_a_price_that_no_client_set_follows_the_unit(
    shop: Client, fields: Fields, patch: Fields, expected: str
) -> None:
    new = created(shop, order(fields))
    assert price(patched(shop, new, changing(patch))) == expected


def test_a_price_with_tax_follows_the_unit_too(shop: Client) -> None:
    new = created(shop, order(boxed(), pricesIncludeTax=True))
    assert price(new) == "172.8"
    assert price(patched(shop, new, changing({"unitOfMeasure": PCS}))) == "14.4"


def test_a_unit_without_a_factor_needs_a_price(shop: Client, url: str) -> None:
    execute(url, UNKNOWN)
    [problem] = refused(shop, order(boxed()))
    assert (problem["code"], problem["path"]) == (
        "PRICE_REQUIRED",
        ["input", "lines", "0", "unitPrice"],
    )
    assert problem["message"] == (
        "Item BOXED has no price in BOX, because it is unknown how many PCS are in one BOX:"
        " give a unit price, or set the quantity per unit of BOX on the item."
    )
    assert price(created(shop, order(boxed(unitPrice="5")))) == "5"
    new = created(shop, order(boxed(unitOfMeasure=PCS)))
    assert price(new) == "12", "the factor of the base unit is 1 whatever is stored"
    wanted = [("PRICE_REQUIRED", "lines.update.0.unitPrice")]
    assert refusals(shop, new, changing({"unitOfMeasure": BOX})) == wanted


def test_a_unit_in_which_an_item_is_not_sold_is_the_only_problem(shop: Client) -> None:
    values = order(line(unitOfMeasure=BOX))
    assert codes_and_paths(refused(shop, values)) == [("INVALID", "lines.0.unitOfMeasure.code")]


@pytest.mark.parametrize(
    ("fields", "path", "nearest"),
    [
        ({"quantity": "1.5"}, "quantity", ["1", "2"]),
        ({"quantity": "-0.5"}, "quantity", ["-1", "0"]),
        ({"quantity": "1.5", "shipQuantity": 1}, "quantity", ["1", "2"]),
        ({"quantity": 2, "shipQuantity": "0.5"}, "shipQuantity", ["0", "1"]),
        ({"quantity": 2, "invoiceQuantity": "0.5"}, "invoiceQuantity", ["0", "1"]),
    ],
)
def test_a_line_in_a_whole_unit_accepts_no_fraction(
    shop: Client, url: str, fields: Fields, path: str, nearest: list[str]
) -> None:
    execute(url, WHOLE)
    [problem] = refused(shop, order(boxed(**fields)))
    assert (problem["code"], problem["path"][3:]) == ("OUT_OF_RANGE", [path])
    assert problem["suggestions"] == nearest
    assert problem["message"] == "Quantities in BOX are whole numbers."
    assert lines_of(created(shop, order(boxed(**fields, unitOfMeasure=PCS))), "quantity")
    new = created(shop, order(boxed(quantity=2)))
    assert refusals(shop, new, changing(fields)) == [("OUT_OF_RANGE", f"lines.update.0.{path}")]


def test_a_new_unit_does_not_accept_the_fraction_of_a_line(shop: Client, url: str) -> None:
    execute(url, WHOLE)
    for fields, path in (
        ({"quantity": "1.5"}, "quantity"),
        ({"quantity": 2, "shipQuantity": "1.5"}, "shipQuantity"),
    ):
        new = created(shop, order(boxed(**fields, unitOfMeasure=PCS)))
        result = refusals(shop, new, changing({"unitOfMeasure": BOX}))
        assert result == [("OUT_OF_RANGE", f"lines.update.0.{path}")]


def test_a_stored_fraction_can_still_be_edited_shipped_and_invoiced(shop: Client, url: str) -> None:
    new = created(shop, order(boxed(quantity="2.5")))
    partly = created(shop, order(boxed(quantity="2.5", shipQuantity=1)))
    execute(url, WHOLE)
    for patch in ({"unitPrice": 3}, {"quantity": "2.5"}, {"shipQuantity": 1}):
        assert patch_answer(shop, new, changing(patch))["userErrors"] == []
    new = patched(shop, new, changing({"shipQuantity": None}))
    refused_again = [("OUT_OF_RANGE", "lines.update.0.quantity")]
    assert refusals(shop, new, changing({"quantity": "3.5"})) == refused_again
    for each in (new, partly):
        done(shop, "releaseSalesOrder", each["id"])
        done(shop, SHIP, each["id"])
        done(shop, INVOICE, each["id"])
    [each_line] = partly["lines"]
    rest = [{"id": each_line["id"], "quantity": "1.5"}]
    done(shop, SHIP, partly["id"], lines=rest)
    done(shop, INVOICE, partly["id"], lines=rest)


def test_no_fraction_of_a_whole_unit_is_shipped_or_invoiced(shop: Client, url: str) -> None:
    key, [first] = released(shop, boxed(quantity=3))
    execute(url, WHOLE)
    half = [{"id": first.upper(), "quantity": "1.5"}]
    answer = change(shop, SHIP, id=key, lines=half)
    assert problems(answer) == [("OUT_OF_RANGE", "lines.0.quantity")]
    assert answer["userErrors"][0]["suggestions"] == ["1", "2"]
    more = [{"id": first, "quantity": "3.5"}]
    assert problems(change(shop, SHIP, id=key, lines=more)) == [
        ("SHIP_TOO_MANY", "lines.0.quantity")
    ]
    done(shop, SHIP, key)
    assert problems(change(shop, INVOICE, id=key, lines=half)) == [
        ("OUT_OF_RANGE", "lines.0.quantity")
    ]


def test_lines_without_an_item_accept_no_fraction_of_a_whole_unit_either(
    shop: Client, url: str
) -> None:
    execute(url, WHOLE)
    hours = {"lineType": "RESOURCE", "lineObjectNumber": "RESOURCE", "unitOfMeasure": BOX}
    new = created(shop, order({**hours, "quantity": 1}))
    wanted = [("OUT_OF_RANGE", "lines.update.0.quantity")]
    assert refusals(shop, new, changing({"quantity": "1.5"})) == wanted

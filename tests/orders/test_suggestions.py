"""Suggestions for a number or code that does not exist."""

from collections.abc import Iterator

import pytest

from gateway.settings import Settings
from tests.support.databases import Templates
from tests.support.requests import Fields, code, line, named, only, order, refused, sold
from tests.support.served import Client, serving
from tests.support.world import load_world


@pytest.fixture(scope="module")
def world(templates: Templates) -> Iterator[Client]:
    """One world for all tests, since refused orders do not change it."""
    with serving(Settings(database_url=templates.copy("world", load_world))) as client:
        yield client


def unit(number: str, value: str) -> Fields:
    """An order of one item in a unit of measure."""
    return order(line(number, unitOfMeasure=code(value)))


NEAREST: list[tuple[Fields, list[str]]] = [
    (order(line("BOXES")), ["BOXED"]),
    (order(line("BLOCKE")), ["BOXED"]),
    ({**order(), "customer": {"number": "BLOCKED-AL"}}, []),
    ({**order(), "customer": {"number": "PAYE"}}, ["PAYER"]),
    (order(billToCustomer={"number": "BLOCKED-SHI"}), []),
    (order({"account": named("A-BLOCKE"), "quantity": 1}), []),
    (order({"account": named("A-INDIREC"), "quantity": 1}), []),
    (order({"account": named("A-HEADIN"), "quantity": 1}), []),
    (order({"account": named("6111"), "quantity": 1}), ["6110"]),
    (only("RESOURCE", "CHARGE"), []),
    (only("RESOURCE", "RESOURC"), ["RESOURCE"]),
    (only("CHARGE", "X-BLOCKE"), []),
    (unit("TIMED", "PC"), ["PCS"]),
    (unit("TIMED", "HOURS"), ["HOUR"]),
    (unit("TIMED", "BOXES"), []),
    (unit("BOXED", "BOXES"), ["BOX"]),
    (order(sold("CHARGE"), currency=code("EURO")), ["EUR"]),
]
"""Unknown names and their suggestions, which must not be refused themselves."""


@pytest.mark.parametrize(("fields", "suggestions"), NEAREST)
def test_the_nearest_names_that_would_be_accepted_are_suggested(
    world: Client, fields: Fields, suggestions: list[str]
) -> None:
    [problem] = refused(world, fields)
    assert (problem["code"], problem["suggestions"]) == ("NOT_FOUND", suggestions)

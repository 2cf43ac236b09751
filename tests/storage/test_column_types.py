"""Column types: numbers, times and text are read back unchanged from both databases."""

import datetime as dt
import unicodedata
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from gateway.storage.tables.column_types import (
    canonical_guid,
    clean,
    hidden_at,
    is_storable_text,
    without_hidden,
)
from gateway.storage.tables.reference_data import CompanyRow, CustomerRow
from tests.support.databases import Templates
from tests.support.world import load_world

CUSTOMERS = CustomerRow.__table__.c
BATCH = 50
"""Values per example: 2 examples are a tenth of a thousand, 20 the whole thousand."""

LARGEST = Decimal("9999999999999.99999")
EDGES = [
    LARGEST,
    -LARGEST,
    Decimal("0.00001"),
    Decimal("-0.00001"),
    Decimal(0),
    Decimal("-0"),
    Decimal("0E+3"),
    Decimal("1E+12"),
    Decimal("1.10000000000000000000000000000000"),
    Decimal("1234567890123.12345"),
    Decimal("90071992547.40993"),  # 2^53 + 1 hundred-thousandths: no binary float holds it
    Decimal("0.1"),
]
UNSTORABLE = [
    Decimal("NaN"),
    Decimal("-NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("-Infinity"),
    Decimal("0.000001"),
    Decimal("-1.123456"),
    Decimal("1.0000000000000000000000000000001"),
    Decimal("9999999999999.999990000000000000000000001"),
    Decimal("9999999999999.999995"),
    Decimal(10000000000000),
    Decimal(-10000000000000),
    Decimal("1E+400"),
    Decimal("1E-400"),
]
MOMENTS = [
    dt.datetime(1, 1, 1, tzinfo=dt.UTC),
    dt.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC),
    dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC),
    dt.datetime(2024, 2, 29, 0, 0, 0, 1, tzinfo=dt.timezone(dt.timedelta(hours=14))),
    dt.datetime(2000, 1, 1, tzinfo=dt.timezone(-dt.timedelta(hours=23, minutes=59, seconds=59))),
]
OFFSETS = st.timedeltas(
    min_value=-dt.timedelta(hours=23, minutes=59), max_value=dt.timedelta(hours=23, minutes=59)
)
AMOUNTS = st.integers(-(10**18) + 1, 10**18 - 1).map(lambda units: Decimal(units).scaleb(-5))
INSTANTS = st.datetimes(timezones=OFFSETS.map(dt.timezone)).filter(
    lambda moment: 1 < moment.year < 9999  # all are within the years 1 to 9999 of UTC too
)
TEXTS = st.text(min_size=1, max_size=100).map(clean).filter(bool).filter(is_storable_text)
GUIDS = st.uuids().map(str)


@pytest.fixture(scope="module")
def url(templates: Templates) -> str:
    """One world for all tests of this module: each rolls back what it writes."""
    return templates.copy("world", load_world)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url, poolclass=NullPool)
    yield database
    await database.dispose()


def batches(values: st.SearchStrategy[Any], **options: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=BATCH, max_size=BATCH, **options)


async def insert(connection: AsyncConnection, column: str, values: Sequence[Any]) -> None:
    """A customer for each value, numbered by its position."""
    company = await connection.scalar(sa.select(CompanyRow.id))
    required = dict.fromkeys(("tax_liable", "prices_include_tax", "partial_shipping"), False)
    rows = [
        required
        | {
            "company_id": company,
            "id": f"00000000-0000-4000-8000-{place:012}",
            "number": f"{place:06}",
            "display_name": "Exact",
            "type": "COMPANY",
            "blocked": "NONE",
            "privacy_blocked": False,
            "etag": 1,
            "created_date_time": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            "last_modified_date_time": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            column: value,
        }
        for place, value in enumerate(values)
    ]
    await connection.execute(sa.delete(CustomerRow))
    await connection.execute(sa.insert(CustomerRow.__table__), rows)


async def stored_values(
    connection: AsyncConnection, column: str, order: str = "number"
) -> list[Any]:
    statement = sa.select(CUSTOMERS[column]).order_by(CUSTOMERS[order])
    return list((await connection.execute(statement)).scalars())


async def check_stored(database: Database, column: str, values: Sequence[Any]) -> None:
    """Each value is read back, matches an equal value, and sorts as in Python."""
    async with database.engine.connect() as connection:
        await insert(connection, column, values)
        assert await stored_values(connection, column) == list(values)
        assert await stored_values(connection, column, order=column) == sorted(values)
        for value in values[:5]:
            equal = sa.select(sa.func.count()).where(CUSTOMERS[column] == value)
            assert await connection.scalar(equal) == list(values).count(value)


@pytest.mark.anyio
@settings(max_examples=2)
@example(EDGES)
@given(batches(AMOUNTS))
async def test_amounts_are_exact(database: Database, values: list[Decimal]) -> None:
    await check_stored(database, "credit_limit", values)


@pytest.mark.full
@pytest.mark.anyio
@settings(max_examples=20)
@given(batches(AMOUNTS))
async def test_a_thousand_amounts_are_exact(database: Database, values: list[Decimal]) -> None:
    await check_stored(database, "credit_limit", values)


@pytest.mark.anyio
@settings(max_examples=2)
@example(MOMENTS)
@given(batches(INSTANTS))
async def test_instants_are_exact(database: Database, values: list[dt.datetime]) -> None:
    await check_stored(database, "last_modified_date_time", values)


@pytest.mark.full
@pytest.mark.anyio
@settings(max_examples=20)
@given(batches(INSTANTS))
async def test_a_thousand_instants_are_exact(database: Database, values: list[dt.datetime]) -> None:
    await check_stored(database, "last_modified_date_time", values)


@pytest.mark.anyio
async def test_an_instant_is_read_in_utc(database: Database) -> None:
    moment = dt.datetime(2026, 5, 31, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=5)))
    async with database.engine.connect() as connection:
        await insert(connection, "last_modified_date_time", [moment])
        [read] = await stored_values(connection, "last_modified_date_time")
    assert read.isoformat() == "2026-05-30T20:30:00+00:00"


@pytest.mark.anyio
@settings(max_examples=4)
@example(
    ["a", "B", "Z", "ä", "é", "ß", "\ufb01", "\U0001f600", "\uffee", "I", "\u0131", "1", "10", "2"]
)
@given(batches(TEXTS, unique=True))
async def test_text_is_stored_and_sorts_by_code_point(
    database: Database, values: list[str]
) -> None:
    await check_stored(database, "display_name", values)


@pytest.mark.anyio
@settings(max_examples=2)
@given(batches(GUIDS, unique=True))
async def test_guids_sort_as_text(database: Database, values: list[str]) -> None:
    await check_stored(database, "id", values)


@pytest.mark.anyio
@pytest.mark.parametrize("value", UNSTORABLE, ids=str)
async def test_a_number_that_would_lose_a_digit_is_refused(
    database: Database, value: Decimal
) -> None:
    async with database.engine.connect() as connection:
        with pytest.raises(sa.exc.StatementError) as refused:
            await insert(connection, "credit_limit", [value])
    assert isinstance(refused.value.orig, ValueError)


@pytest.mark.anyio
async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = dt.datetime(2026, 5, 31, 12, 0)  # noqa: DTZ001 - the point of the test
    async with database.engine.connect() as connection:
        with pytest.raises(sa.exc.StatementError, match="no time zone"):
            await insert(connection, "last_modified_date_time", [naive])


@pytest.mark.parametrize(
    ("text", "guid"),
    [
        ("0A1B2C3D-0000-4000-8000-00000000ABCD", "0a1b2c3d-0000-4000-8000-00000000abcd"),
        ("0a1b2c3d00004000800000000000abcd", None),
        ("{0a1b2c3d-0000-4000-8000-00000000abcd}", None),
        ("0a1b2c3d-0000-4000-8000-00000000abcd\n", None),
        ("0a1b2c3d-0000-4000-8000-00000000abc\u0661", None),
        ("\u212aa1b2c3d-0000-4000-8000-00000000abcd", None),
        ("", None),
    ],
)
def test_a_guid_has_one_spelling(text: str, guid: str | None) -> None:
    assert canonical_guid(text) == guid


@given(st.text())
def test_clean_text_is_trimmed_and_composed_and_cleaning_it_again_changes_nothing(
    text: str,
) -> None:
    cleaned = clean(text)
    assert cleaned == cleaned.strip()
    assert unicodedata.is_normalized("NFC", cleaned)
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "storable"),
    [
        ("plain", True),
        ("\U0001f600", True),
        ("\u00a0", True),
        ("a\x00b", False),
        ("a\nb", False),
        ("\x7f", False),
        ("\x85", False),
        ("\ud83d", False),
        (chr(0xDFFF), False),
    ],
)
def test_text_with_control_characters_or_half_surrogates_is_not_storable(
    text: str, storable: bool
) -> None:
    assert is_storable_text(text) is storable


@pytest.mark.parametrize(
    "code", [0x200B, *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF]
)
def test_hidden_characters_are_detected_and_removed(code: int) -> None:
    text = f"ä{chr(code)}b{chr(code)}"
    assert (hidden_at(text), without_hidden(text)) == (1, "äb")


@pytest.mark.parametrize("code", [0x200C, 0x200D, 0x200E, 0x200F, 0x2029, 0x2061, 0xAD, 0xFEFE])
def test_other_characters_stay(code: int) -> None:
    text = f"ä{chr(code)}b"
    assert (hidden_at(text), without_hidden(text)) == (None, text)

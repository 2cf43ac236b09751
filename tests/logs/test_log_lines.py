"""Lines of the log: one for each message, whatever text it contains, and without secrets."""

import json
import logging

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from gateway.storage.database import Database
from tests.support.logs import Log


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A\nforged", "A\\nforged"),
        ("A\r\nforged", "A\\r\\nforged"),
        ("\x1b[31mred\x9b0m", "\\x1b[31mred\\x9b0m"),
        ("line\u2028separator", "line\\u2028separator"),
        ("\u202egnirts", "\\u202egnirts"),
        ("half \ud83d", "half \\ud83d"),
        ("Müller 李", "Müller 李"),
        ("x" * 2_001, "x" * 2_000 + "…"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    log = Log()
    log.logger.info(text, operation=text)
    [line] = log.lines
    assert (line["event"], line["operation"]) == (shown, shown)
    assert len(log.text.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the key so_live_Ab3dEf is bad", "the key so_live_*** is bad"),
        ("so_test_Ab3dEf", "so_test_***"),
        ("token eyJhbGciOiJ9.eyJzdWIi.c2ln-_", "token eyJ***"),
        ("postgresql://user:pass@db/orders", "postgresql://user:***@db/orders"),
        ("http://127.0.0.1:8000/a@b", "http://127.0.0.1:8000/a@b"),
    ],
)
def test_secrets_are_left_out(text: str, shown: str) -> None:
    log = Log()
    log.logger.info("message", path=text)
    assert log.lines[0]["path"] == shown


def test_a_traceback_is_one_field_of_one_line() -> None:
    log = Log()
    try:
        int("bad\x1b[31m so_live_Ab3dEf")
    except ValueError as error:
        log.logger.exception("it failed", exc_info=error)
    [line] = log.lines
    first, *_, last = line["exception"].splitlines()
    assert first == "Traceback (most recent call last):"
    assert last.startswith("ValueError: invalid literal")
    assert last.endswith("so_live_***'")


@pytest.mark.anyio
async def test_a_failed_statement_is_logged_without_its_values() -> None:
    log = Log()
    database = Database("sqlite://")
    with pytest.raises(DBAPIError) as failure:
        async with database.write() as session:
            await session.execute(sa.text("INSERT INTO missing VALUES (:name)"), {"name": "Smith"})
    await database.dispose()
    log.logger.error("it failed", exc_info=failure.value)
    assert "INSERT INTO missing" in log.text
    assert "SQL parameters hidden" in log.text


def test_a_level_hides_what_is_less_severe() -> None:
    log = Log(logging.WARNING)
    log.logger.info("hidden")
    log.logger.warning("seen")
    assert [(line["event"], line["level"]) for line in log.lines] == [("seen", "warning")]


def test_the_time_the_level_and_the_event_come_first() -> None:
    log = Log()
    log.logger.info("request", status=200)
    assert list(json.loads(log.text)) == ["time", "level", "event", "status"]

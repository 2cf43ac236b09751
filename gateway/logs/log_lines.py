"""Formats messages as lines, without secrets or control characters."""

import datetime as dt
import re
import textwrap
from collections.abc import Sequence
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LONGEST_VALUE = 2_000
"""Characters of a value; those of an exception are not counted."""

TRACEBACK = "exception"
SECRETS = re.compile(
    r"(so_(?:live|test)_)\w+"  # a key
    r"|(eyJ)[\w-]+\.[\w-]+\.[\w-]*"  # a token
    r"|(://[^\s:/@]*:)[^\s/@]+(?=@)"  # a password in a URL
)


def with_time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["time"] = dt.datetime.now(dt.UTC)
    return event


COMPLETERS: Sequence[Processor] = (
    structlog.processors.add_log_level,
    with_time,
    structlog.processors.format_exc_info,
)
"""The processors that complete an event when it occurs. Those of the line of a request, which has its own
`request_id`, end here."""


def processors(*, as_json: bool) -> list[Processor]:
    """The processors that turn a message into a line."""
    return [structlog.contextvars.merge_contextvars, *COMPLETERS, *renderers(as_json=as_json)]


def renderers(*, as_json: bool) -> list[Processor]:
    """The processors that turn a complete event into a line, whenever they run."""
    if as_json:
        return [as_json_line]
    return [with_text_of_time, harmless, indented, _console(), without_secrets]


def with_text_of_time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Write the time as ISO 8601 in UTC."""
    event["time"] = event["time"].isoformat().replace("+00:00", "Z")
    return event


def harmless(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Escape unprintable characters, so that a value can neither forge a line nor control a terminal,
    and shorten long values."""
    for key, value in event.items():
        if type(value) is not str:
            continue
        if key == TRACEBACK:
            event[key] = "\n".join(map(_escaped, value.splitlines()))
        elif len(value) > LONGEST_VALUE:
            event[key] = _escaped(value[:LONGEST_VALUE]) + "…"
        elif not value.isprintable():
            event[key] = _escaped(value)
    return event


def indented(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Indent tracebacks, so that their text cannot be taken for other lines."""
    if TRACEBACK in event:
        event[TRACEBACK] = textwrap.indent(event[TRACEBACK], "    ")
    return event


def as_json_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    time, level, text = event.pop("time"), event.pop("level"), event.pop("event", None)
    event = {"time": time, "level": level, "event": text, **event}
    try:
        line = _as_json(event)
    except orjson.JSONEncodeError:  # half of a surrogate pair
        line = ""
    return redacted(line if _is_harmless(line) else _as_json(harmless(None, "", event)))


def _as_json(event: EventDict) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z).decode()


def _is_harmless(line: str) -> bool:
    """Whether `harmless` would change nothing in this JSON: nearly every line, seen much sooner than in
    each of its values. JSON has a backslash for every unprintable character of ASCII but one."""
    is_plain = line.isascii() and "\\" not in line and "\x7f" not in line
    return is_plain and 0 < len(line) <= LONGEST_VALUE


def without_secrets(_logger: WrappedLogger, _method: str, line: Any) -> str:
    return redacted(line)


def redacted(line: str) -> str:
    """A line without keys, tokens and the passwords of URLs."""
    if not ("so_" in line or "eyJ" in line or "://" in line):
        return line  # much faster than a search for the pattern
    return SECRETS.sub(lambda match: f"{match[1] or match[2] or match[3]}***", line)


def _escaped(text: str) -> str:
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _console() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(
        colors=True, sort_keys=False, timestamp_key="time", pad_event_to=0
    )

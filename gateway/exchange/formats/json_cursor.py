"""Reads JSON of any size value by value, with limits for each value."""

import io
import json
import re
from typing import Any, NoReturn

from gateway.exchange.formats.sources import CHUNK, HEAD, FileSource

MAX_OBJECT = 5_000_000
"""Characters of one object; an order of a thousand lines has about 1.3 million."""

MAX_DEPTH = 20
"""Levels of nesting; an order with its lines and their dimensions has five."""

MAX_NUMBER = 64
"""Characters of a number; the gateway stores eighteen digits."""

MAX_EXPONENT = 3
"""Characters of an exponent, since a short text could otherwise mean an enormous number."""

BLANKS = re.compile(r"[ \t\r\n\ufeff]*")
PAGE = re.compile(r'\{\s*(?:"@[^"]*"\s*:\s*(?:"[^"]*"|\w+)\s*,\s*)*"value"\s*:\s*(?=\[)')
"""The start of an OData page: `{"@odata.context": "...", "value": [`."""

NEXT = "@odata.nextLink"
NEXT_BEFORE = re.compile(rf'"{re.escape(NEXT)}"\s*:\s*"')
"""Matches the member in front of the array of a page."""


class JsonNotAllowed(ValueError):
    """An object contains something that is not allowed. The message continues a sentence that begins
    with the name of the file."""


def _number(text: str) -> str:
    exponent = text.lower().partition("e")[2]
    if len(text) > MAX_NUMBER or len(exponent) > MAX_EXPONENT:
        raise JsonNotAllowed(f"contains the number {text[:20]}, which is too large")
    return text


def _constant(text: str) -> NoReturn:
    raise JsonNotAllowed(f"contains {text}, which is not JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in members if names.count(name) > 1)
        raise JsonNotAllowed(f"contains {twice!r} twice")
    return members


DECODER = json.JSONDecoder(
    parse_float=_number,
    parse_int=_number,
    parse_constant=_constant,
    object_pairs_hook=_members,
)


class JsonCursor:
    """A position in a text, only a window of which is in memory."""

    def __init__(self, source: FileSource, text: io.TextIOBase) -> None:
        self.source = source
        self.text = text
        self.window = ""
        self.position = 0
        self.is_done = False
        self.count = 0
        self.names_next = False

    def _read_more(self) -> None:
        """Discard what was read, and read ahead twice as far."""
        ahead = self.window[self.position :]
        if len(ahead) > MAX_OBJECT:
            raise self.source.refuse(
                f"has an object of more than {MAX_OBJECT // 1_000_000} MB after {self.where()}"
            )
        part = self.text.read(min(max(CHUNK, len(ahead)), CHUNK + MAX_OBJECT - len(ahead)))
        self.is_done = not part
        self.window = ahead + part
        self.position = 0

    def peek(self) -> str:
        """The next character that is not a blank; "" at the end."""
        while True:
            self.position = BLANKS.match(self.window, self.position).end()  # type: ignore[union-attr]
            if self.position < len(self.window):
                return self.window[self.position]
            if self.is_done:
                return ""
            self._read_more()

    def enters_page(self) -> bool:
        """Whether an OData page starts here; if so, move on to its array."""
        if len(self.window) - self.position < HEAD:
            self._read_more()
        page = PAGE.match(self.window, self.position)
        if page:
            self.position = page.end()
            self.names_next = self.names_next or bool(NEXT_BEFORE.search(page[0]))
        return bool(page)

    def take(self, expected: str) -> None:
        character = self.peek()
        if character != expected:
            raise self.source.refuse(
                f"is not well-formed JSON after {self.where()}: expected {expected!r}, found "
                f"{character or 'the end'!r}"
            )
        self.position += 1

    def value(self) -> Any:
        """The next value. A value that ends at the end of the window may continue beyond it."""
        self.peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self.window, self.position)
            except json.JSONDecodeError as error:
                if self.is_done:
                    raise self.source.refuse(
                        f"is not well-formed JSON after {self.where()}: {error.msg}"
                    ) from error
            except JsonNotAllowed as error:
                raise self.source.refuse(f"{error} (after {self.where()})") from error
            except RecursionError as error:
                raise self.source.refuse(
                    f"is nested more than {MAX_DEPTH} levels deep after {self.where()}"
                ) from error
            else:
                if self.is_done or end < len(self.window):
                    self.position = end
                    return value
            self._read_more()

    def where(self) -> str:
        return f"record {self.count}" if self.count else "the start"

"""The options of an import, for what its files leave open or must not decide."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self


class DateOrder(StrEnum):
    """The order of day, month and year in a date."""

    MDY = "MDY"
    DMY = "DMY"
    YMD = "YMD"


class DecimalSign(StrEnum):
    """The decimal sign of a number; the other sign may group thousands."""

    POINT = "."
    COMMA = ","


class RoundingOption(StrEnum):
    """The rounding of line amounts, if it is not the default: `line` rounds once per line, as Finance &
    Operations does (RULES.md 2.3)."""

    LINE = "line"


class LinesOption(StrEnum):
    """The meaning of the lines in the files, if they are not additions and changes: `replace` means
    that they are all lines of their orders, so that stored lines without a row are deleted."""

    REPLACE = "replace"


LONGEST_SHOWN = 40
"""Characters of a bad value that a message quotes."""


class BadOption(ValueError):
    """An option has a bad value. The message continues a sentence that begins with the name of the
    option."""

    code = "BAD_OPTION"

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


@dataclass(frozen=True)
class ImportOptions:
    """Options that are None are decided from the files. Raises BadOption."""

    dates: DateOrder | None = None
    decimal: DecimalSign | None = None
    encoding: str | None = None
    separator: str | None = None
    strict: bool = False
    rounding: RoundingOption | None = None
    lines: LinesOption | None = None

    def __post_init__(self) -> None:
        if self.encoding is not None:
            check_encoding(self.encoding)
        if self.separator is not None:
            check_separator(self.separator)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """The options with these values from a mapping file or a stored job. Raises BadOption."""
        known = {field.name for field in fields(cls)}
        for name in values:
            if name not in known:
                raise BadOption(name, f"is not an option; use {', '.join(sorted(known))}")
        words: dict[str, type[StrEnum]] = {
            "dates": DateOrder,
            "decimal": DecimalSign,
            "rounding": RoundingOption,
            "lines": LinesOption,
        }
        read: dict[str, Any] = {
            name: _word(name, value, words[name]) if name in words else _plain(name, value)
            for name, value in values.items()
            if value is not None
        }
        return cls(**read)

    def stored(self) -> dict[str, Any]:
        """The values for `read`, without options that are None."""
        return {name: value for name, value in asdict(self).items() if value not in (None, False)}

    def or_else(self, other: "ImportOptions") -> "ImportOptions":
        """These options, completed by those of `other`."""
        return ImportOptions.read(other.stored() | self.stored())


def check_encoding(name: str) -> str:
    """Raises BadOption unless Python can decode text in this encoding."""
    try:
        b" ".decode(name)
    except UnicodeError:
        return name  # such as half a character of UTF-16
    except (LookupError, ValueError):
        message = "must be a known encoding such as utf-8 or cp1250"
        raise BadOption("encoding", f"{message}, not {name[:LONGEST_SHOWN]!r}") from None
    return name


def check_separator(sign: str) -> str:
    """Raises BadOption unless CSV can be split at this sign."""
    if len(sign) != 1 or sign in '"\r\n ':
        raise BadOption(
            "separator", f"must be one sign such as ; or a tab, not {sign[:LONGEST_SHOWN]!r}"
        )
    return sign


def _word(name: str, value: Any, words: type[StrEnum]) -> StrEnum:
    try:
        return words(value)
    except ValueError:
        raise BadOption(
            name, f"must be {' or '.join(words)}, not {str(value)[:LONGEST_SHOWN]!r}"
        ) from None


def _plain(name: str, value: object) -> object:
    kind = bool if name == "strict" else str
    if not isinstance(value, kind):
        raise BadOption(name, f"must be {'true or false' if kind is bool else 'text'}")
    return value

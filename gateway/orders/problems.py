"""Why a change is refused: one code for each rule, and the problems of one change."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from gateway.storage.tables.column_types import Base
from gateway.storage.tables.reference_data import LineObjectKind

Path = tuple[str, ...]


class ProblemCode(Enum):
    """A rule that a change breaks. The value says when; it stands in the schema and the README."""

    REQUIRED = "A value is missing that the order cannot do without."
    NOT_FOUND = "No record in the company has this id, number or code."
    INVALID = "The value is not well formed for its field."
    TOO_LONG = "The text is longer than its field."
    OUT_OF_RANGE = "The number, date or amount is outside its bounds."
    CONFLICTING = "Two of the given values contradict each other."
    DUPLICATE = "The value must be unique and is taken."
    BLOCKED = "The record exists but is closed for sales."
    PRICE_REQUIRED = (
        "The order is not in the company's currency, so the line needs its own unit price."
    )
    TOO_MANY_LINES = "The order has more lines than the gateway allows."
    SHIP_TOO_MANY = "The quantity to ship is more than is outstanding."
    INVOICE_TOO_MANY = "The quantity to invoice is more than is shipped or about to be."
    STALE = "The order has changed since the etag was read; the suggestion is its etag now."
    NOT_EDITABLE = "The order is not in a state in which this may change."
    WRONG_STATUS = "The order is not in a state from which this may happen."
    ON_HOLD = "Release, shipping and invoicing are stopped for now."
    NOTHING_TO_RELEASE = "The order has no line with something to sell and a quantity."
    LINE_INCOMPLETE = "A line does not say what it sells, or in which unit."
    PARTIAL_NOT_ALLOWED = "The order must be shipped complete, and this would leave something."
    NOTHING_TO_SHIP = "No line has anything to ship."
    NOTHING_TO_INVOICE = "No line has anything that is shipped and not yet invoiced."
    HEADER_NOT_FOUND = "A line of an import names an order that is neither in the files nor stored."
    HAS_SHIPMENTS = "Something is shipped or invoiced already."


@dataclass(frozen=True)
class Missing:
    """What was looked for in vain: the value of a column of a model, for a line object of a kind, and
    `among` values if no others would do."""

    model: type[Base]
    column: str
    value: str
    kind: LineObjectKind | None = None
    among: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Problem:
    """One refusal. `path` leads from the change to the value, by field names and list indexes;
    `suggestions` are values that would be accepted."""

    code: ProblemCode
    path: Path
    message: str
    rejected_value: str | None = None
    suggestions: tuple[str, ...] = ()
    missing: Missing | None = None


class Rejected(Exception):
    """A change broke rules; nothing of it is kept."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class Report:
    """Collects problems; `at` gives the same report for what lies deeper in the change."""

    def __init__(self, problems: list[Problem] | None = None, path: Path = ()) -> None:
        self.problems: list[Problem] = [] if problems is None else problems
        self._path = path

    def at(self, *path: str) -> "Report":
        return Report(self.problems, self._path + path)

    def refuse(
        self,
        code: ProblemCode,
        *path: str,
        message: str,
        rejected: object = None,
        suggestions: tuple[str, ...] = (),
        missing: Missing | None = None,
    ) -> None:
        value = None if rejected is None else plain(rejected)
        problem = Problem(code, self._path + path, message, value, suggestions, missing)
        self.problems.append(problem)


def plain(value: object) -> str:
    """`value` as a reader types it: a number without exponent and trailing zeros, an enum member by
    name, true and false, and at most 100 code points of text that can be encoded."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        text = f"{value:f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text
    return encodable(value.name if isinstance(value, Enum) else str(value))[:100]


def encodable(text: str) -> str:
    """`text` with a question mark for each half of a surrogate pair, which no answer can carry."""
    return text.encode("utf-8", "replace").decode()

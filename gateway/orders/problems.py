"""Why a change is refused: codes, refusals, and the problems of one change."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from gateway.orders.transitions import Transition
from gateway.storage.tables.column_types import Base, plain_number
from gateway.storage.tables.reference_enums import LineObjectKind

Path = tuple[str, ...]


class ProblemCode(Enum):
    """The code of a refusal. The value describes it in the schema and in api/README.md."""

    REQUIRED = "A required value is missing."
    NOT_FOUND = "No record in the company has this id, number or code."
    INVALID = "The value does not have the format that its field requires."
    TOO_LONG = "The text has more characters than its field allows."
    OUT_OF_RANGE = "The number, date or amount is smaller or larger than its field allows."
    CONFLICTING = "Two values contradict each other."
    DUPLICATE = "The value must be unique, but another record already has it."
    BLOCKED = "The record exists, but it is blocked for sales."
    PRICE_REQUIRED = (
        "The line needs its own unit price, because the object that it sells has none in the currency"
        " of the order or in the unit of the line."
    )
    TOO_MANY_LINES = "The order has more lines than the gateway allows."
    SHIP_TOO_MANY = "The quantity to ship exceeds the outstanding quantity."
    INVOICE_TOO_MANY = "The quantity to invoice exceeds what is shipped or about to be shipped."
    STALE = "The record has changed since the etag was read. The suggestion is its current etag."
    FORBIDDEN = "The credential does not allow this, because it is limited or lacks a scope."
    OTHER_ROW_REFUSED = "The row itself is correct, but another row of the same call was refused."
    IN_USE = "The record cannot be deleted, because orders or other records refer to it."
    NOT_EDITABLE = "The status of the order does not allow this value to change."
    WRONG_STATUS = "The status of the order or import job does not allow this mutation."
    ON_HOLD = "The order is on hold, which stops release, shipping and invoicing."
    NOTHING_TO_RELEASE = "The order has no line that sells something in a quantity other than 0."
    LINE_INCOMPLETE = "A line does not state what it sells, or in which unit."
    PARTIAL_NOT_ALLOWED = (
        "The order must be shipped as a whole, but some of it would remain unshipped."
    )
    NOTHING_TO_SHIP = "No line has a quantity to ship."
    NOTHING_TO_INVOICE = "No line has a shipped quantity that is not yet invoiced."
    LINE_KEY_MISSING = (
        "A line of an import has no key, and the stored line in its place sells something else."
    )
    HEADER_NOT_FOUND = (
        "A line of an import names an order that is neither in the files nor in the database."
    )
    HAS_SHIPMENTS = "Some of the order is already shipped or invoiced."


@dataclass(frozen=True)
class Refusal:
    """One way to break a rule. `rule` is a section of RULES.md, `message` a template for str.format."""

    code: ProblemCode
    rule: str
    message: str


@dataclass(frozen=True)
class Missing:
    """A record that does not exist: its model, and the column and value by which it was looked up. A
    line object also has a kind. `among` lists the values that would be accepted, if they are known."""

    model: type[Base]
    column: str
    value: str
    kind: LineObjectKind | None = None
    among: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Problem:
    """A refused value. `path` leads to the value in the change, by field names and list indexes.
    `suggestions` are values that would be accepted. Any of the transitions in `first` makes the change
    possible; those in `instead` are possible now. `parameters` are the values in the message, by their
    names in its template."""

    code: ProblemCode
    path: Path
    message: str
    rejected_value: str | None = None
    suggestions: tuple[str, ...] = ()
    missing: Missing | None = None
    first: tuple[Transition, ...] = ()
    instead: tuple[Transition, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()


class Rejected(Exception):
    """The change breaks rules, so none of it is stored."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class Report:
    """Collects problems. `at` returns a report on values deeper in the change, which adds to the same
    list."""

    def __init__(self, problems: list[Problem] | None = None, path: Path = ()) -> None:
        self.problems: list[Problem] = [] if problems is None else problems
        self._path = path

    def at(self, *path: str) -> "Report":
        return Report(self.problems, self._path + path)

    def refuse(
        self,
        refusal: Refusal,
        *path: str,
        rejected: object = None,
        suggestions: tuple[str, ...] = (),
        missing: Missing | None = None,
        first: tuple[Transition, ...] = (),
        instead: tuple[Transition, ...] = (),
        **values: object,
    ) -> None:
        """Add a problem; `values` fill in the braces of the message."""
        parameters = {name: plain(each) for name, each in values.items()}
        self.problems.append(
            Problem(
                refusal.code,
                self._path + path,
                refusal.message.format_map(parameters),
                None if rejected is None else plain(rejected),
                suggestions,
                missing,
                first,
                instead,
                tuple(parameters.items()),
            )
        )


def plain(value: object) -> str:
    """`value` as people write it: numbers without exponent or trailing zeros, enum members by name,
    true or false, and at most 100 code points of text, which can be encoded."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return plain_number(value)
    return encodable(value.name if isinstance(value, Enum) else str(value))[:100]


def encodable(text: str) -> str:
    """`text` with a question mark for each half of a surrogate pair, which no answer can carry."""
    return text.encode("utf-8", "replace").decode()

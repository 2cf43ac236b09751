"""Column types that are exact on both SQLite and PostgreSQL, and the base class of every table."""

import datetime as dt
import re
import unicodedata
import uuid
from collections.abc import Iterator
from decimal import Context, Decimal, Inexact, InvalidOperation
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, attributes, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

DECIMALS = 5
LARGEST = Decimal("9999999999999.99999")
"""Numbers have at most 13 digits before the decimal point and 5 after it, and may be negative."""


_STORED = Context(prec=len(LARGEST.as_tuple().digits), traps=[Inexact, InvalidOperation])
_FINEST = Decimal(1).scaleb(-DECIMALS)


def is_storable(value: Decimal) -> bool:
    """Whether `value` can be stored without losing a digit."""
    try:
        return not value or _STORED.quantize(value, _FINEST).is_finite()
    except (Inexact, InvalidOperation):
        return False


def plain_number(value: Decimal) -> str:
    """`value` as text, without an exponent or trailing zeros."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


class Amount(TypeDecorator[Decimal]):
    """An exact number. It is NUMERIC(18,5) on PostgreSQL, and an integer number of hundred-thousandths on
    SQLite, whose NUMERIC is a binary float. Raises ValueError rather than store a rounded number."""

    impl = sa.Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        scaled = dialect.name == "sqlite"
        return dialect.type_descriptor(sa.BigInteger() if scaled else sa.Numeric(18, DECIMALS))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if not value:  # none, or zero, as most amounts are
            return 0 if value is not None and dialect.name == "sqlite" else value
        if not is_storable(value):
            raise ValueError(
                f"{value} has more than 13 digits before the decimal point or 5 after it"
            )
        return int(value.scaleb(DECIMALS)) if dialect.name == "sqlite" else value

    def process_literal_param(self, value: Decimal | None, dialect: Dialect) -> str:
        return str(self.process_bind_param(value, dialect))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None or dialect.name != "sqlite":
            return value  # type: ignore[no-any-return]
        return Decimal(value).scaleb(-DECIMALS)


class Instant(TypeDecorator[dt.datetime]):
    """A point in time in UTC, to the microsecond. Raises ValueError for a time without a zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        in_utc = value.astimezone(dt.UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=dt.UTC)


GUID_LENGTH = 36


class Guid(TypeDecorator[str]):
    """A GUID as its canonical text. It is a UUID on PostgreSQL and text on SQLite, with the same sort
    order."""

    impl = sa.CHAR(GUID_LENGTH)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        is_text = dialect.name == "sqlite"
        return dialect.type_descriptor(sa.CHAR(GUID_LENGTH) if is_text else sa.Uuid(as_uuid=False))


_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def canonical_guid(text: str) -> str | None:
    """`text` as a GUID in lower case; None if it is not a GUID and so cannot identify a row."""
    lowered = text.lower()
    return lowered if _GUID.fullmatch(lowered) else None


def new_guid() -> str:
    return str(uuid.uuid4())


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def text_type(length: int) -> sa.String:
    """Text of at most `length` code points that sorts by code point on both databases."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def one_of(name: str, *values: Any) -> sa.Enum:
    """One of `values`, enforced by the CHECK constraint `name`. It sorts by code point on both databases."""

    def kind() -> sa.Enum:
        return sa.Enum(*values, native_enum=False, create_constraint=True, length=20, name=name)

    sorted_by_code_point = kind()
    sorted_by_code_point.collation = "C"
    return kind().with_variant(sorted_by_code_point, "postgresql")


def enum_type(kind: type[StrEnum]) -> sa.Enum:
    """A member of `kind`, stored by its name."""
    return one_of(re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(), kind)


_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_storable_text(value: str) -> bool:
    """Whether `value` contains neither control characters nor unpaired surrogates."""
    return _UNSTORABLE.search(value) is None


_HIDDEN = re.compile("[\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Invisible characters that make texts look equal although they differ, or change the direction. U+200C
to U+200F are allowed, since some languages need them."""


def hidden_at(value: str) -> int | None:
    """The index of the first forbidden invisible character."""
    result = None if value.isascii() else _HIDDEN.search(value)
    return None if result is None else result.start()


def is_printable(value: str) -> bool:
    """Whether every character of a text can be stored and is visible."""
    return is_storable_text(value) and hidden_at(value) is None


def without_hidden(value: str) -> str:
    return value if value.isascii() else _HIDDEN.sub("", value)


def clean(value: str) -> str:
    """`value` as it is stored: trimmed and in Unicode normal form C."""
    return unicodedata.normalize("NFC", value).strip()


FOLDED = "_folded"
"""The suffix of the name of a column with the case-folded value of another one."""

IGNORES_CASE = "ignores_case"
"""The key in the `info` of a column without such a copy that filters compare ignoring case."""


def case_folded(value: str) -> str:
    """`value` for the comparison of numbers and codes, ignoring case."""
    return unicodedata.normalize("NFC", value.casefold())


def folded_from(name: str) -> Any:
    """The column for look-ups that ignore the case of the column `name`. Every insert fills it."""

    def folded_value(context: Any) -> str:
        return case_folded(context.get_current_parameters()[name])

    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return mapped_column(
        kind, init=False, insert_default=folded_value, server_default=sa.text("''")
    )


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True, eq=False, repr=False):
    metadata = sa.MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )

    def related_in_memory(self, relation: str) -> Any:
        """The related object or objects that a row which was just written has in memory."""
        return attributes.instance_dict(self).get(relation)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__abstract__" in vars(cls):
            return
        table = cls.__table__
        if isinstance(table, sa.Table):
            for constraint in list(check_constraints(table)):
                table.append_constraint(constraint)


class CompanyScoped(MappedAsDataclass, kw_only=True, eq=False, repr=False):
    """A row that belongs to one company. The company is part of every key, so that a distributed
    PostgreSQL can store a company's rows together."""

    company_id: Mapped[str] = mapped_column(Guid, sa.ForeignKey("companies.id"), primary_key=True)
    id: Mapped[str] = mapped_column(Guid, primary_key=True, default_factory=new_guid)


@sa.event.listens_for(Base, "before_update", propagate=True)
def _fold_changed(_mapper: Any, _connection: Any, row: Base) -> None:
    """Keep folded columns in sync with their sources."""
    for column in type(row).__table__.columns:
        source = column.name.removesuffix(FOLDED)
        if source != column.name and sa.inspect(row).attrs[source].history.has_changes():
            setattr(row, column.name, case_folded(getattr(row, source)))


def foreign_key(column: str, table: str, **options: Any) -> sa.ForeignKeyConstraint:
    """A foreign key to a row of the same company."""
    return sa.ForeignKeyConstraint(
        ["company_id", column], [f"{table}.company_id", f"{table}.id"], **options
    )


def unique(*columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("company_id", *columns)


def index(*columns: str, unique: bool = False) -> sa.Index:
    return sa.Index(None, "company_id", *columns, unique=unique)


def check_constraints(table: sa.Table) -> Iterator[sa.CheckConstraint]:
    """CHECK constraints for the length of text and the range of numbers, which SQLite's types do not
    enforce. On PostgreSQL the range excludes NaN."""
    for column in table.columns:
        if isinstance(column.type, sa.Enum):
            continue
        if isinstance(column.type, sa.String) and column.type.length:
            condition = sa.func.length(column) <= column.type.length
            yield sa.CheckConstraint(condition, name=f"{column.name}_length")
        elif isinstance(column.type, Amount):
            low, high = (0, 100) if column.name == "discount_percent" else (-LARGEST, LARGEST)
            condition = column.between(Decimal(low), Decimal(high))
            yield sa.CheckConstraint(condition, name=f"{column.name}_range")

"""API keys. Only a digest of each key is stored, so that keys cannot be read from the database."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from gateway.storage.tables.column_types import Base, Guid, Instant, new_guid, now, text_type


def _is_list(column: str) -> sa.CheckConstraint:
    """Refuses what is not a JSON list of texts. The brackets are compared, not the JSON parsed, because
    this condition is the same on both databases."""
    condition = f"""{column} = '[]' OR {column} LIKE '["%"]'"""
    return sa.CheckConstraint(condition, name=f"{column}_list")


class ApiKeyRow(Base, kw_only=True):
    """A key of a client. `digest` is the SHA-256 of the key in hexadecimal, `prefix` its first
    characters, by which people recognise it. `scopes`, `companies` and `customers` are JSON lists;
    `companies` and `customers` hold ids and are null if the key is not limited to some."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(Guid, primary_key=True, default_factory=new_guid)
    name: Mapped[str] = mapped_column(text_type(100))
    prefix: Mapped[str] = mapped_column(text_type(20))
    digest: Mapped[str] = mapped_column(text_type(64))
    scopes: Mapped[str] = mapped_column(sa.Text)
    companies: Mapped[str | None] = mapped_column(sa.Text, default=None)
    customers: Mapped[str | None] = mapped_column(sa.Text, default=None)
    created_by: Mapped[str | None] = mapped_column(text_type(100), default=None)
    created_date_time: Mapped[dt.datetime] = mapped_column(Instant, default_factory=now)
    expires_date_time: Mapped[dt.datetime | None] = mapped_column(Instant, default=None)
    revoked_date_time: Mapped[dt.datetime | None] = mapped_column(Instant, default=None)
    last_used_date_time: Mapped[dt.datetime | None] = mapped_column(Instant, default=None)
    __table_args__ = (
        sa.Index(None, "digest", unique=True),
        sa.Index(None, "name"),
        *map(_is_list, ("scopes", "companies", "customers")),
    )

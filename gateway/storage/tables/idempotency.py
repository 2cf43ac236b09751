"""Idempotency records: the answers to changes that clients may repeat under the same key."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from gateway.storage.tables.column_types import Base, Guid, Instant, text_type


class IdempotencyRecordRow(Base, kw_only=True):
    """The answer to a change in a company. `digest` is the SHA-256 of the credential and the key,
    `fingerprint` that of the operation, both in hexadecimal. The answer is empty until the change is
    made."""

    __tablename__ = "idempotency_records"

    company_id: Mapped[str] = mapped_column(Guid, sa.ForeignKey("companies.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(text_type(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(text_type(64))
    answer: Mapped[bytes] = mapped_column(sa.LargeBinary)
    expires_date_time: Mapped[dt.datetime] = mapped_column(Instant)
    __table_args__ = (sa.Index(None, "expires_date_time"),)


class AdministrationRecordRow(Base, kw_only=True):
    """The answer to a change of companies or API keys, which belongs to no company."""

    __tablename__ = "administration_records"

    digest: Mapped[str] = mapped_column(text_type(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(text_type(64))
    answer: Mapped[bytes] = mapped_column(sa.LargeBinary)
    expires_date_time: Mapped[dt.datetime] = mapped_column(Instant)
    __table_args__ = (sa.Index(None, "expires_date_time"),)

"""The tables whose rows belong to a company."""

import sqlalchemy as sa

from gateway.storage.tables import idempotency, import_jobs, reference_data, sales_orders
from gateway.storage.tables.column_types import Base

__all__ = ["COMPANY_TABLES", "idempotency", "import_jobs", "reference_data", "sales_orders"]

COMPANY_TABLES: tuple[sa.Table, ...] = tuple(
    table for table in Base.metadata.sorted_tables if "company_id" in table.c
)
"""Referred tables come before those that refer to them."""

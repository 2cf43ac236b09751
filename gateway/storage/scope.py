"""The rows that a caller may read and write."""

from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from gateway.storage.tables.column_types import Base
from gateway.storage.tables.import_jobs import ImportJobRow
from gateway.storage.tables.reference_data import CompanyRow, CustomerRow
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderRow


class CompanyNotFound(LookupError):
    """The company of the request does not exist, or the request names none although there are
    several."""


@dataclass(frozen=True)
class ScopeRequest:
    """The company that a request names, and the limits of its caller.

    `company` is a name or id, and None stands for the only company that the caller may see. `companies`
    and `customers` are ids, and None stands for all. `actor` is the recorded author of changes.
    `writes_references` says whether an import may write the records that orders refer to."""

    company: str | None = None
    companies: frozenset[str] | None = None
    customers: frozenset[str] | None = None
    actor: str | None = None
    writes_references: bool = True


@dataclass(frozen=True)
class Scope:
    """One company, and either all of its customers (None) or only those with the ids in `customers`.
    The other attributes are those of ScopeRequest."""

    company: str
    customers: frozenset[str] | None = None
    actor: str | None = None
    writes_references: bool = True

    @property
    def is_limited(self) -> bool:
        """Whether some customers are outside the scope."""
        return self.customers is not None

    def is_company(self, column: Any) -> sa.ColumnElement[bool]:
        """The condition that a column has the id of the company."""
        own: sa.ColumnElement[bool] = column == self.company
        return own

    def is_customer(self, column: Any) -> sa.ColumnElement[bool]:
        """The condition that a column has the id of one of `customers`."""
        among: sa.ColumnElement[bool] = column.in_(sorted(self.customers or ()))
        return among

    def is_limit(self, column: Any) -> sa.ColumnElement[bool]:
        """The condition that a column has `customers` in the form in which import jobs store them."""
        same: sa.ColumnElement[bool] = column == listed_ids(self.customers)
        return same


def listed_ids(ids: frozenset[str] | None) -> str | None:
    """Ids as they are stored in one column: a sorted JSON list; None means all."""
    return None if ids is None else orjson.dumps(sorted(ids)).decode()


def within(scope: Scope, model: type[Base]) -> sa.ColumnElement[bool]:
    """The condition that limits rows of `model` to `scope`. Only this module applies a scope.

    A caller who is limited to customers sees the import jobs of callers with the same limit."""
    if model is CompanyRow:
        return scope.is_company(CompanyRow.id)
    own = within_company(scope, model)
    return own & _of_customers(scope, model) if scope.is_limited else own


def _of_customers(scope: Scope, model: type[Base]) -> sa.ColumnElement[bool]:
    """The condition that limits rows of `model` to the customers of a limited scope."""
    if model is CustomerRow:
        return scope.is_customer(CustomerRow.id)
    if model is SalesOrderRow:
        return scope.is_customer(SalesOrderRow.customer_id)
    if model is SalesOrderLineRow:
        orders = sa.select(SalesOrderRow.id).where(within(scope, SalesOrderRow))
        return SalesOrderLineRow.sales_order_id.in_(orders)
    if model is ImportJobRow:
        return scope.is_limit(ImportJobRow.customers)
    if "job_id" in model.__table__.c:
        jobs = sa.select(ImportJobRow.id).where(within(scope, ImportJobRow))
        return model.__table__.c.job_id.in_(jobs)
    return sa.true()


def within_company(scope: Scope, model: type[Base]) -> sa.ColumnElement[bool]:
    """The condition that limits rows of `model` to the company, whatever their customer."""
    return scope.is_company(model.__table__.c.company_id)

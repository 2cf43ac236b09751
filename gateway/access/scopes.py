"""The scopes that a credential can have."""

from collections.abc import Iterable
from enum import StrEnum


class AccessScope(StrEnum):
    """What a credential allows. The description of each is in SCOPES."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    ORDERS_LIFECYCLE = "orders:lifecycle"
    ORDERS_IMPORT = "orders:import"
    ORDERS_EXPORT = "orders:export"
    REFERENCE_WRITE = "reference:write"
    ADMIN = "admin"


SCOPES = {
    AccessScope.ORDERS_READ: "run every query",
    AccessScope.ORDERS_WRITE: "create, update and delete orders, and run queries",
    AccessScope.ORDERS_LIFECYCLE: "carry out transitions of orders, and run queries",
    AccessScope.ORDERS_IMPORT: "import orders, and run queries; rows of reference data also need"
    " reference:write",
    AccessScope.ORDERS_EXPORT: "export",
    AccessScope.REFERENCE_WRITE: "create, update and delete the records that orders refer to",
    AccessScope.ADMIN: "everything, including the administration of keys and companies",
}

READERS = {AccessScope.ORDERS_WRITE, AccessScope.ORDERS_LIFECYCLE, AccessScope.ORDERS_IMPORT}
"""Scopes that imply orders:read, because their results are orders."""


def with_implied(scopes: Iterable[AccessScope]) -> frozenset[AccessScope]:
    """`scopes` and the scopes that they imply; admin implies all."""
    chosen = frozenset(scopes)
    if AccessScope.ADMIN in chosen:
        return frozenset(AccessScope)
    return chosen | {AccessScope.ORDERS_READ} if chosen & READERS else chosen

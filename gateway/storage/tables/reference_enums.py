"""The enums of columns of reference data."""

from enum import StrEnum


class TaxRounding(StrEnum):
    """The direction in which a currency rounds tax (RULES.md 2.0)."""

    NEAREST = "NEAREST"
    UP = "UP"
    DOWN = "DOWN"


class CustomerType(StrEnum):
    COMPANY = "COMPANY"
    PERSON = "PERSON"


class CustomerBlocked(StrEnum):
    """The transactions with a customer that are blocked."""

    NONE = "NONE"
    SHIP = "SHIP"
    INVOICE = "INVOICE"
    ALL = "ALL"


class ItemType(StrEnum):
    INVENTORY = "INVENTORY"
    SERVICE = "SERVICE"
    NON_INVENTORY = "NON_INVENTORY"


class AccountType(StrEnum):
    """Only posting accounts take amounts; the others structure the chart of accounts."""

    POSTING = "POSTING"
    HEADING = "HEADING"
    TOTAL = "TOTAL"
    BEGIN_TOTAL = "BEGIN_TOTAL"
    END_TOTAL = "END_TOTAL"


class LineObjectKind(StrEnum):
    RESOURCE = "RESOURCE"
    FIXED_ASSET = "FIXED_ASSET"
    CHARGE = "CHARGE"

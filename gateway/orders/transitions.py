"""The transitions of an order. life_cycle.py says which status allows which transition."""

from enum import StrEnum


class Transition(StrEnum):
    UPDATE = "update"
    SUBMIT_FOR_REVIEW = "submit for review"
    APPROVE = "approve"
    REJECT = "reject"
    RELEASE = "release"
    REOPEN = "reopen"
    SHIP = "ship"
    INVOICE = "invoice"
    SHIP_AND_INVOICE = "ship and invoice"
    REGISTER_PAYMENT = "register payment"
    CANCEL = "cancel"
    HOLD = "hold"
    RESUME = "resume"
    DELETE = "delete"

"""Worked orders, which were calculated by the rules and not by the gateway."""

import json
from decimal import Decimal
from typing import Any

from gateway.orders.rounding import Direction
from gateway.orders.totals import (
    PricedLine,
    Terms,
)
from tests.support.paths import DATA

ROWS = (DATA / "totals-vectors.jsonl").read_text().splitlines()
VECTORS = {row["id"]: row for row in map(json.loads, ROWS)}
GIVEN_AS_AMOUNT = {"S3", "S10", "D7a"}
"""The vectors with a line discount entered as an amount, from which the percent is derived."""


def vector_lines(vector: dict[str, Any]) -> list[PricedLine]:
    def priced(sequence: int, _line_type: str, *fields: Any) -> PricedLine:
        if not fields:
            return PricedLine(sequence)
        takes_discount, quantity, unit_price, percent, amount, tax_code, tax_percent = fields[:7]
        as_amount = vector["id"] in GIVEN_AS_AMOUNT
        return PricedLine(
            sequence=sequence,
            quantity=Decimal(quantity),
            unit_price=Decimal(unit_price),
            discount_percent=Decimal(0 if as_amount else percent),
            discount_amount=Decimal(amount) if as_amount else None,
            takes_discount=takes_discount,
            tax_code=tax_code,
            tax_percent=Decimal(tax_percent),
        )

    return [priced(*line) for line in vector["lines"]]


def vector_terms(vector: dict[str, Any]) -> Terms:
    return Terms(
        step=Decimal(vector["ap"]),
        prices_include_tax=vector["incl"],
        tax_rounding=Direction[vector["tax"].upper()],
        discount_amount=Decimal(vector["header"][0]),
    )

"""The rules that every stored order must satisfy, each as a query."""

import asyncio

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database

LINES, ORDERS = "UPDATE sales_order_lines SET ", "UPDATE sales_orders SET "
SELLING = " WHERE quantity > 0"
SOLD = "l.sales_order_id = o.id AND l.line_type <> 'COMMENT' AND l.quantity <> 0"

RULES: dict[str, tuple[str, str]] = {
    "the totals of an order are the sums of its lines": (
        """SELECT o.number FROM sales_orders o WHERE (o.total_amount_excluding_tax, o.total_tax_amount,
          o.total_amount_including_tax) <> (SELECT coalesce(sum(net_amount), 0),
          coalesce(sum(net_tax_amount), 0), coalesce(sum(net_amount_including_tax), 0)
          FROM sales_order_lines l WHERE l.sales_order_id = o.id)""",
        LINES + "net_amount = net_amount + 1, net_tax_amount = net_tax_amount - 1" + SELLING,
    ),
    "the discount of an order with lines is the sum of their shares": (
        """SELECT o.number FROM sales_orders o WHERE o.discount_amount <> (SELECT coalesce(sum(
          CASE WHEN o.prices_include_tax THEN amount_including_tax - net_amount_including_tax
          ELSE amount_excluding_tax - net_amount END), 0)
          FROM sales_order_lines l WHERE l.sales_order_id = o.id)
          AND EXISTS (SELECT 1 FROM sales_order_lines l WHERE l.sales_order_id = o.id)""",
        ORDERS + "discount_amount = discount_amount + 1",
    ),
    "the amounts of a line agree": (
        """SELECT l.id FROM sales_order_lines l
        WHERE l.amount_excluding_tax + l.total_tax_amount <> l.amount_including_tax
          OR l.net_amount + l.net_tax_amount <> l.net_amount_including_tax""",
        LINES + "total_tax_amount = total_tax_amount + 1" + SELLING,
    ),
    "what is invoiced is shipped, and what is shipped is ordered": (
        """SELECT l.id FROM sales_order_lines l
        WHERE abs(l.invoiced_quantity) > abs(l.shipped_quantity)
          OR abs(l.shipped_quantity) > abs(l.quantity)
          OR (l.quantity < 0 AND (l.shipped_quantity > 0 OR l.invoiced_quantity > 0))
          OR (l.quantity > 0 AND (l.shipped_quantity < 0 OR l.invoiced_quantity < 0))""",
        LINES + "invoiced_quantity = shipped_quantity + 1" + SELLING,
    ),
    "what is to be shipped next is outstanding": (
        """SELECT l.id FROM sales_order_lines l
        WHERE abs(l.ship_quantity) > abs(l.quantity - l.shipped_quantity)
          OR (l.ship_quantity < 0 AND l.quantity > 0) OR (l.ship_quantity > 0 AND l.quantity < 0)""",
        LINES + "ship_quantity = -ship_quantity" + SELLING,
    ),
    "what is to be invoiced next is shipped or about to be": (
        """SELECT l.id FROM sales_order_lines l WHERE abs(l.invoice_quantity)
          > abs(l.shipped_quantity + l.ship_quantity - l.invoiced_quantity)
          OR (l.invoice_quantity < 0 AND l.quantity > 0)
          OR (l.invoice_quantity > 0 AND l.quantity < 0)""",
        LINES + "invoice_quantity = invoice_quantity + 1" + SELLING,
    ),
    "an order is fully shipped if it sells something and all of it is shipped": (
        f"""SELECT o.number FROM sales_orders o WHERE o.fully_shipped
          <> (EXISTS (SELECT 1 FROM sales_order_lines l WHERE {SOLD})
            AND NOT EXISTS (SELECT 1 FROM sales_order_lines l WHERE {SOLD}
              AND l.shipped_quantity <> l.quantity))""",
        ORDERS + "fully_shipped = NOT fully_shipped",
    ),
    "an order that has left its draft sells something": (
        f"""SELECT o.number FROM sales_orders o WHERE o.status NOT IN ('DRAFT', 'CANCELLED')
          AND NOT EXISTS (SELECT 1 FROM sales_order_lines l WHERE {SOLD})""",
        ORDERS + "status = 'OPEN'",
    ),
    "a released order says what it sells": (
        f"""SELECT o.number FROM sales_orders o JOIN sales_order_lines l ON {SOLD}
        WHERE o.status IN ('RELEASED', 'INVOICED', 'PAID')
          AND coalesce(l.item_id, l.account_id, l.line_object_id) IS NULL""",
        LINES + "item_id = NULL",
    ),
    "an invoiced order is invoiced in full": (
        f"""SELECT o.number FROM sales_orders o JOIN sales_order_lines l ON {SOLD}
        WHERE o.status IN ('INVOICED', 'PAID') AND l.invoiced_quantity <> l.quantity""",
        ORDERS + "status = 'INVOICED'",
    ),
    "nothing of a cancelled order is shipped": (
        """SELECT o.number FROM sales_orders o JOIN sales_order_lines l ON l.sales_order_id = o.id
        WHERE o.status = 'CANCELLED' AND (l.shipped_quantity <> 0 OR l.invoiced_quantity <> 0)""",
        ORDERS + "status = 'CANCELLED'",
    ),
    "a comment has no amounts": (
        """SELECT l.id FROM sales_order_lines l WHERE l.line_type = 'COMMENT' AND (l.quantity <> 0
          OR l.unit_price <> 0 OR l.discount_amount <> 0 OR l.discount_percent <> 0
          OR l.amount_including_tax <> 0 OR l.net_amount <> 0 OR l.net_amount_including_tax <> 0
          OR l.ship_quantity <> 0 OR l.invoice_quantity <> 0 OR l.tax_percent <> 0)""",
        LINES + "discount_percent = 1 WHERE quantity = 0",
    ),
    "no number is drawn that the series does not know of": (
        """SELECT o.number FROM sales_orders o JOIN number_series s ON s.company_id = o.company_id
        WHERE s.code = 'SALES_ORDERS' AND o.number LIKE 'SO-%'
          AND CAST(substr(o.number, 4) AS INTEGER) > s.last_number""",
        "UPDATE number_series SET last_number = 0",
    ),
}
"""For each rule, the query for the orders or lines that break it, and a statement that breaks it in a
database with an order in each state."""
UNGUARDED = {
    "sqlite": ("PRAGMA ignore_check_constraints = ON",),
    "postgresql": tuple(
        f"ALTER TABLE sales_order_lines DROP CONSTRAINT ck_sales_order_lines_quantities_{what}"
        for what in ("order", "sign")
    ),
}
"""The statements that make a database accept rows which violate its constraints."""


def audit(url: str, *first: str) -> dict[str, list[str]]:
    """The orders and lines that break a rule, by rule, after running the statements `first`."""

    async def run() -> dict[str, list[str]]:
        database = Database(url, poolclass=NullPool)
        async with database.engine.connect() as connection:
            for statement in first:
                await connection.execute(sa.text(statement))
            result = {
                rule: list(await connection.scalars(sa.text(query)))
                for rule, (query, _) in RULES.items()
            }
        await database.dispose()
        return {rule: rows for rule, rows in result.items() if rows}

    return asyncio.run(run())

"""Northwind's orders as new drafts."""

from gateway.demo.northwind import load_company
from gateway.demo.northwind_orders import northwind_orders
from gateway.demo.order_progress import DemoOrder
from gateway.storage.database import Database


async def load_drafts(database: Database) -> None:
    """Fill a migrated, empty database with the demo company and Northwind's 830 orders, all drafts."""
    await load_company(database, [DemoOrder(order.new) for order in northwind_orders()])

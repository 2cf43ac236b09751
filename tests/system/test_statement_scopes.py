"""The check that each statement of the gateway is limited to a company, which runs beside all tests."""

import pytest
import sqlalchemy as sa

from gateway.storage.database import Database
from gateway.storage.tables.sales_orders import SalesOrderRow
from tests.support.paths import ROOT
from tests.support.statement_scopes import STATEMENT_SCOPES, unscoped

FILE = str(ROOT / "gateway" / "storage" / "orders.py")


@pytest.mark.parametrize(
    ("statement", "uses"),
    [
        ("SELECT id FROM items WHERE items.company_id = $1", []),
        ("SELECT id FROM items WHERE company_id = ? AND number = ?", []),
        ("SELECT id FROM items", ["items"]),
        ("SELECT company_id FROM items", ["items"]),
        ("SELECT id FROM items WHERE items.company_id IS NOT NULL", ["items"]),
        ("UPDATE items SET etag=? WHERE items.id = ?", ["items"]),
        ("DELETE FROM items WHERE id IN (?)", ["items"]),
        ("INSERT INTO items (id, company_id) VALUES (?, ?)", []),
        ("INSERT INTO items (id) VALUES (?)", ["items"]),
        (
            "SELECT 1 FROM items JOIN customers AS c ON c.company_id = items.company_id",
            ["c", "items"],
        ),
        (
            "SELECT 1 FROM items AS i JOIN customers AS c ON c.id = i.id WHERE i.company_id = ?",
            ["c"],
        ),
        ("SELECT name FROM companies", []),
    ],
)
def test_each_use_of_a_table_needs_a_company(statement: str, uses: list[str]) -> None:
    assert unscoped(statement) == uses


@pytest.mark.anyio
async def test_only_statements_of_the_gateway_are_found(database: Database) -> None:
    """A function of the gateway and one of the tests run the same statement."""
    names = {"statement": sa.select(SalesOrderRow.id)}
    exec(compile("def run(session): session.scalars(statement)", FILE, "exec"), names)
    async with database.read() as session:
        await session.scalars(names["statement"])
        assert STATEMENT_SCOPES.take() == []
        await session.run_sync(names["run"])
        [found] = STATEMENT_SCOPES.take()
    assert "FROM sales_orders" in found

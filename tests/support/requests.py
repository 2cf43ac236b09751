"""Requests for new orders: the documents, their inputs and the results."""

import asyncio
import json
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from tests.support.served import PATIENCE, Client

Fields = dict[str, Any]

ADDRESS = "{ addressLine1 addressLine2 city state country postCode }"
LINE = """id etag sequence lineType item { number } account { number } lineObject { kind number }
  lineObjectNumber description description2 unitOfMeasure { code } quantity unitPrice
  discountAmount discountPercent discountAppliedBeforeTax allowInvoiceDiscount amountExcludingTax
  taxCode { code } taxPercent totalTaxAmount amountIncludingTax invoiceDiscountAllocation netAmount
  netTaxAmount netAmountIncludingTax shipmentDate shippedQuantity invoicedQuantity invoiceQuantity
  shipQuantity salesOrder { number customer { number } lines { sequence } }"""
ORDER = f"""id etag number externalDocumentNumber orderDate postingDate customer {{ number }}
  customerName contactId billToCustomer {{ number }} billToName shipToName shipToContact
  sellToAddress {ADDRESS} billToAddress {ADDRESS} shipToAddress {ADDRESS} currency {{ code }}
  pricesIncludeTax paymentTerms {{ code }} shipmentMethod {{ code }} salesperson partialShipping
  requestedDeliveryDate discountAmount discountPercent discountAppliedBeforeTax
  totalAmountExcludingTax totalTaxAmount totalAmountIncludingTax fullyShipped status onHold
  lastModifiedDateTime phoneNumber email lines {{ {LINE} }}"""
CREATE = f"""mutation ($input: CreateSalesOrderInput!, $dryRun: Boolean! = false) {{
  createSalesOrder(input: $input, dryRun: $dryRun) {{
    salesOrder {{ {ORDER} }} userErrors {{ code path }} }} }}"""
REFUSE = """mutation ($input: CreateSalesOrderInput!) { createSalesOrder(input: $input) {
  salesOrder { number } userErrors { message code path rejectedValue suggestions } } }"""
READ = f"query ($id: ID!) {{ salesOrder(id: $id) {{ {ORDER} }} }}"

ONE_PRICE = """mutation%s { createSalesOrder(input: {customer: {number: "C1"}, lines: [
  {item: {number: "I0010"}, quantity: 0, unitPrice: %s}]}) { salesOrder { id lines { unitPrice } } } }"""
READ_PRICE = "query ($id: ID!) { salesOrder(id: $id) { lines { unitPrice } } }"


def prices(number: str) -> list[str]:
    """Requests for an order of this unit price, written into the document and as a variable."""
    in_document = json.dumps({"query": ONE_PRICE % ("", number)})
    query = json.dumps(ONE_PRICE % ("($price: Decimal)", "$price"))
    return [in_document, f'{{"query": {query}, "variables": {{"price": {number}}}}}']


def order(*lines: Fields, **header: Any) -> Fields:
    """The input of an order, by C1 unless the header says otherwise."""
    return {"customer": {"number": "C1"}, "lines": list(lines), **header}


def line(number: str = "I0010", **fields: Any) -> Fields:
    """The input of a line of one item; I0010 costs 10 and is taxed by 20 %."""
    return {"item": {"number": number}, "quantity": 1, **fields}


def sold(line_type: str, number: str | None = None) -> Fields:
    """The input of a line that names what it sells by its type and number; in the world, the number
    of a resource, a fixed asset and a charge is its type."""
    return {"lineType": line_type, "lineObjectNumber": number or line_type, "quantity": 1}


def only(line_type: str, number: str = "NOPE") -> Fields:
    """The input of an order of one such line."""
    return order(sold(line_type, number))


def comment(field: str, value: Any) -> Fields:
    """The input of an order with one comment that also has this value."""
    return order({"description": "text", field: value})


def code(value: str) -> Fields:
    return {"code": value}


def named(number: str) -> Fields:
    return {"number": number}


def with_value(path: str, value: Any) -> Fields:
    """An order of one line with a value at a path such as lines.0.quantity."""
    values = order(line())
    *outer, last = path.split(".")
    target: Any = values
    for step in outer:
        target = target[int(step)] if step.isdigit() else target.setdefault(step, {})
    target[last] = value
    return values


def shuffled(value: Any, draw: random.Random) -> Any:
    """The same input with its fields in another order; lines keep theirs."""
    if isinstance(value, list):
        return [shuffled(one, draw) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: shuffled(value[name], draw) for name in draw.sample(list(value), len(value))}


def post(client: Client, body: str) -> Any:
    """The HTTP response to a body."""
    headers = {"content-type": "application/json"}
    return client.http.post(client.url + "/graphql", content=body, headers=headers)


def payload(client: Client, document: str, **variables: Any) -> Fields:
    """The payload of createSalesOrder in a document; the body is ASCII, so that it can contain any
    text."""
    answer = post(client, json.dumps({"query": document, "variables": variables})).json()
    assert "errors" not in answer, answer["errors"]
    return dict(answer["data"]["createSalesOrder"])


def created(client: Client, values: Fields, *, dry_run: bool = False) -> Fields:
    """The order that an input creates; it must not be refused."""
    answer = payload(client, CREATE, input=values, dryRun=dry_run)
    assert answer["userErrors"] == []
    return dict(answer["salesOrder"])


def stored_order(client: Client, values: Fields) -> Fields:
    """The order that an input creates, which must be read back equal to the answer."""
    answered = created(client, values)
    assert client.ask(READ, id=answered["id"])["salesOrder"] == answered
    return answered


def as_stored(answer: Any) -> Any:
    """The answer of a dry run with the ids and etags that the records have when they are stored."""
    if isinstance(answer, dict):
        return {name: as_stored(value) for name, value in answer.items()}
    if isinstance(answer, list):
        return [as_stored(each) for each in answer]
    return answer.removeprefix("preview:") if isinstance(answer, str) else answer


def refused(client: Client, values: Fields) -> list[Fields]:
    """The reasons why an input is refused, which it must be."""
    answer = payload(client, REFUSE, input=values)
    assert answer["salesOrder"] is None
    assert all(problem["message"] for problem in answer["userErrors"])
    return list(answer["userErrors"])


def codes_and_paths(problems: list[Fields]) -> list[tuple[str, str]]:
    """Codes, and paths below the argument `input`."""
    assert all(problem["path"][0] == "input" for problem in problems)
    return [(problem["code"], ".".join(problem["path"][1:])) for problem in problems]


def execute(url: str, *statements: str) -> list[list[str]]:
    """The rows that each SQL statement gives in a database, as sorted text."""

    async def run() -> list[list[str]]:
        database = Database(url, poolclass=NullPool)
        async with database.engine.connect() as connection:
            results = [await connection.execute(sa.text(statement)) for statement in statements]
            rows = [sorted(map(repr, r)) if r.returns_rows else [] for r in results]
            await connection.commit()
        await database.dispose()
        return rows

    return asyncio.run(run())


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 FROM n)"
ENDLESS += " SELECT count(*) AS total FROM n"
"""SQL that only ends when it is stopped, on either database."""


def make_tax_codes_slow(url: str) -> None:
    """Make every read of tax codes run for ever."""
    execute(
        url,
        "ALTER TABLE tax_codes RENAME TO all_tax_codes",
        f"CREATE VIEW tax_codes AS SELECT t.* FROM all_tax_codes t, ({ENDLESS}) n WHERE n.total > 0",
    )


@contextmanager
def locked(url: str, table: str = "number_series") -> Iterator[None]:
    """Lock the database for writing; on PostgreSQL only this table, which each new order needs. Other
    writers wait while they hold a connection."""
    over, suspended = threading.Event(), threading.Event()

    async def hold() -> None:
        database = Database(url, poolclass=NullPool)
        async with database.write() as session:
            lock = f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"
            await session.execute(sa.text("SELECT 1" if database.is_sqlite else lock))
            suspended.set()
            await asyncio.to_thread(over.wait)
        await database.dispose()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(asyncio.run, hold())
        assert suspended.wait(PATIENCE)
        try:
            yield
        finally:
            over.set()
        holding.result()


TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


def dump(url: str) -> dict[str, list[str]]:
    """Every row of every table of a database."""
    [result] = execute(url, TABLES[url.split(":", maxsplit=1)[0]])
    names = [row.strip("(),'") for row in result]
    rows = execute(url, *(f'SELECT * FROM "{name}"' for name in names))
    return dict(zip(names, rows, strict=True))

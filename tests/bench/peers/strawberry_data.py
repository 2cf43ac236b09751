"""What plain Strawberry reads and writes with the ORM.

The tables are the gateway's, through the gateway's own models, so that it runs on both databases."""

import datetime as dt
import os
import uuid
from collections import defaultdict
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from strawberry.dataloader import DataLoader

from gateway.storage.database_url import read_database_url
from gateway.storage.tables.reference_data import (
    CompanyRow,
    CurrencyRow,
    CustomerRow,
    ItemRow,
    NumberSeries,
    TaxCodeRow,
)
from gateway.storage.tables.sales_orders import SalesOrderLineRow, SalesOrderLineType, SalesOrderRow

Ordered = tuple[str, Decimal, Decimal]
"""Item, quantity and unit price of a line."""

address = read_database_url(os.environ["DATABASE_URL"])
engine = create_async_engine(address.engine, connect_args=address.arguments, pool_size=16)
sessions = async_sessionmaker(engine, expire_on_commit=False)
CENT = Decimal("0.01")


def of_company(model: Any) -> sa.Select[Any]:
    """The rows of the only company, with which all indexes begin."""
    return sa.select(model).where(model.company_id == sa.select(CompanyRow.id).scalar_subquery())


async def read(statement: sa.Select[Any]) -> Sequence[Any]:
    async with sessions() as session:
        return (await session.scalars(statement)).all()


async def by_id(model: Any, ids: list[str]) -> list[Any]:
    found = {row.id: row for row in await read(of_company(model).where(model.id.in_(ids)))}
    return [found.get(each) for each in ids]


async def customers(ids: list[str]) -> list[Any]:
    return await by_id(CustomerRow, ids)


async def items(ids: list[str]) -> list[Any]:
    return await by_id(ItemRow, ids)


async def lines_of_orders(ids: list[str]) -> list[list[SalesOrderLineRow]]:
    statement = of_company(SalesOrderLineRow).where(SalesOrderLineRow.sales_order_id.in_(ids))
    found = defaultdict(list)
    for line in await read(
        statement.order_by(SalesOrderLineRow.sales_order_id, SalesOrderLineRow.sequence)
    ):
        found[line.sales_order_id].append(line)
    return [found[each] for each in ids]


class Loaders:
    """The loaders of one request."""

    def __init__(self) -> None:
        self.customer = DataLoader(customers)
        self.item = DataLoader(items)
        self.lines = DataLoader(lines_of_orders)


async def order(id: str) -> SalesOrderRow | None:
    found = await read(of_company(SalesOrderRow).where(SalesOrderRow.id == id))
    return found[0] if found else None


async def orders_of(day: dt.date, first: int) -> Sequence[SalesOrderRow]:
    latest = (SalesOrderRow.order_date.desc(), SalesOrderRow.id.desc())
    statement = of_company(SalesOrderRow).where(SalesOrderRow.order_date == day)
    return await read(statement.order_by(*latest).limit(first))


async def create_order(
    customer_id: str, currency_code: str, day: dt.date, lines: Sequence[Ordered]
) -> SalesOrderRow:
    """A new order: references checked, totals computed, one transaction."""
    async with sessions() as session, session.begin():
        customer = await session.scalar(
            of_company(CustomerRow).where(CustomerRow.id == customer_id)
        )
        currency = await session.scalar(
            of_company(CurrencyRow).where(CurrencyRow.code == currency_code)
        )
        if customer is None or currency is None:
            raise ValueError("unknown customer or currency")
        new = SalesOrderRow(
            company_id=customer.company_id,
            number=await next_number(session),
            order_date=day,
            posting_date=day,
            customer_id=customer.id,
            customer_number=customer.number,
            customer_name=customer.display_name,
            bill_to_customer_id=customer.id,
            bill_to_name=customer.display_name,
            email=customer.email,
            sell_to_address_line1=customer.address_line1,
            sell_to_city=customer.city,
            sell_to_country=customer.country,
            sell_to_post_code=customer.post_code,
            currency_id=currency.id,
            lines=await new_lines(session, customer.company_id, lines),
        )
        new.total_amount_excluding_tax = sum(line.net_amount for line in new.lines)
        new.total_tax_amount = sum(line.net_tax_amount for line in new.lines)
        new.total_amount_including_tax = sum(line.net_amount_including_tax for line in new.lines)
        session.add(new)
    return new


async def next_number(session: AsyncSession) -> str:
    series = (await session.scalars(of_company(NumberSeries).with_for_update())).one()
    series.last_number += 1
    return f"{series.prefix}{series.last_number:0{series.digits}}"


async def new_lines(
    session: AsyncSession, company: str, lines: Sequence[Ordered]
) -> list[SalesOrderLineRow]:
    """The lines, each at the tax of its item; raises ValueError for an unknown item."""
    wanted = {item_id for item_id, _, _ in lines}
    found = await session.scalars(of_company(ItemRow).where(ItemRow.id.in_(wanted)))
    known = {item.id: item for item in found}
    if known.keys() != wanted:
        raise ValueError("unknown item")
    percents = {code.id: code.percent for code in await session.scalars(of_company(TaxCodeRow))}
    return [
        new_line(company, place, known[line[0]], percents[known[line[0]].tax_code_id], line)
        for place, line in enumerate(lines, 1)
    ]


def new_line(
    company: str, place: int, item: ItemRow, percent: Decimal, line: Ordered
) -> SalesOrderLineRow:
    _, quantity, unit_price = line
    net = (quantity * unit_price).quantize(CENT, ROUND_HALF_UP)
    tax = (net * percent / 100).quantize(CENT, ROUND_HALF_UP)
    return SalesOrderLineRow(
        company_id=company,
        id=str(uuid.uuid4()),
        sequence=place * 10000,
        line_type=SalesOrderLineType.ITEM,
        item_id=item.id,
        line_object_number=item.number,
        description=item.display_name,
        unit_of_measure_id=item.base_unit_of_measure_id,
        quantity=quantity,
        unit_price=unit_price,
        discount_applied_before_tax=True,
        allow_invoice_discount=True,
        amount_excluding_tax=net,
        tax_code_id=item.tax_code_id,
        tax_percent=percent,
        total_tax_amount=tax,
        amount_including_tax=net + tax,
        net_amount=net,
        net_tax_amount=tax,
        net_amount_including_tax=net + tax,
        ship_quantity=quantity,
        invoice_quantity=quantity,
    )

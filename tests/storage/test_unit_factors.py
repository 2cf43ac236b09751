"""The quantities per unit of items that were stored before the column existed."""

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from tests.support.databases import Templates
from tests.support.revisions import insert_rows, read_rows, upgrade
from tests.support.world import load_world

pytestmark = pytest.mark.anyio

LISTED = """SELECT items.number, units_of_measure.code, quantity_per_unit FROM item_units_of_measure
  JOIN items ON items.id = item_id
  JOIN units_of_measure ON units_of_measure.id = unit_of_measure_id"""


@pytest.fixture
def world(templates: Templates) -> Database:
    return Database(templates.copy("world", load_world), poolclass=NullPool)


async def test_an_upgrade_only_knows_the_factors_of_base_units(
    empty: Database, world: Database
) -> None:
    """In the world, BOXED lists its base unit and its sales unit, TIMED lists one further unit, and the
    other 505 items list none."""
    rows = await read_rows(world)
    await world.dispose()
    await upgrade(empty, "0003")
    await insert_rows(empty, rows)
    await migrate(empty, backup=False)
    async with empty.engine.connect() as connection:
        result = (await connection.execute(sa.text(LISTED))).all()
        whole = await connection.scalar(
            sa.text("SELECT count(*) FROM units_of_measure WHERE is_whole")
        )
    one = 100_000 if empty.is_sqlite else 1
    factors = {(number, unit): factor for number, unit, factor in result}
    assert len(factors) == len(result) == 507 + 2
    unknown = {key for key, factor in factors.items() if factor is None}
    assert unknown == {("BOXED", "BOX"), ("TIMED", "HOUR")}
    assert {factor for key, factor in factors.items() if key not in unknown} == {one}
    assert whole == 0

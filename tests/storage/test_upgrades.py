"""Upgrades and downgrades of populated databases."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from gateway.storage.migrations.integrity import CannotMigrate
from gateway.storage.tables.sales_orders import SalesOrderLineType, SalesOrderStatus
from tests.support.databases import Templates
from tests.support.revisions import (
    RELEASED,
    Rows,
    changed_tables,
    copy_at,
    copy_every_state,
    copy_few_orders,
    downgrade,
    read_rows,
    revision_of,
    stored_rows,
    upgrade,
)
from tests.support.world import load_world

pytestmark = pytest.mark.anyio

MADE_UP = """
import sqlalchemy as sa
from alembic import op

revision = "made_up"
down_revision = {newest!r}


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
"""
REBUILD = """for table in {tables}:
        recreate = "always" if op.get_bind().dialect.name == "sqlite" else "never"
        with op.batch_alter_table(table, recreate=recreate) as batch:
            batch.{operation}"""
"""SQLite makes most changes to a table by copying it into a new one and dropping the old one."""


def write_revision(folder: Path, upgrade: str, downgrade: str = "pass") -> Path:
    """Write a revision that follows the newest one; returns `folder`."""
    source = MADE_UP.format(newest=RELEASED[-1], upgrade=upgrade, downgrade=downgrade)
    (folder / "made_up.py").write_text(source)
    return folder


def write_rebuild(folder: Path, tables: Iterable[str]) -> Path:
    """Write a revision that rebuilds each table to add a column, and again to drop it."""
    add, drop = 'add_column(sa.Column("made_up", sa.Integer))', 'drop_column("made_up")'
    steps = [REBUILD.format(tables=list(tables), operation=step) for step in (add, drop)]
    return write_revision(folder, *steps)


@pytest.fixture(scope="module")
def rows(templates: Templates) -> Rows:
    """Every row of the database that `populated` starts with."""
    return stored_rows(copy_every_state(templates))


@pytest.fixture(scope="module")
def few(templates: Templates) -> Rows:
    """The same with fewer orders."""
    return stored_rows(copy_few_orders(templates))


@pytest.fixture
def populated_url(templates: Templates) -> str:
    return copy_every_state(templates)


@pytest.fixture
async def populated(populated_url: str) -> AsyncIterator[Database]:
    """A database at the newest revision, with rows in every table."""
    database = Database(populated_url, poolclass=NullPool)
    yield database
    await database.dispose()


async def test_every_table_has_rows_in_the_tests_below(rows: Rows, few: Rows) -> None:
    for tables in (rows, few):
        assert [table for table, result in tables.items() if not result] == []
        assert {row["status"] for row in tables["sales_orders"]} == set(SalesOrderStatus)
        assert {row["line_type"] for row in tables["sales_order_lines"]} == set(SalesOrderLineType)
    assert len(rows["sales_orders"]) == 839
    assert len(rows["sales_order_lines"]) == 2176 + 6
    assert len(few["sales_orders"]) == 70


@pytest.fixture
def inserted(rows: Rows, few: Rows, revision: str) -> Rows:
    """The whole demo for the first and the last revision."""
    return rows if revision in {RELEASED[0], RELEASED[-1]} else few


@pytest.fixture
def released_url(templates: Templates, inserted: Rows, revision: str) -> str:
    return copy_at(templates, revision, inserted)


@pytest.fixture
async def released(released_url: str) -> AsyncIterator[Database]:
    """A database at `revision`, with rows in every table."""
    database = Database(released_url, poolclass=NullPool)
    yield database
    await database.dispose()


@pytest.mark.parametrize("revision", RELEASED[:-1])
async def test_an_upgrade_from_a_released_revision_keeps_every_row(
    released: Database, inserted: Rows, revision: str
) -> None:
    assert await revision_of(released) == revision
    before = await read_rows(released)
    assert len(before["sales_order_lines"]) == len(inserted["sales_order_lines"])
    await migrate(released, backup=False)
    after = await read_rows(released)
    assert await revision_of(released) == RELEASED[-1]
    assert changed_tables(before, after) == []


async def test_a_revision_that_rebuilds_every_table_keeps_every_row(
    populated: Database, rows: Rows, tmp_path: Path
) -> None:
    folder = write_rebuild(tmp_path, rows)
    await upgrade(populated, "made_up", made_up=folder)
    rebuilt = await read_rows(populated)
    assert all("made_up" in result[0] for result in rebuilt.values())
    assert changed_tables(rows, rebuilt) == []
    await downgrade(populated, RELEASED[-1], made_up=folder)
    assert await read_rows(populated) == rows


async def test_a_revision_that_leaves_dangling_references_is_rolled_back(
    populated: Database, rows: Rows, tmp_path: Path
) -> None:
    """On PostgreSQL the statement itself fails, on SQLite the check before the commit."""
    folder = write_revision(tmp_path, 'op.execute("DELETE FROM currencies")')
    error = CannotMigrate if populated.is_sqlite else sa.exc.IntegrityError
    with pytest.raises(error) as failure:
        await upgrade(populated, "made_up", made_up=folder)
    if populated.is_sqlite:
        assert str(failure.value) == (
            "The migration was undone, because rows would refer to rows that do not exist:"
            " sales_orders to currencies (839)."
        )
    assert await read_rows(populated) == rows
    assert await revision_of(populated) == RELEASED[-1]


@pytest.fixture
def sqlite_world(all_templates: dict[str, Templates]) -> str:
    return all_templates["sqlite"].copy("world", load_world)


@pytest.mark.parametrize("body", ["pass", 'op.execute("DELETE FROM currencies")', "raise OSError"])
async def test_sqlite_enforces_its_foreign_keys_again_after_a_migration(
    sqlite_world: str, tmp_path: Path, body: str
) -> None:
    database = Database(sqlite_world)
    try:
        await upgrade(database, "made_up", made_up=write_revision(tmp_path, body))
    except (CannotMigrate, OSError):
        assert body != "pass"
    async with database.engine.connect() as connection:
        assert await connection.scalar(sa.text("PRAGMA foreign_keys")) == 1
    assert database.engine.pool.checkedin() == 1, "this is the connection that migrated"
    await database.dispose()


@pytest.mark.parametrize("revision", RELEASED)
async def test_a_downgrade_keeps_every_row_or_refuses(released: Database, revision: str) -> None:
    before = await read_rows(released)
    refusals = []
    try:
        await downgrade(released, "-1")
    except CannotMigrate as error:
        refusals.append(str(error))
    assert all("would delete " in refusal for refusal in refusals)
    assert (await revision_of(released) == revision) == bool(refusals)
    after = await read_rows(released)
    assert set(after) == set(before)
    assert changed_tables(after, before) == [], "only columns that the revision added may go"


@pytest.mark.parametrize("revision", ["0003"])
async def test_a_downgrade_that_would_drop_tables_names_those_with_rows(
    released: Database,
) -> None:
    with pytest.raises(CannotMigrate) as refusal:
        await downgrade(released, "0001")
    assert str(refusal.value) == (
        "The downgrade was refused, because it would delete the rows of"
        " import_jobs, import_problems, import_rows, import_sheets."
    )
    assert await revision_of(released) == "0003"


@pytest.mark.parametrize("revision", ["0003"])
async def test_a_downgrade_only_drops_tables_without_rows(released: Database) -> None:
    async with released.write() as session:
        await session.execute(sa.text("DELETE FROM import_jobs"))
    before = await read_rows(released)
    await downgrade(released, "0001")
    imports = {"import_jobs", "import_problems", "import_rows", "import_sheets"}
    others = {table: result for table, result in before.items() if table not in imports}
    assert await read_rows(released) == others

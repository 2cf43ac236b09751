"""PostgreSQL databases with row security: their owner, and the role that serves them."""

import re
from dataclasses import dataclass

import sqlalchemy as sa

from gateway.settings import Settings
from gateway.storage.database import Database
from gateway.storage.row_security import TABLES, secure
from tests.support.databases import Postgres, Templates
from tests.support.other_company import load_other_company
from tests.support.world import load_world


def as_role(url: str, role: str) -> str:
    """The URL with another role, whose password is its name."""
    return re.sub(r"//([^@/]*@)?", f"//{role}:{role}@", url, count=1)


def database_in(url: str) -> str:
    """The name of the database."""
    return re.sub(r".*//[^/]*/([^?]*).*", r"\1", url)


@dataclass(frozen=True)
class SecuredDatabases:
    """Makes databases with row security. Their `owner` may create roles, but is no superuser; `role`
    serves requests."""

    server: Postgres
    templates: Templates
    owner: str
    role: str

    def world(self) -> Settings:
        """The settings of a gateway over the world and the other company."""
        return self._settings(self.templates.copy("secured", self._fill))

    def empty(self, role: str | None = None) -> Settings:
        """The settings of a gateway over a database without tables, which `role` is to serve."""
        url = self.templates.empty()
        self.server.run(self._creation())
        self.server.run(f'ALTER DATABASE "{database_in(url)}" OWNER TO {self.owner}')
        return self._settings(url, role)

    def _settings(self, url: str, role: str | None = None) -> Settings:
        urls = {
            "database_url": as_role(url, role or self.role),
            "admin_url": as_role(url, self.owner),
        }
        return Settings.model_validate(urls | {"row_security": True})

    def _creation(self) -> str:
        exists = f"SELECT FROM pg_roles WHERE rolname = '{self.owner}'"
        create = f"CREATE ROLE {self.owner} LOGIN CREATEROLE PASSWORD '{self.owner}'"
        return f"DO $$ BEGIN IF NOT EXISTS ({exists}) THEN {create}; END IF; END $$"

    async def _fill(self, database: Database) -> None:
        await load_world(database)
        await load_other_company(database)
        async with database.engine.begin() as connection:
            await connection.execute(sa.text(self._creation()))
            for table in TABLES:
                await connection.execute(sa.text(f"ALTER TABLE {table} OWNER TO {self.owner}"))
        await secure(database, f"postgresql://{self.role}:{self.role}@/")

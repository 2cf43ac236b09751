"""One dialect for all engines of a kind. They share the statements that it has compiled; otherwise each
server of a test would compile its own."""

import threading
from collections.abc import Hashable
from typing import Any, ClassVar, Self

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import Engine, default
from sqlalchemy.util import LRUCache


class SharedDialect(default.DefaultDialect):
    """A dialect with one instance for each set of options."""

    instances: ClassVar[dict[Hashable, Self]]
    compiled: ClassVar[LRUCache[Any, Any]]
    lock: ClassVar[threading.Lock] = threading.Lock()

    def __init_subclass__(cls) -> None:
        cls.instances = {}
        cls.compiled = LRUCache(2000)

    def __new__(cls, **options: Any) -> Self:
        with cls.lock:
            if (key := _key(options)) not in cls.instances:
                dialect = cls.instances[key] = super().__new__(cls)
                super(SharedDialect, dialect).__init__(**options)
            return cls.instances[key]

    def __init__(self, **options: Any) -> None:
        """`__new__` has initialised the instance, which may be an old one."""

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=cls.compiled)


class SharedSqlite(SharedDialect, SQLiteDialect_aiosqlite):
    supports_statement_cache = True


class SharedPostgres(SharedDialect, PGDialect_asyncpg):
    supports_statement_cache = True


def share_dialects() -> None:
    """Let the engines that this process creates from now on share their dialects."""
    for name, dialect in (
        ("sqlite.aiosqlite", SharedSqlite),
        ("postgresql.asyncpg", SharedPostgres),
    ):
        registry.register(name, __name__, dialect.__name__)


def _key(options: dict[str, Any]) -> Hashable:
    """Each engine has a new module for its driver, which has no state."""
    return frozenset((name, value) for name, value in options.items() if name != "dbapi")

"""Databases without tables."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from tests.support.databases import Templates


@pytest.fixture
def empty_urls(templates: Templates) -> list[str]:
    """The URLs of two databases without tables."""
    return [templates.empty(), templates.empty()]


@pytest.fixture
async def empty(empty_urls: list[str]) -> AsyncIterator[Database]:
    """A database without tables."""
    database = Database(empty_urls[0], poolclass=NullPool)
    yield database
    await database.dispose()

"""Search without accents: SQLite and every version of PostgreSQL fold text in the same way."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from gateway.storage.database import Database
from gateway.storage.migrations import migrate
from tests.support.databases import Templates

OLDEST = Path("/usr/lib/postgresql/15/bin")
"""The folder in which Debian installs the oldest supported version."""

PAIRS = {
    "Café": "cafe",
    "CAFE\u0301": "cafe",
    "Ångström": "angstrom",
    "Straße": "strasse",
    "STRASSE": "strasse",
    "ẞ": "ss",
    "ΟΔΥΣΣΕΎΣ": "οδυσσευσ",
    "Σίσυφος": "σισυφοσ",
    "İstanbul": "istanbul",
    "ﬁn": "fin",
    "Việt Nam": "viet nam",
    "Ⅻ": "xii",
    "ｶﾞ": "カ",
    "\u13a0": "\u13a0",
    "\uab70": "\u13a0",
    "Łódź": "łodz",
    "": "",
    "\u0301": "",
}
"""Texts and their folded forms, from the tables of Unicode."""

ASSIGNED = [
    chr(code)
    for code in range(ord("\n") + 1, sys.maxunicode + 1)
    if not 0xD800 <= code < 0xE000 and unicodedata.category(chr(code)) != "Cn"
]
"""Every character of this Python's version of Unicode, but for the line feed between them and what comes before."""


def folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(c for c in apart if unicodedata.category(c)[0] != "M").casefold()


async def folded_by(url: str, texts: list[str]) -> list[str]:
    database = Database(url, poolclass=NullPool)
    try:
        await migrate(database)
        async with database.engine.connect() as connection:
            rows = [
                await connection.scalar(
                    sa.select(sa.func.gateway_fold_accents(text, type_=sa.Text))
                )
                for text in texts
            ]
        return [str(row) for row in rows]
    finally:
        await database.dispose()


def check(url: str) -> None:
    """A line feed between characters prevents neighbours from affecting each other."""
    assert asyncio.run(folded_by(url, list(PAIRS))) == list(PAIRS.values())
    chunks = ["\n".join(ASSIGNED[place : place + 4000]) for place in range(0, len(ASSIGNED), 4000)]
    answers = asyncio.run(folded_by(url, chunks))
    different = {
        character
        for chunk, answer in zip(chunks, answers, strict=True)
        for character, ours, theirs in zip(
            chunk.split("\n"), folded(chunk).split("\n"), answer.split("\n"), strict=True
        )
        if ours != theirs
    }
    assert different == set()


def test_both_databases_fold_every_character_as_python_does(templates: Templates) -> None:
    check(templates.empty())


def _as_postgres() -> list[str]:
    """The beginning of a command line, since the server refuses to run as root."""
    if os.geteuid() != 0:
        return []
    if shutil.which("runuser") is None:
        pytest.skip("PostgreSQL 15 cannot run as root, and there is no runuser")
    return ["runuser", "-u", "postgres", "--"]


@pytest.fixture(scope="module")
def oldest() -> Iterator[str]:
    """The URL of a database on a server of the oldest supported version."""
    if not OLDEST.exists():
        pytest.skip("PostgreSQL 15 is not installed")
    user = _as_postgres()
    with tempfile.TemporaryDirectory(prefix="gateway-postgres-15-") as folder:
        if user:
            shutil.chown(folder, "postgres")
        control = [*user, str(OLDEST / "pg_ctl"), "-D", f"{folder}/data", "-s", "-w"]
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        create = ["initdb", "-o", "-U postgres -E UTF8 --locale=C.UTF-8"]
        start = ["start", "-l", f"{folder}/log", "-o", options]
        for command in (create, start):
            subprocess.run([*control, *command], check=True, cwd=folder)
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "stop", "-m", "immediate"], check=True, cwd=folder)


def test_the_oldest_supported_postgresql_folds_every_character_as_python_does(oldest: str) -> None:
    check(oldest)

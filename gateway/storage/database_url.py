"""Parses the URL of the database, for SQLite and with everything that PostgreSQL's own tools accept."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

DRIVERS = {"sqlite": "aiosqlite", "postgresql": "asyncpg"}
SCHEME = re.compile(r"([a-z]\w*)(?:\+(\w+))?://", re.IGNORECASE)
POSTGRESQL = re.compile(
    r"(?:(?P<user>[^:/@?]*)(?::(?P<password>.*?))?@)?(?P<hosts>[^/?@]*)"
    r"(?P<database>/[^?@]*)?(?:\?(?P<query>.*))?"
)
"""The part after the scheme. A password may have characters that should be encoded, such as @ and /."""

HOST = r"(?:\[[0-9a-f:.]+\]|[^:\[\],]+)(?::\d{1,5})?"
HOSTS = re.compile(rf"(?:{HOST}(?:,{HOST})*)?", re.IGNORECASE)

IGNORED = {
    "channel_binding": {"prefer", "disable"},
    "gssencmode": {"prefer", "disable"},
}
"""Parameters of PostgreSQL's own tools, with the values that match what the gateway does anyway."""


@dataclass(frozen=True)
class DatabaseUrl:
    """The URL of an engine, and the connection arguments of its driver."""

    engine: URL
    arguments: dict[str, Any] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()
    """The names of the parameters for PostgreSQL and its tools."""


def read_database_url(text: str) -> DatabaseUrl:
    """Raises ValueError with a message that continues after the name of the setting."""
    scheme = SCHEME.match(text)
    if scheme is None:
        raise ValueError("it is not a URL such as postgresql://user:password@host/name")
    backend, driver = scheme[1].lower(), scheme[2]
    backend = "postgresql" if backend == "postgres" else backend
    if backend not in DRIVERS:
        raise ValueError(f"{backend} is not supported, use sqlite or postgresql")
    if driver not in (None, DRIVERS[backend]):
        raise ValueError(f"the driver {driver} is not used here: begin the URL with {backend}://")
    if backend == "postgresql":
        return _postgresql(text[scheme.end() :])
    return DatabaseUrl(_sqlite(text).set(drivername="sqlite+aiosqlite"))


def _sqlite(text: str) -> URL:
    try:
        return make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise ValueError("it is not a URL such as sqlite:///orders.db") from None


def _postgresql(rest: str) -> DatabaseUrl:
    """The driver reads hosts and parameters itself. It reads the password only if it is encoded."""
    parts = POSTGRESQL.fullmatch(rest)
    if parts is None or not HOSTS.fullmatch(parts["hosts"]):
        raise ValueError("it is not a URL such as postgresql://user:password@host:5432/name")
    parameters = _parameters(parts["query"] or "")
    names = frozenset(parameters)
    arguments: dict[str, Any] = {
        name: unquote(parts[name]) for name in ("user", "password") if parts[name]
    }
    if (timeout := parameters.pop("connect_timeout", None)) is not None:
        arguments["timeout"] = _seconds(timeout)
    query = f"?{urlencode(parameters)}" if parameters else ""
    arguments["dsn"] = f"postgresql://{parts['hosts']}{parts['database'] or ''}{query}"
    return DatabaseUrl(URL.create("postgresql+asyncpg"), arguments, names)


def _parameters(query: str) -> dict[str, str]:
    try:
        parameters = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        raise ValueError("its parameters are not of the form ?name=value&name=value") from None
    for name, harmless in IGNORED.items():
        if (value := parameters.pop(name, None)) is not None and value not in harmless:
            raise ValueError(
                f"{name}={value} is not supported by the driver: leave it out, and let sslmode=verify-full"
                " protect the connection"
            )
    return parameters


def _seconds(text: str) -> float | None:
    """A connection waits for ever if the time is 0, as for PostgreSQL's own tools."""
    if not text.isdecimal():
        raise ValueError(f"connect_timeout is a whole number of seconds, not {text}")
    return float(text) or None

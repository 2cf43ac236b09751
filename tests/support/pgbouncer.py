"""PgBouncer, if it is installed, in front of a database."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.secured import database_in
from tests.support.served import wait_until

CONNECTIONS = 2
"""Connections to the server, fewer than the gateway has to PgBouncer."""


@contextmanager
def pooled(*urls: str) -> Iterator[list[str]]:
    """The URLs of the same databases and roles through PgBouncer in transaction mode."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("PgBouncer is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="gateway-pgbouncer-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "users").write_text("".join(f'"{user}" "{user}"\n' for user in map(_role, urls)))
        (folder / "ini").write_text(_configuration(urls[0], folder, port))
        user = ["-u", _user(urls[0])] if os.geteuid() == 0 else []
        process = subprocess.Popen([program, "-q", *user, str(folder / "ini")])
        try:
            wait_until(lambda: _answers(port))
            yield [re.sub(r"@.*", f"@127.0.0.1:{port}/{database_in(url)}", url) for url in urls]
        finally:
            process.kill()
            process.wait()


def _configuration(url: str, folder: Path, port: int) -> str:
    return f"""[databases]
{database_in(url)} = host={_host(url)} port={urlsplit(url).port or 5432}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder / "users"}
pool_mode = transaction
default_pool_size = {CONNECTIONS}
"""


def _host(url: str) -> str:
    """The host, or the folder of a socket."""
    parts = urlsplit(url)
    return parts.hostname or parse_qs(parts.query)["host"][0]


def _user(url: str) -> str:
    """A user who may open the socket. PgBouncer refuses to run as root."""
    host = _host(url)
    return Path(host).owner() if host.startswith("/") else "nobody"


def _role(url: str) -> str:
    return urlsplit(url).username or ""


def _answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0

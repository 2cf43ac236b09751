"""The settings of a deployment, read once from the environment."""

import re
import tempfile
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EMBEDDED_DATABASE = "sqlite:///gateway.db"
HOST = re.compile(r"\*|(\*\.)?\w[\w.-]*|\[[0-9a-f:.]+\]")
"""A host without a port, all hosts below a domain, or all hosts."""


class Settings(BaseSettings):
    """Each field is set by the environment variable `GATEWAY_` followed by its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True)

    database_url: str = Field(
        EMBEDDED_DATABASE,
        description="SQLAlchemy URL of a SQLite or PostgreSQL database. The default is a SQLite file in the"
        " current directory, which the gateway creates and migrates itself.",
    )
    cors_origins: str = Field(
        "",
        description="Web origins, separated by commas, whose pages may use the gateway, such as"
        " `https://shop.example`; `*` for all. None by default.",
    )
    auth: Literal["open", "required"] | None = Field(
        None,
        description="Whether requests need a key or token: `required` or `open`, which is possible only on a"
        " loopback address. By default a gateway is open on a loopback address.",
    )
    hosts: str = Field(
        "",
        description="Host names, separated by commas, under which the gateway answers in addition to those"
        " of its own machine and the address that it listens on, such as `orders.example`; `*` for any.",
    )
    max_page: int = Field(200, ge=1, description="Largest page of a connection, in rows.")
    max_lines: int = Field(1000, ge=1, description="Most lines in an order.")
    max_cost: int = Field(
        20_000,
        ge=1,
        description="Highest cost of an operation: the most objects that it could return, given the sizes of its pages.",
    )
    max_depth: int = Field(20, ge=1, description="Most levels of nested fields in an operation.")
    max_body: int = Field(1_000_000, ge=1, description="Most bytes in a GraphQL request.")
    deadline: float = Field(
        30, gt=0, description="Seconds after which an operation and its SQL are stopped."
    )
    pool_size: int = Field(
        10, ge=1, description="Most operations that use the database at the same time, per process."
    )

    debug: bool = Field(
        False,
        description="Whether the header X-Execution of each answer and a line in the log say how the operation"
        " was executed.",
    )

    max_upload: int = Field(
        2 * 10**9, ge=1, description="Most bytes in an upload of files to import."
    )
    read_memory: int = Field(
        512_000_000,
        ge=200_000_000,
        description="Most bytes of memory for each process that reads a workbook. One that needs more is refused.",
    )
    import_folder: str = Field(
        "",
        description="Folder for uploaded files until their rows are read. Choose one that survives a restart,"
        " so that import jobs survive it too. The default is a folder for temporary files.",
    )

    @field_validator("hosts")
    @classmethod
    def _check_hosts(cls, hosts: str) -> str:
        for host in _split(hosts):
            if not HOST.fullmatch(host.lower()):
                raise ValueError(f"{host} is not the name of a host such as orders.example")
        return hosts

    @property
    def uploads(self) -> Path:
        return Path(self.import_folder or Path(tempfile.gettempdir()) / "gateway-imports")

    @property
    def allowed_origins(self) -> list[str]:
        return _split(self.cors_origins)

    @property
    def allowed_hosts(self) -> list[str]:
        return _split(self.hosts)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]

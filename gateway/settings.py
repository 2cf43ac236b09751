"""The settings of a deployment, which `gateway.environment` reads."""

import re
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from gateway.token_settings import TokenSettings, listed

EMBEDDED_DATABASE = "sqlite:///gateway.db"
HOST = re.compile(r"\*|(\*\.)?\w[\w.-]*|\[[0-9a-f:.]+\]")
"""A host without a port, all hosts below a domain, or all hosts."""

ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
"""A web origin as browsers send it, in lower case."""

REDIS = re.compile(r"(rediss?|valkeys?|(redis|valkey)\+unix)://.")
"""The beginning of the URL of a Redis or Valkey server."""

SECRETS = ("database_url", "admin_url", "redis_url")
"""Settings that may be in a file of their own, which the variable with `_FILE` at its end names."""

NO_REDIS = "The client for Redis is not installed: pip install 'sales-order-gateway[redis]'"
NO_ROW_SECURITY = "GATEWAY_ROW_SECURITY: SQLite has no row security. Use a PostgreSQL database."
NO_ADMIN_URL = (
    "GATEWAY_ROW_SECURITY: Set GATEWAY_ADMIN_URL to the URL of the role that owns the tables, and"
    " GATEWAY_DATABASE_URL to the one of another role, which `gateway migrate` creates."
)
NO_MANIFESTS = (
    "GATEWAY_DOCUMENTS: Set GATEWAY_DOCUMENT_MANIFESTS to the files of trusted documents."
)


class Settings(TokenSettings):
    """Each field is set by the environment variable `GATEWAY_` followed by its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: str = Field(
        EMBEDDED_DATABASE,
        description="URL of a SQLite or PostgreSQL database. The default is a SQLite file in the"
        " current directory, which the gateway creates and migrates itself.",
    )
    row_security: bool = Field(
        False,
        description="Whether row security of PostgreSQL is a second barrier between companies. It needs"
        " `GATEWAY_ADMIN_URL`.",
    )
    admin_url: str = Field(
        "",
        description="URL of the same database with the role that owns the tables, for row security. The gateway"
        " uses it to migrate and to administer companies and keys.",
    )
    pooler: Literal["transaction"] | None = Field(
        None,
        description="`transaction` if a pooler such as PgBouncer, in this mode, is in front of PostgreSQL.",
    )
    host: str = Field(
        "127.0.0.1",
        description="The address to listen on, if `gateway serve` has no option `--host`.",
    )
    port: int = Field(
        8000,
        ge=0,
        le=65535,
        description="The port to listen on, if `gateway serve` has no option `--port`.",
    )
    cors_origins: str = Field(
        "",
        description="Web origins, separated by commas, whose pages may use the gateway, such as"
        " `https://shop.example`; `*` for all. None by default.",
    )
    cors_methods: str = Field(
        "DELETE, GET, HEAD, PATCH, POST",
        description="The methods that pages of these origins may use.",
    )
    cors_headers: str = Field(
        "Apollo-Require-Preflight, apollographql-*, Authorization, Company, Content-Type,"
        " Idempotency-Key, If-Match, traceparent, Upload-*, X-Request-Id, X-Requested-With",
        description="The headers that pages of these origins may send; `*` at the end of a name stands for"
        " any letters.",
    )
    auth: Literal["open", "required"] | None = Field(
        None,
        description="Whether requests need a key or token: `required` or `open`, which is possible only on a"
        " loopback address. By default a gateway is open there, unless `GATEWAY_JWT_ISSUER` is set.",
    )
    hosts: str = Field(
        "",
        description="Host names, separated by commas, under which the gateway answers in addition to those"
        " of its own machine and the address that it listens on, such as `orders.example`;"
        " `*.orders.example` for all names below a domain, `*` for any name.",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks, separated by commas, of the proxies whose headers"
        " `X-Forwarded-For` and `X-Forwarded-Proto` are believed, such as `10.0.0.0/8`. None by default.",
    )
    keep_alive: float = Field(
        75,
        gt=0,
        description="Seconds that a connection stays open between two requests: longer than those of a load"
        " balancer in front.",
    )
    max_connections: int | None = Field(
        None,
        ge=1,
        description="Most open connections per process; others are refused. The default is what the limit of"
        " open files (`ulimit -n`) allows, but at most 10,000.",
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
    max_batch: int = Field(
        0,
        ge=0,
        le=10,
        description="Most operations in a batch, which is a request with an array of them: at most 10. By"
        " default batches are refused.",
    )
    deadline: float = Field(
        30, gt=0, description="Seconds after which an operation and its SQL are stopped."
    )
    pool_size: int = Field(
        10, ge=1, description="Most operations that use the database at the same time, per process."
    )
    rate: int = Field(
        1_000_000,
        ge=1,
        description="Cost points that each key, or each subject of tokens, may use in a minute. With open access,"
        " callers have no such limit unless this is set; then each address has one.",
    )
    concurrency: int = Field(
        16,
        ge=1,
        description="Most operations of a caller that run at the same time, per process. With open access, there is"
        " no such limit unless this is set.",
    )
    redis_url: str = Field(
        "",
        description="URL of the Redis or Valkey server in which several processes count the points of their callers"
        " together, such as `redis://host:6379/0`. By default each process counts for itself.",
    )

    documents: Literal["any", "trusted"] = Field(
        "any",
        description="Which documents clients may run: `any`, or only the `trusted` ones in the files of"
        " `GATEWAY_DOCUMENT_MANIFESTS`.",
    )
    document_manifests: str = Field(
        "",
        description="Files, separated by commas, of trusted documents, as graphql-codegen, Relay and Apollo"
        " write them. They are compiled at the start.",
    )

    stop_seconds: float = Field(
        25,
        gt=0,
        description="Most seconds that the gateway takes to stop after a signal. Running requests are finished"
        " first.",
    )

    debug: bool = Field(
        False,
        description="Whether the header X-Execution of each answer says how the operation was executed.",
    )
    log_level: Literal["debug", "info", "warning", "error"] | None = Field(
        None,
        description="The least severe messages in the log: `debug`, `info`, `warning` or `error`. The default"
        " is `info` for `gateway serve`, which logs every request, and `warning` for other commands.",
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto",
        description="The format of the log on standard error: `json`, one object a line; `text`, for people;"
        " or `auto`, which is `text` on a terminal and `json` elsewhere.",
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
        description="Folder for uploaded files until their rows are read. The default is `gateway-imports` beside"
        " the SQLite file, or in the current directory for PostgreSQL. It must survive a restart, so that"
        " import jobs survive it too. Gateways on several hosts may share it.",
    )

    @model_validator(mode="after")
    def _check_row_security(self) -> Self:
        is_sqlite = self.database_url.startswith("sqlite")
        if self.row_security and (is_sqlite or self.admin_url.startswith("sqlite")):
            raise ValueError(NO_ROW_SECURITY)
        if is_sqlite and self.pooler:
            raise ValueError("GATEWAY_POOLER: SQLite has no pooler.")
        if self.row_security and not self.admin_url:
            raise ValueError(NO_ADMIN_URL)
        if self.admin_url and not self.row_security:
            raise ValueError("GATEWAY_ADMIN_URL: It is used only if GATEWAY_ROW_SECURITY=true.")
        return self

    @model_validator(mode="after")
    def _check_documents(self) -> Self:
        if self.documents == "trusted" and not self.manifests:
            raise ValueError(NO_MANIFESTS)
        return self

    @field_validator("documents", "log_level", "log_format", mode="before")
    @classmethod
    def _fold(cls, choice: Any) -> Any:
        return choice.lower() if isinstance(choice, str) else choice

    @field_validator("hosts")
    @classmethod
    def _check_hosts(cls, hosts: str) -> str:
        for host in listed(hosts):
            if not HOST.fullmatch(host.lower()):
                raise ValueError(f"{host} is not the name of a host such as orders.example")
        return hosts

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: str) -> str:
        for origin in listed(origins):
            if origin != "*" and not ORIGIN.fullmatch(origin.lower()):
                raise ValueError(
                    f"{origin} is not an origin such as https://shop.example: a scheme, a host and perhaps a"
                    " port, without a path or a slash at the end"
                )
        return origins.lower()

    @field_validator("redis_url")
    @classmethod
    def _check_redis(cls, url: str) -> str:
        if url and not REDIS.match(url):
            raise ValueError("It is not the URL of a Redis server such as redis://host:6379/0")
        if url and find_spec("redis") is None:
            raise ValueError(NO_REDIS)
        return url

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, proxies: str) -> str:
        for proxy in listed(proxies):
            try:
                ip_network(proxy)
            except ValueError as error:
                raise ValueError(f"{proxy} is no address or network such as 10.0.0.0/8") from error
        return proxies

    def embedded(self, file: Path) -> "Settings":
        """The settings for a SQLite database in `file`."""
        of_postgresql = {"row_security": False, "admin_url": "", "pooler": None}
        return self.model_copy(update={"database_url": f"sqlite:///{file}", **of_postgresql})

    @property
    def uploads(self) -> Path:
        if self.import_folder:
            return Path(self.import_folder)
        file = (
            self.database_url.partition(":///")[2] if self.database_url.startswith("sqlite") else ""
        )
        return Path(file.partition("?")[0]).parent / "gateway-imports"

    @property
    def manifests(self) -> list[Path]:
        return [Path(file) for file in listed(self.document_manifests)]

    @property
    def allowed_origins(self) -> list[str]:
        return listed(self.cors_origins)

    @property
    def allowed_hosts(self) -> list[str]:
        return listed(self.hosts)

    @property
    def allowed_methods(self) -> list[str]:
        return [method.upper() for method in listed(self.cors_methods)]

    @property
    def allowed_headers(self) -> list[str]:
        return listed(self.cors_headers)

    @property
    def proxies(self) -> list[str]:
        return listed(self.trusted_proxies)

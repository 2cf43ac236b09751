"""What a deployment sets, read once from the environment."""

import tempfile
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

EMBEDDED_DATABASE = "sqlite:///gateway.db"


class Settings(BaseSettings):
    """Each field is the environment variable GATEWAY_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True)

    database_url: str = Field(
        EMBEDDED_DATABASE,
        description="SQLAlchemy URL of a SQLite or PostgreSQL database. A SQLite file in the current"
        " directory by default, which is made and migrated by itself.",
    )
    cors_origins: str = Field(
        "",
        description="Web origins, separated by commas, whose pages may ask the gateway, such as"
        " `https://shop.example`; `*` for all. None by default.",
    )
    max_page: int = Field(200, ge=1, description="Largest page of a connection.")
    max_lines: int = Field(1000, ge=1, description="Most lines of an order.")
    pool_size: int = Field(
        10, ge=1, description="Most operations that use the database at once, per process."
    )

    max_upload: int = Field(
        2 * 10**9, ge=1, description="Most bytes of an upload of files to import."
    )
    import_folder: str = Field(
        "",
        description="Folder in which uploaded files wait until their rows are read; name one that"
        " survives a restart, so that jobs do. A folder for temporary files by default.",
    )

    @property
    def uploads(self) -> Path:
        return Path(self.import_folder or Path(tempfile.gettempdir()) / "gateway-imports")

    @property
    def allowed_origins(self) -> list[str]:
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]

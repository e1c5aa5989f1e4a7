"""What can be set from outside: every setting of the shop, with its type and its default.

Apart from the code that uses them, so that one page answers "what can I configure?".
"""

import re
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from uuid import uuid4

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

MIB = 2**20
"""Bytes in a mebibyte."""

ASYNC_DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg", "mysql+aiomysql", "mariadb+aiomysql")
"""What an address of a database may start with."""

MIN_SECRET_BYTES = 32
"""HS256 is as strong as its key up to this length (RFC 7518, section 3.2)."""


def _check_database_url(url: SecretStr) -> SecretStr:
    try:
        driver = make_url(url.get_secret_value()).drivername
    except ArgumentError:
        driver = None
    if driver not in ASYNC_DRIVERS:
        raise ValueError(f"start with one of {', '.join(ASYNC_DRIVERS)}, then ://")
    return url


def _check_secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value().encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"must have at least {MIN_SECRET_BYTES} bytes")
    return secret


def _check_origin(origin: str) -> str:
    # "*" is refused with the rest: with credentials allowed, it lets every site act as its visitor.
    if not re.fullmatch(r"https?://[^/*\s]+", origin):
        raise ValueError(
            f"{origin!r} is not an origin: write https://shop.example, with no path and no * in it"
        )
    return origin


def _split(value: Any) -> Any:
    """Read `a, b` as a list: an environment variable is a text, and people write commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _seconds(value: Any) -> Any:
    """Read "900" as 900 seconds: pydantic does so for a number, and for a text only as PT900S."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _outside_production(settings: dict[str, Any]) -> bool:
    return settings["environment"] != "production"


def _log_format(settings: dict[str, Any]) -> Literal["console", "json"]:
    return "console" if _outside_production(settings) else "json"


def _new_secret() -> SecretStr:
    return SecretStr(secrets.token_urlsafe(48))


type Commas[T] = Annotated[list[T], NoDecode, BeforeValidator(_split)]
"""A list that is written with commas between its parts."""

DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_database_url)]
Secret = Annotated[SecretStr, AfterValidator(_check_secret)]
Origin = Annotated[str, AfterValidator(_check_origin)]
Duration = Annotated[timedelta, BeforeValidator(_seconds), Field(gt=timedelta(0))]
"""A time that is written as a number of seconds, or like PT15M (ISO 8601)."""
Size = Annotated[int, Field(gt=0)]
Rate = Annotated[str, Field(pattern=r"^\d+/(\d+ )?(second|minute|hour|day)s?$")]
"""How often one client may ask, such as 5/minute or 100/15 minutes."""


class Settings(BaseSettings):
    """The settings of a shop that a server runs.

    Each one is read from the environment variable of its name with the prefix `SHOP_`, such as
    `SHOP_DATABASE_URL`, then from a file `.env` in the working directory. An empty variable
    counts as one that is not set.

    Raises:
        pydantic.ValidationError: when a value is of the wrong type or out of bounds, or when
            production lacks what has no safe default. The message never repeats a value.
    """

    model_config = SettingsConfigDict(
        env_prefix="SHOP_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        # A message that repeats the settings would print the secrets among them.
        hide_input_in_errors=True,
    )

    environment: Literal["development", "test", "production"] = "development"
    """Where the shop runs. Production demands what has no safe default and shows less."""

    # What has a default by environment stands next to it: pydantic reads fields in this order.

    create_tables: bool = Field(default_factory=_outside_production)
    """Bring the tables up to date when the app starts. Off in production: there a migration is
    a step of its own, before several processes start at once."""

    seed_demo_data: bool = Field(default_factory=_outside_production)
    """Put demo users and items into a shop without users at the start. Refused in production."""

    log_format: Literal["console", "json"] = Field(default_factory=_log_format)
    """Lines for people, or one JSON object a line for programs: the default in production."""

    docs: bool = Field(default_factory=_outside_production)
    """Serve /docs, /redoc and /openapi.json."""

    # -- Database -------------------------------------------------------------------------

    # Secret because the address of a database server holds a password.
    database_url: DatabaseUrl = SecretStr("sqlite+aiosqlite:///shop.db")
    """Where the data is: an SQLAlchemy address with an async driver. Required in production."""

    database_pool_size: int = Field(default=5, ge=1)
    """Connections that each process keeps open to a database server. Not used by SQLite."""

    database_max_overflow: int = Field(default=10, ge=0)
    """Connections that a process may open for a short time beyond `database_pool_size`."""

    database_lock_timeout: Duration = timedelta(seconds=30)
    """How long a statement waits for what another transaction has locked. Then the answer is
    503: a client can try again, and a connection is free for others."""

    # -- Passwords and tokens -------------------------------------------------------------

    jwt_secret: Secret = Field(default_factory=_new_secret)
    """The key that signs access tokens, at least 32 bytes. Required in production; elsewhere a
    new one is made at each start, so that tokens end with the process."""

    jwt_issuer: str = "shop"
    """Who issues the tokens; a token that names another issuer is refused."""

    access_token_lifetime: Duration = timedelta(minutes=15)
    refresh_token_lifetime: Duration = timedelta(days=30)

    websocket_ticket_lifetime: Duration = timedelta(seconds=30)
    """How long a client may take to open a WebSocket with the ticket it asked for."""

    password_hash_rounds: int = Field(default=3, ge=1)
    """How many passes Argon2id makes over its memory."""

    password_hash_memory_kib: int = Field(default=65536, ge=8)
    """How much memory one Argon2id hash takes, in KiB."""

    # -- What is let in -------------------------------------------------------------------

    allowed_hosts: Commas[str] = ["*"]
    """The host names that the shop answers to, such as shop.example. Required in production."""

    cors_origins: Commas[Origin] = []
    """The other sites whose pages may call the API from a browser, such as https://shop.example.
    The same list says which pages may open a WebSocket."""

    max_body_bytes: Size = MIB
    """The largest body of a request, uploads excepted, in bytes."""

    rate_limits: bool = True
    """Whether the limits below are kept."""

    default_rate_limit: Rate = "600/minute"
    """Requests of one client, a client being an IPv4 address or a /64 network of IPv6."""

    login_rate_limit: Rate = "5/minute"
    """Logins that one client may try."""

    account_rate_limit: Rate = "30/hour"
    """Wrong passwords for one account, from wherever they come. Low enough that a password is
    not found, and high enough that its owner is not locked out by a few mistakes."""

    register_rate_limit: Rate = "20/hour"
    """Accounts that one client may open."""

    # -- Uploaded files -------------------------------------------------------------------

    upload_folder: Path | None = Path("uploads")
    """Where uploaded files are kept. None is a temporary folder that goes when the app stops."""

    upload_max_bytes: Size = 20 * MIB
    """The largest file, in bytes."""

    upload_types: Commas[str] = [
        "application/pdf",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/csv",
        "text/plain",
    ]
    """The media types that are accepted."""

    # -- Services beside the database -----------------------------------------------------

    redis_url: SecretStr | None = None
    """Such as redis://localhost:6379/0. Without it each process counts and talks for itself."""

    redis_prefix: str = "shop:"
    """What every Redis key and channel starts with, so that two shops can share a server."""

    broker_url: SecretStr | None = None
    """Such as amqp://guest:guest@localhost:5672//. Without it the app sends its own messages."""

    broker_queue: str = "shop"
    """The queue that the worker reads; two shops on one broker need two names."""

    # -- Streams --------------------------------------------------------------------------

    chat_queue_size: int = Field(default=100, ge=1)
    """Messages that wait for one slow client of a chat room before it is dropped."""

    event_history: int = Field(default=1000, ge=1)
    """Past events that a client can still ask for with `Last-Event-ID`."""

    # -- Operations -----------------------------------------------------------------------

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    sentry_dsn: SecretStr | None = None
    """Where Sentry collects errors. Without it nothing is sent."""

    telemetry: bool = False
    """Make OpenTelemetry spans; where they go is set by the standard OTEL_ variables."""

    admin_panel: bool = False
    """Serve the admin pages; needs the extra `admin`."""

    graphql: bool = False
    """Serve the GraphQL endpoint; needs the extra `graphql`."""

    @model_validator(mode="after")
    def _is_fit_for_production(self) -> Self:
        if self.environment != "production":
            return self
        if self.seed_demo_data:
            raise ValueError("demo data has no place in production: unset SHOP_SEED_DEMO_DATA")
        required = ("database_url", "jwt_secret", "allowed_hosts")
        if missing := [name for name in required if name not in self.model_fields_set]:
            names = ", ".join(f"SHOP_{name.upper()}" for name in missing)
            raise ValueError(
                f"production needs {names}. A secret can be made with:"
                " python -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        return self


def _new_memory_url() -> SecretStr:
    """The address of a new, empty SQLite database in this process's memory.

    `vfs=memdb` lets many connections share it with SQLite's usual locks; `:memory:` gives each
    connection a database of its own, and a shared cache fails instead of waiting for a lock.
    The database is gone when its last connection closes. Source: SQLite's `memdb.c`.
    """
    return SecretStr(f"sqlite+aiosqlite:///file:/shop-{uuid4().hex}?vfs=memdb&uri=true")


class InMemorySettings(Settings):
    """The settings of a lesson or a test: a database of its own that leaves nothing behind.

    Neither the environment nor a `.env` file is read, so a lesson never meets a real database.
    """

    database_url: DatabaseUrl = Field(default_factory=_new_memory_url)

    # No migration can have made the tables: the database is as new as the app.
    create_tables: bool = True

    upload_folder: Path | None = None

    # A lesson logs in often, and its passwords are known to everyone.
    rate_limits: bool = False
    password_hash_rounds: int = Field(default=1, ge=1)
    password_hash_memory_kib: int = Field(default=1024, ge=8)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

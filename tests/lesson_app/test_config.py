"""The settings and where they come from."""

from datetime import timedelta
from pathlib import Path

import pytest
from limits import parse
from pydantic import ValidationError

from lesson_app import InMemorySettings, Settings
from lesson_app.config import ASYNC_DRIVERS


@pytest.fixture(autouse=True)
def _empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_server_keeps_its_data_in_a_file():
    """Without any setting the data is in shop.db, so it survives a reload."""
    assert Settings().database_url.get_secret_value() == "sqlite+aiosqlite:///shop.db"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A variable in the environment beats `.env`, and `.env` beats the default."""
    (tmp_path / ".env").write_text("SHOP_CREATE_TABLES=false\nSHOP_SEED_DEMO_DATA=false\nX=1\n")
    monkeypatch.setenv("SHOP_CREATE_TABLES", "true")
    settings = Settings()
    assert (settings.create_tables, settings.seed_demo_data) == (True, False)


def test_a_database_password_is_not_shown():
    """The address of the database is hidden where settings are printed or logged."""
    settings = Settings.model_validate({"database_url": "postgresql+asyncpg://shop:s3cret@db/shop"})
    assert "s3cret" not in repr(settings)


def test_audit_16_4_a_lesson_never_reads_a_real_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Audit 16.4: in-memory settings ignore the environment and the `.env` file."""
    (tmp_path / ".env").write_text("SHOP_SEED_DEMO_DATA=false\n")
    monkeypatch.setenv("SHOP_DATABASE_URL", "postgresql+asyncpg://db/shop")
    settings = InMemorySettings()
    assert settings.database_url.get_secret_value().startswith("sqlite+aiosqlite:///file:/shop-")
    assert settings.seed_demo_data is True


def test_each_lesson_has_a_database_of_its_own():
    """Two in-memory settings never name the same database."""
    assert InMemorySettings().database_url != InMemorySettings().database_url


PRODUCTION = {
    "environment": "production",
    "database_url": "postgresql+asyncpg://shop:hunter2@db/shop",
    "jwt_secret": "hunter2" * 5,
    "allowed_hosts": "shop.example",
}


def test_production_needs_what_has_no_safe_default():
    """The message names every variable that is missing, and how to make a secret."""
    with pytest.raises(ValidationError) as refused:
        Settings(environment="production")
    message = str(refused.value)
    assert "SHOP_DATABASE_URL, SHOP_JWT_SECRET, SHOP_ALLOWED_HOSTS" in message
    assert "secrets.token_urlsafe(48)" in message


@pytest.mark.parametrize("missing", ["database_url", "jwt_secret", "allowed_hosts"])
def test_each_of_them_is_needed(missing: str):
    """A production that lacks one of them does not start."""
    given = {name: value for name, value in PRODUCTION.items() if name != missing}
    with pytest.raises(ValidationError, match=f"needs SHOP_{missing.upper()}\\."):
        Settings.model_validate(given)


def test_production_shows_less_and_changes_no_tables():
    """What helps while developing is off where strangers are."""
    found = Settings.model_validate(PRODUCTION)
    assert (found.create_tables, found.seed_demo_data, found.docs, found.log_format) == (
        False,
        False,
        False,
        "json",
    )


def test_development_is_ready_to_use():
    """Without any setting there are tables, data, documentation and readable logs."""
    found = Settings()
    assert (found.create_tables, found.seed_demo_data, found.docs, found.log_format) == (
        True,
        True,
        True,
        "console",
    )


def test_demo_data_is_refused_in_production():
    """Users that everybody knows do not get into a real shop, even on request."""
    with pytest.raises(ValidationError, match="no place in production"):
        Settings.model_validate({**PRODUCTION, "seed_demo_data": True})


@pytest.mark.parametrize("environment", ["development", "production"])
def test_audit_x3_a_short_secret_is_refused(environment: str):
    """Audit X3: a key of 31 bytes weakens HS256; the guide's had 15."""
    given = {**PRODUCTION, "environment": environment, "jwt_secret": "x" * 31}
    with pytest.raises(ValidationError, match="at least 32 bytes"):
        Settings.model_validate(given)


def test_the_length_of_a_secret_is_counted_in_bytes():
    """Sixteen letters of two bytes each are enough."""
    assert Settings.model_validate({"jwt_secret": "ß" * 16}).jwt_secret.get_secret_value()


def test_a_secret_of_development_is_new_at_each_start():
    """Nobody can guess it, because it is written nowhere."""
    first, second = Settings().jwt_secret, Settings().jwt_secret
    assert first != second
    assert len(first.get_secret_value()) >= 32


@pytest.mark.parametrize(
    "changes",
    [
        {"jwt_secret": "hunter2"},
        {"database_url": "postgresql://shop:hunter2@db/shop"},
        {"database_url": "hunter2"},
        {"seed_demo_data": True},
        {"chat_queue_size": 0},
    ],
)
def test_audit_17_3_a_message_never_repeats_a_secret(changes: dict):
    """Audit 17.3: a server's log shows why it did not start, and no password."""
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({**PRODUCTION, **changes})
    assert "hunter2" not in str(refused.value)


def test_audit_17_3_secrets_are_hidden():
    """Audit 17.3: settings can be printed: no password and no key is in what comes out."""
    services = {
        "redis_url": "redis://:hunter2@cache",
        "broker_url": "amqp://shop:hunter2@queue",
        "sentry_dsn": "https://hunter2@sentry.example/1",
    }
    assert "hunter2" not in repr(Settings.model_validate({**PRODUCTION, **services}))


@pytest.mark.parametrize("driver", ["postgresql", "mysql", "sqlite", "postgresql+psycopg2"])
def test_a_driver_that_would_block_the_loop_is_refused(driver: str):
    """The message says how the address must start."""
    with pytest.raises(ValidationError, match=r"start with one of sqlite\+aiosqlite"):
        Settings.model_validate({"database_url": f"{driver}://db/shop"})


@pytest.mark.parametrize("driver", ASYNC_DRIVERS)
def test_a_driver_that_awaits_is_accepted(driver: str):
    """Each of the supported databases has one."""
    assert Settings.model_validate({"database_url": f"{driver}://db/shop"})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("https://shop.example", ["https://shop.example"]),
        (
            "https://shop.example, http://localhost:3000",
            ["https://shop.example", "http://localhost:3000"],
        ),
        (",", []),
    ],
)
def test_audit_17_3_a_list_is_written_with_commas(
    monkeypatch: pytest.MonkeyPatch, written: str, expected: list[str]
):
    """Audit 17.3: in the environment, where the guide's own way made `[\'\']` of nothing."""
    monkeypatch.setenv("SHOP_CORS_ORIGINS", written)
    assert Settings().cors_origins == expected


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("https://shop.example/", id="a path"),
        pytest.param("*", id="everybody"),
        pytest.param("https://*.shop.example", id="a pattern"),
        pytest.param("shop.example", id="no scheme"),
    ],
)
def test_audit_13_an_origin_that_matches_nothing_or_everything_is_refused(origin: str):
    """Audit 13: a slash at the end matches no browser's origin; a star opens the API to all sites."""
    with pytest.raises(ValidationError, match="is not an origin"):
        Settings.model_validate({"cors_origins": origin})


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch):
    """Compose passes an empty text for what its own environment lacks."""
    monkeypatch.setenv("SHOP_REDIS_URL", "")
    monkeypatch.setenv("SHOP_ENVIRONMENT", "")
    assert (Settings().redis_url, Settings().environment) == (None, "development")


@pytest.mark.parametrize(
    ("written", "expected"), [("900", 900), ("PT15M", 900), ("P1D", 86400), ("0:00:30", 30)]
)
def test_a_duration_is_seconds_or_iso(monkeypatch: pytest.MonkeyPatch, written: str, expected: int):
    """A plain number is seconds."""
    monkeypatch.setenv("SHOP_ACCESS_TOKEN_LIFETIME", written)
    assert Settings().access_token_lifetime == timedelta(seconds=expected)


@pytest.mark.parametrize("seconds", [0, -1, "0"])
def test_a_token_lives_for_some_time(seconds: int | str):
    """A lifetime of nothing is a mistake."""
    with pytest.raises(ValidationError, match="should be greater than"):
        Settings.model_validate({"access_token_lifetime": seconds})


@pytest.mark.parametrize("limit", ["5/minute", "100/15 minutes", "1000/day"])
def test_a_rate_that_the_limiter_reads_is_accepted(limit: str):
    """What the settings let through, the library behind the limits understands."""
    assert parse(Settings.model_validate({"login_rate_limit": limit}).login_rate_limit)


def test_a_rate_that_is_none_is_refused():
    """At the start, not at the first login."""
    with pytest.raises(ValidationError, match="login_rate_limit"):
        Settings.model_validate({"login_rate_limit": "often"})


def test_a_lesson_keeps_no_uploads():
    """Its files go to a temporary folder, its tables are made new."""
    settings = InMemorySettings()
    assert (settings.upload_folder, settings.create_tables) == (None, True)

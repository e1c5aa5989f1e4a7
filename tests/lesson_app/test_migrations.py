"""The migrations: forward, back and forward again, on three databases, and what they keep."""

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from lesson_app import InMemorySettings, Settings
from lesson_app.database import open_engine
from lesson_app.migrations import alembic_config, upgrade
from lesson_app.models import Base
from tests.services import BACKENDS, MARIADB, POSTGRESQL, ServerDatabase

pytestmark = pytest.mark.anyio

NOON = "2026-01-05 12:00:00"


@pytest.fixture(params=BACKENDS)
async def empty_shop(request, tmp_path: Path):
    """Settings of a shop on a new database without any table."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
        yield InMemorySettings.model_validate({"database_url": url})
        return
    service = {"postgresql": POSTGRESQL, "mariadb": MARIADB}[request.param]
    await asyncio.to_thread(service.need)
    database = ServerDatabase(service.url)
    await database.create()
    yield InMemorySettings.model_validate({"database_url": database.url})
    await database.drop()


async def run[T](settings: Settings, task: Callable[[Connection], T]) -> T:
    """Run something that needs a synchronous connection, and commit."""
    async with open_engine(settings) as engine, engine.begin() as connection:
        return await connection.run_sync(task)


async def alembic(settings: Settings, what: Callable[..., object], *arguments: str) -> None:
    """Run one of Alembic's commands on a shop."""
    await run(settings, lambda connection: what(alembic_config(connection), *arguments))


async def query(settings: Settings, sql: str) -> list[tuple]:
    async with open_engine(settings) as engine, engine.begin() as connection:
        result = await connection.execute(text(sql))
        return [tuple(row) for row in result] if result.returns_rows else []


async def add_user(settings: Settings, user_id: int, email: str) -> None:
    """Add a user as the table was before 0002."""
    await query(
        settings,
        "INSERT INTO users (id, email, display_name, role, is_active, created_at, updated_at)"
        f" VALUES ({user_id}, '{email}', 'Somebody', 'plain', true, '{NOON}', '{NOON}')",
    )


async def test_forward_back_and_forward_again(empty_shop: Settings):
    """Each step can be undone, down to nothing, and done again."""
    await alembic(empty_shop, command.upgrade, "head")
    await alembic(empty_shop, command.downgrade, "base")
    left = await run(empty_shop, lambda connection: inspect(connection).get_table_names())
    await alembic(empty_shop, command.upgrade, "head")
    made = await run(empty_shop, lambda connection: inspect(connection).get_table_names())
    assert left == ["alembic_version"]
    assert set(made) == {"alembic_version", *Base.metadata.tables}


async def test_the_migrations_make_what_the_models_say(empty_shop: Settings):
    """`alembic check` finds nothing to do, after a way back too."""
    await upgrade(empty_shop)
    await alembic(empty_shop, command.check)
    await alembic(empty_shop, command.downgrade, "0001")
    await upgrade(empty_shop)
    await alembic(empty_shop, command.check)


async def test_a_difference_is_found(empty_shop: Settings):
    """An index that is missing is something to do, so the test above can fail."""
    await upgrade(empty_shop)
    tokens = Base.metadata.tables["refresh_tokens"]
    index = next(one for one in tokens.indexes if one.name == "ix_refresh_tokens_expires_at")
    await run(empty_shop, index.drop)
    with pytest.raises(CommandError, match="ix_refresh_tokens_expires_at"):
        await alembic(empty_shop, command.check)


async def test_a_migration_of_data_keeps_the_rows(empty_shop: Settings):
    """Each user gets a key made of the address; who belongs to whom stays as it was."""
    await upgrade(empty_shop, "0001")
    await add_user(empty_shop, 1, "Größe@Example.com")
    await add_user(empty_shop, 2, "ada@example.com")
    await query(
        empty_shop,
        "INSERT INTO refresh_tokens"
        " (user_id, token_hash, family_id, scope, created_at, expires_at)"
        f" VALUES (1, 'hash', 'family', 'shop', '{NOON}', '2026-02-05 12:00:00')",
    )
    await upgrade(empty_shop)
    after = await query(empty_shop, "SELECT id, email, email_key FROM users ORDER BY id")
    await alembic(empty_shop, command.downgrade, "0001")
    back = await query(empty_shop, "SELECT id, email FROM users ORDER BY id")
    tokens = await query(empty_shop, "SELECT user_id FROM refresh_tokens")
    assert after == [
        (1, "Größe@Example.com", "grösse@example.com"),
        (2, "ada@example.com", "ada@example.com"),
    ]
    assert back == [(1, "Größe@Example.com"), (2, "ada@example.com")]
    assert tokens == [(1,)]


async def test_a_migration_that_people_must_decide_changes_nothing(empty_shop: Settings):
    """Two accounts of one address are named by their ids, and the tables are as before."""
    await upgrade(empty_shop, "0001")
    await add_user(empty_shop, 1, "ada@example.com")
    await add_user(empty_shop, 7, "Ada@example.com")
    with pytest.raises(CommandError, match=r"\[\[1, 7\]\]"):
        await upgrade(empty_shop)
    columns = await run(empty_shop, lambda connection: inspect(connection).get_columns("users"))
    assert "email_key" not in {column["name"] for column in columns}
    assert await query(empty_shop, "SELECT version_num FROM alembic_version") == [("0001",)]


async def test_the_rules_survive_the_copy_that_sqlite_makes(empty_shop: Settings):
    """A column was altered, so the table was copied; a role that nobody knows is still refused."""
    await upgrade(empty_shop)
    with pytest.raises(IntegrityError):
        await query(
            empty_shop,
            "INSERT INTO users"
            " (email, email_key, display_name, role, is_active, created_at, updated_at)"
            f" VALUES ('a@b.c', 'a@b.c', 'Eve', 'emperor', true, '{NOON}', '{NOON}')",
        )


async def test_sqlite_migrates_completely_or_not_at_all(tmp_path: Path):
    """A row that refers to nobody stops the migration, and the tables are as before."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
    settings = InMemorySettings.model_validate({"database_url": url})
    await upgrade(settings, "0001")
    async with open_engine(settings) as engine, engine.begin() as connection:
        await connection.execute(text("PRAGMA foreign_keys = OFF"))
        await connection.execute(
            text(
                "INSERT INTO orders (buyer_id, status, created_at, updated_at)"
                f" VALUES (99, 'placed', '{NOON}', '{NOON}')"
            )
        )
    with pytest.raises(CommandError, match="rows that are not there"):
        await upgrade(settings)
    assert await query(settings, "SELECT version_num FROM alembic_version") == [("0001",)]


def test_there_is_one_newest_migration():
    """Two would mean that two people each added one, and neither is complete."""
    scripts = ScriptDirectory.from_config(alembic_config())
    assert len(scripts.get_heads()) == 1


async def test_audit_x10_a_migration_runs_inside_a_running_loop(empty_shop: Settings):
    """Audit X10: as a notebook has one, where `asyncio.run` in Alembic's own way is an error."""
    assert asyncio.get_running_loop()
    await upgrade(empty_shop)
    assert await query(empty_shop, "SELECT count(*) FROM items") == [(0,)]


async def test_audit_x10_a_migration_leaves_the_loggers_alone(empty_shop: Settings):
    """Audit X10: a logger that exists before still speaks afterwards."""
    logger = logging.getLogger("shop.before")
    handlers = list(logging.getLogger().handlers)
    await upgrade(empty_shop)
    assert logger.disabled is False
    assert logging.getLogger().handlers == handlers


@pytest.fixture
def shop_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the settings of the environment name as the database."""
    path = tmp_path / "100%.db"
    url = URL.create("sqlite+aiosqlite", database=str(path)).render_as_string()
    monkeypatch.setenv("SHOP_DATABASE_URL", url)
    return path


def test_audit_9_2_a_percent_sign_in_the_address(shop_file: Path):
    """Audit 9.2: no configuration file, where a percent sign has a meaning, sees the address."""
    command.upgrade(alembic_config(), "head")
    assert shop_file.exists()


def test_the_command_for_people(shop_file: Path, tmp_path: Path):
    """`alembic upgrade head` finds the migrations and the settings, in a process of its own."""
    config = tmp_path / "pyproject.toml"
    config.write_text('[tool.alembic]\nscript_location = "lesson_app:migrations"\n')
    subprocess.run(
        [sys.executable, "-m", "alembic", "-c", config, "upgrade", "head"],
        cwd=tmp_path,
        check=True,
        env={**os.environ},
        capture_output=True,
    )
    assert shop_file.exists()


def test_audit_9_3_the_statements_can_be_written_down(shop_file: Path, capsys):
    """Audit 9.3: for a database that only its administrator may change; no connection is opened."""
    command.upgrade(alembic_config(), "0001", sql=True)
    assert "CREATE TABLE users" in capsys.readouterr().out
    assert not shop_file.exists()


def test_a_migration_of_data_cannot_be_written_down(shop_file: Path):
    """It reads rows, and says so."""
    with pytest.raises(CommandError, match="without --sql"):
        command.upgrade(alembic_config(), "head", sql=True)


def test_a_new_migration_is_written_as_python(shop_file: Path, tmp_path: Path):
    """What `revision --autogenerate` writes about a column of the shop's own type runs."""
    config = alembic_config()
    versions = ScriptDirectory.from_config(config).versions
    config.set_main_option("version_locations", f"{versions}{os.pathsep}{tmp_path}")
    command.upgrade(config, "head")
    with closing(sqlite3.connect(shop_file)) as connection:
        connection.execute("DROP INDEX ix_notifications_sent_at_due_at")
        connection.execute("ALTER TABLE notifications DROP COLUMN sent_at")
    command.revision(
        config, "Say when", autogenerate=True, version_path=str(tmp_path), rev_id="0003"
    )
    command.upgrade(config, "head")
    command.check(config)
    assert "database.UtcDateTime" in (tmp_path / "0003_say_when.py").read_text()

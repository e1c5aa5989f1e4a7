"""The tables as a whole: names, indexes, deletion rules, and what each database makes of them."""

import pytest
from sqlalchemy import Connection, MetaData, Table, inspect
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.dialects.mysql.mariadb import MariaDBDialect
from sqlalchemy.schema import CreateTable

from lesson_app.models import Base

TABLES = Base.metadata.sorted_tables


def rules(table: Table) -> set[str]:
    """The names of the constraints and indexes of a table."""
    return {str(one.name) for one in (*table.constraints, *table.indexes)}


def unindexed_foreign_keys(metadata: MetaData) -> list[str]:
    """The foreign keys whose columns do not come first in any index, unique rule or key."""
    missing = []
    for table in metadata.tables.values():
        rules = [*table.indexes, *table.constraints]
        indexed = [
            tuple(rule.columns.keys())
            for rule in rules
            if rule.__visit_name__ in {"index", "unique_constraint", "primary_key_constraint"}
        ]
        for key in table.foreign_key_constraints:
            columns = tuple(key.column_keys)
            if not any(index[: len(columns)] == columns for index in indexed):
                missing.append(f"{table.name}.{columns}")
    return missing


def test_audit_8_4_every_foreign_key_has_an_index():
    """Audit 8.4: without one, deleting a user reads every order; only MariaDB makes it by itself."""
    assert unindexed_foreign_keys(Base.metadata) == []


@pytest.mark.anyio
async def test_audit_8_4_every_foreign_key_has_an_index_in_the_database(sessions):
    """Audit 8.4: what the database has is what the models say."""

    def read(connection: Connection) -> MetaData:
        metadata = MetaData()
        metadata.reflect(connection)
        return metadata

    async with sessions() as session:
        metadata = await (await session.connection()).run_sync(read)
    assert set(metadata.tables) >= set(Base.metadata.tables)
    assert unindexed_foreign_keys(metadata) == []


@pytest.mark.anyio
async def test_the_database_has_every_rule_of_the_models(sessions):
    """Migrations and models agree about CHECK too, which `alembic check` does not look at."""

    def read(connection: Connection) -> dict[str, set[str]]:
        inspector = inspect(connection)
        return {
            table.name: {
                str(check["name"]) for check in inspector.get_check_constraints(table.name)
            }
            for table in TABLES
        }

    async with sessions() as session:
        found = await (await session.connection()).run_sync(read)
    expected = {
        table.name: {name for name in rules(table) if name.startswith("ck_")} for table in TABLES
    }
    # MariaDB stores JSON as text with a CHECK that it named after the column.
    found["notifications"].discard("payload")
    assert found == expected


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_every_rule_has_a_name_that_a_migration_can_use(table: Table):
    """The name says the kind, the table and the columns, and fits the 63 bytes of PostgreSQL."""
    kinds = ("ck", "fk", "ix", "pk", "uq")
    prefixes = tuple(f"{kind}_{table.name}" for kind in kinds)
    names = rules(table)
    assert [name for name in names if not name.startswith(prefixes) or len(name) > 63] == []


def test_the_names_of_items():
    """One table's names in full."""
    assert rules(Base.metadata.tables["items"]) == {
        "ck_items_price_positive",
        "ck_items_stock_not_negative",
        "fk_items_owner_id_users",
        "ix_items_name_id",
        "ix_items_owner_id",
        "ix_items_price_id",
        "pk_items",
        "uq_items_owner_id_name",
    }


def test_what_a_deletion_does():
    """Each foreign key says it: what has no meaning alone goes along, all else refuses."""
    found = {
        f"{table.name}.{key.parent.name}": key.ondelete
        for table in TABLES
        for key in table.foreign_keys
    }
    assert found == {
        "items.owner_id": "RESTRICT",
        "orders.buyer_id": "RESTRICT",
        "order_lines.order_id": "CASCADE",
        "order_lines.item_id": "RESTRICT",
        "refresh_tokens.user_id": "CASCADE",
        "stored_files.owner_id": "RESTRICT",
    }


def test_no_relationship_loads_by_itself():
    """A query that was forgotten is an error in development, not a slow page in production."""
    lazy = {
        f"{mapper.class_.__name__}.{relation.key}": relation.lazy
        for mapper in Base.registry.mappers
        for relation in mapper.relationships
    }
    assert set(lazy.values()) == {"raise"}


@pytest.mark.parametrize("dialect", [mysql.dialect(), MariaDBDialect()], ids=["mysql", "mariadb"])
@pytest.mark.parametrize("table", TABLES, ids=str)
def test_the_tables_fit_mariadb(table: Table, dialect):
    """Transactions, every character, letters told apart, microseconds; by either name."""
    sql = str(CreateTable(table).compile(dialect=dialect))
    assert "ENGINE=InnoDB" in sql
    assert "CHARSET=utf8mb4" in sql
    assert "COLLATE utf8mb4_bin" in sql
    assert "DATETIME(6)" in sql or "_at " not in sql
    assert "DATETIME " not in sql


def test_the_types_of_items():
    """Exact money everywhere, and time zones where the database has them."""
    items = Base.metadata.tables["items"]
    on_postgresql = str(CreateTable(items).compile(dialect=postgresql.dialect()))
    on_mariadb = str(CreateTable(items).compile(dialect=mysql.dialect()))
    assert "price NUMERIC(12, 2) NOT NULL" in on_postgresql
    assert "created_at TIMESTAMP WITH TIME ZONE NOT NULL" in on_postgresql
    assert "price NUMERIC(12, 2) NOT NULL" in on_mariadb

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, inspect, select

from activity_log import schema
from activity_log.database import Database, open_database
from activity_log.errors import WrongUseError
from activity_log.operators import list_operators, register_operator
from activity_log.rules import tables as rules  # noqa: F401 (its table is one of the schema)
from activity_log.vault import Vault
from tests.activity_log.stories import NOW, Books, send


def test_the_migrations_make_the_schema_that_the_code_speaks_of(database: Database):
    made = inspect(database.engine)
    for table in schema.metadata.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in made.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.c}
        assert {index["name"] for index in made.get_indexes(table.name)} == {
            index.name for index in table.indexes
        }
        assert made.get_pk_constraint(table.name)["constrained_columns"] == [
            column.name for column in table.primary_key
        ]
    assert set(made.get_table_names()) == {*schema.metadata.tables, "alembic_version"}


def test_writing_is_all_or_nothing(database: Database):
    def half_way() -> None:
        row = ("neu", "Neu", False, b"k", NOW)
        with database.writing() as connection:
            connection.execute(insert(schema.operator).values(row))
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        half_way()
    assert [operator.operator_id for operator in list_operators(database)] == ["konkurrenz", "reisen"]


def test_a_reader_sees_one_snapshot_and_is_not_held_up(database: Database, books: Books):
    count = select(schema.event.c.seq)
    with database.reading() as reader:
        assert reader.execute(count).all() == []
        send(database, books.books("anna", "nordsee-26", "2026-05-02"))
        assert reader.execute(count).all() == []
    with database.reading() as reader:
        assert len(reader.execute(count).all()) == 1


def test_opening_again_finds_what_was_there(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'deep' / 'down' / 'log.db'}"
    with closing(open_database(url, Vault(bytes(32)))) as database:
        register_operator(database, "reisen", now=NOW)
    with closing(open_database(url, Vault(bytes(32)))) as database:
        assert [operator.operator_id for operator in list_operators(database)] == ["reisen"]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (
            "mysql://localhost/busflow",
            "BUSFLOW_DATABASE_URL names 'mysql': the log is kept in sqlite or postgresql",
        ),
        (
            "over there",
            "BUSFLOW_DATABASE_URL is no URL: use sqlite:///path/to/log.db or postgresql://user@host/database",
        ),
    ],
)
def test_a_url_that_does_not_do_is_wrong_use(url: str, problem: str):
    with pytest.raises(WrongUseError) as refused:
        open_database(url, Vault(bytes(32)))
    assert str(refused.value) == problem


def test_a_file_that_is_no_database_is_wrong_use(tmp_path: Path):
    path = tmp_path / "log.db"
    path.write_text("Dear diary, " * 1_000)
    with pytest.raises(
        WrongUseError, match=r"log\.db: cannot be opened as activity log: file is not a database"
    ):
        open_database(f"sqlite:///{path}", Vault(bytes(32)))
    with pytest.raises(WrongUseError, match="cannot be opened as activity log"):
        open_database(f"sqlite:///{path}/log.db", Vault(bytes(32)))


def test_a_log_of_a_newer_version_is_wrong_use(database: Database):
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(WrongUseError, match="9999"):
        open_database(str(database.engine.url), Vault(bytes(32)))

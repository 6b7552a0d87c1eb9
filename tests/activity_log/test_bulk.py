"""Many rows at once do what they would do one after another, in both stores and however many there are."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Table, delete, select, type_coerce

from activity_log import schema
from activity_log.bulk import Keep, insert_rows, select_by_keys
from activity_log.database import Database, open_database
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log

Row = tuple[Any, ...]
MANY = 600
"""From 500 rows on PostgreSQL takes them another way."""

WITH_STORE = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=STORES, scope="module")
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with (
        fresh_log(request.param, tmp_path_factory.mktemp("bulk")) as url,
        closing(open_database(url, VAULT)) as database,
    ):
        yield database


def written(log: Database, table: Table, batches: list[list[Row]], keep: Keep) -> set[Row]:
    """All rows of the table after these batches, moments in microseconds."""
    with log.writing() as connection:
        connection.execute(delete(table))
        for batch in batches:
            insert_rows(connection, table, batch, keep)
        columns = [
            type_coerce(column, BigInteger) if isinstance(column.type, schema.UtcMoment) else column
            for column in table.c
        ]
        return {tuple(row) for row in connection.execute(select(*columns))}


def one_by_one(batches: list[list[Row]], keys: int, merge: Callable[[Row, Row], Row]) -> set[Row]:
    kept: dict[Row, Row] = {}
    for row in (row for batch in batches for row in batch):
        kept[row[:keys]] = merge(kept[row[:keys]], row) if row[:keys] in kept else row
    return set(kept.values())


TEXTS = st.sampled_from(
    ["a", "B", "ä", "Z", "z", "1", "10", "e-1", "e.1", "é", "🚌", '"', "\\", "\t", "\n", "%s", "?"]
)
MOMENTS = st.integers(0, 3)
NO_SHOWS = st.tuples(st.just("reisen"), TEXTS, TEXTS, MOMENTS, TEXTS)
CONVERSATIONS = st.tuples(
    st.just("reisen"), TEXTS, TEXTS, TEXTS, TEXTS, st.none() | MOMENTS, st.none() | MOMENTS, MOMENTS, TEXTS
)


def batches(rows: st.SearchStrategy[Row]) -> st.SearchStrategy[list[list[Row]]]:
    return st.lists(st.lists(rows, max_size=12), max_size=3)


def by_moment_and_id(row: Row) -> tuple[int, bytes]:
    return row[-2], row[-1].encode()


@WITH_STORE
@given(told=batches(NO_SHOWS))
def test_the_latest_stays(log: Database, told: list[list[Row]]):
    expected = one_by_one(told, 3, lambda old, new: max(old, new, key=by_moment_and_id))
    kept = written(log, schema.no_show, told, Keep.LATEST)
    assert {(*row[:3], *by_moment_and_id(row)) for row in kept} == {
        (*row[:3], *by_moment_and_id(row)) for row in expected
    }


@WITH_STORE
@given(told=batches(CONVERSATIONS))
def test_empty_cells_are_kept_empty(log: Database, told: list[list[Row]]):
    ordered = [[row] for batch in told for row in batch]
    expected = one_by_one(ordered, 2, lambda old, new: max(old, new, key=by_moment_and_id))
    kept = written(log, schema.conversation, told, Keep.LATEST)
    assert {(row[:2], by_moment_and_id(row)) for row in kept} == {
        (row[:2], by_moment_and_id(row)) for row in expected
    }
    assert kept <= {row for [row] in ordered}


@WITH_STORE
@given(told=batches(NO_SHOWS))
def test_the_first_stays(log: Database, told: list[list[Row]]):
    assert written(log, schema.no_show, told, Keep.FIRST) == one_by_one(told, 3, lambda old, _: old)


@pytest.mark.parametrize("size", [1, 50, MANY])
def test_the_new_takes_the_place_of_the_old(log: Database, size: int):
    told = [[("reisen", f"b{n}", "c", n, f"{turn}") for n in range(size)] for turn in range(3)]
    assert written(log, schema.no_show, told, Keep.REPLACE) == set(told[-1])


@pytest.mark.parametrize("keep", [Keep.LATEST, Keep.FIRST, Keep.REPLACE])
def test_many_do_what_few_do(log: Database, keep: Keep):
    rows = [("reisen", f"b{n * 7 % MANY}", "c", n * 31 % 997, f"e{n}") for n in range(MANY)]
    again = [(*row[:3], row[3] * 17 % 991, f"{row[4]}-again") for row in rows]
    few = [some[at : at + 40] for some in (rows, again) for at in range(0, MANY, 40)]
    assert written(log, schema.no_show, [rows, again], keep) == written(log, schema.no_show, few, keep)


def test_new_rows_are_counted_and_old_ones_are_not(log: Database):
    rows = [("reisen", f"b{n}", "c", n, "e") for n in range(MANY)]
    with log.writing() as connection:
        connection.execute(delete(schema.no_show))
        assert insert_rows(connection, schema.no_show, [], Keep.NEW) == 0
        assert insert_rows(connection, schema.no_show, rows[:500], Keep.NEW) == 500
        assert insert_rows(connection, schema.no_show, rows, Keep.FIRST) == 100
        assert insert_rows(connection, schema.no_show, rows[:3], Keep.FIRST) == 0


@WITH_STORE
@given(there=st.sets(st.tuples(TEXTS, TEXTS)), asked=st.lists(st.tuples(TEXTS, TEXTS), unique=True))
def test_rows_are_found_by_their_keys(log: Database, there: set[Row], asked: list[Row]):
    table, names = schema.no_show, ("booking_id", "customer_id", "occurred_at")
    with log.writing() as connection:
        connection.execute(delete(table))
        insert_rows(connection, table, [("reisen", *key, 7, "e") for key in sorted(there)], Keep.NEW)
        found = list(select_by_keys(connection, table, [("reisen", *key) for key in asked], names))
    assert sorted(found) == sorted((*key, 7) for key in asked if key in there)

from itertools import accumulate

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from activity_log import ledger, projections, reading, schema
from activity_log.database import Database
from activity_log.operators import Operator
from tests.activity_log.stories import Books, OpenFresh, anna_and_bernd, logged_ids, read_models, send

STORY = anna_and_bernd(Books())

_MANY_IN_ONE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def empty(database: Database) -> None:
    """Start anew in the same file; opening a new one takes longer than the test itself."""
    with database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS event_refuses_DELETE")
        for table in (*schema.READ_MODELS, schema.discarded, schema.event):
            connection.execute(delete(table))


@pytest.fixture
def straight_and_shuffled(open_fresh: OpenFresh) -> tuple[Database, Database]:
    straight = open_fresh()
    send(straight, *STORY)
    return straight, open_fresh()


@_MANY_IN_ONE
@given(
    order=st.permutations(STORY),
    again=st.lists(st.sampled_from(STORY), max_size=8),
    batches=st.lists(st.integers(1, 9), min_size=30, max_size=30),
)
def test_order_of_arrival_and_doubles_change_nothing(straight_and_shuffled, order, again, batches):
    straight, shuffled = straight_and_shuffled
    empty(shuffled)
    arriving = [*order, *again]
    for end, size in zip(accumulate(batches), batches, strict=True):
        if part := arriving[end - size : end]:
            send(shuffled, *part)
    assert read_models(shuffled) == read_models(straight)
    assert sorted(logged_ids(shuffled)) == sorted(logged_ids(straight))


def test_replay_gives_identical_read_models(database: Database, reisen: Operator):
    send(database, *STORY)
    send(database, *anna_and_bernd(Books("konkurrenz")))
    before, reached = read_models(database), []
    with database.writing() as connection:
        connection.execute(delete(schema.tour).where(schema.tour.c.operator_id == "reisen"))
        folded = projections.replay(connection, reisen, reached.append)
        assert reached == [ledger.last_seq(connection, "reisen")]
    assert folded == len(STORY) - 1
    assert read_models(database) == before


def test_the_later_profile_wins_however_late_the_earlier_one_arrives(database: Database, reisen: Operator):
    old, new = STORY[0], STORY[1]
    for arriving in (new, old):
        send(database, arriving)
    with database.reading() as connection:
        profile = reading.find_profile(connection, "reisen", reisen.pseudonym("anna"))
    assert profile is not None
    assert profile.family_name == "Müller-Lüdenscheidt"
    assert profile.email is None, "a profile event is the full profile: what it leaves out is gone"


def test_between_equals_the_greater_event_id_wins(database: Database, books: Books):
    first = books.publishes("nordsee-26", "2025-10-01", "Nordsee A") | {"id": "a"}
    second = books.publishes("nordsee-26", "2025-10-01", "Nordsee B") | {"id": "b"}
    send(database, second)
    send(database, first)
    with database.reading() as connection:
        assert reading.catalogue(connection, "reisen").tours["nordsee-26"].name.de == "Nordsee B"

"""Segments in every store: versions, memberships, what marketing is told, what merging and forgetting do."""

import json
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from activity_log.errors import WrongUseError
from activity_log.operators import find_operator
from activity_log.outbox import tables as outbox
from activity_log.outbox.people import contact_allowed
from activity_log.segments import definitions, lists, reading, tables
from activity_log.segments.definitions import Draft, Segment, UnknownSegmentError
from activity_log.segments.membership import (
    Change,
    Found,
    OldMomentError,
    SegmentChangedError,
    archive,
    write_refresh,
)
from activity_log.segments.reach import audience, reach_of
from tests.activity_log.logs import Log
from tests.activity_log.stories import NOW, Books

BOOKS = Books()
MAY, JUNE, JULY = (datetime.fromisoformat(f"2026-{month}-01T00:00:00+00:00") for month in ("05", "06", "07"))


@pytest.fixture
def operator_id(log: Log) -> str:
    """Anna, Bernd and Clara are known; Anna and Clara want marketing."""
    return log.told(
        [
            BOOKS.knows(
                "anna", "Anna", "Arndt", email="anna@example.org", marketing_consent=True, locale="de-DE"
            ),
            BOOKS.knows("bernd", "Bernd", "Brandt", phone="0421 55", marketing_consent=False, locale="de-DE"),
            BOOKS.knows("clara", "Clara", "Claus", marketing_consent=True, locale="de-DE", postcode="28195"),
        ]
    )


def define(log: Log, operator_id: str, segment_id: str = "vip", rule: str = "total_bookings >= 3") -> Segment:
    with log.database.writing() as connection:
        draft = Draft(segment_id, "rule", f"{segment_id} de", f"{segment_id} en", rule)
        return definitions.define(connection, operator_id, draft, NOW)


def refresh(log: Log, segment: Segment, as_of: datetime, *people: str) -> Change:
    customers = [log.customer(segment.operator_id, person) for person in people]
    with log.database.writing() as connection:
        return write_refresh(connection, Found(segment, as_of, customers), NOW)


def inside(log: Log, operator_id: str, segment_id: str = "vip", at: datetime | None = None) -> set[str]:
    people = {log.customer(operator_id, one): one for one in ("anna", "bernd", "clara", "dora")}
    with log.database.reading() as connection:
        return {people[one] for one in reading.members(connection, operator_id, segment_id, at)}


def told(log: Log, operator_id: str) -> list[dict[str, Any]]:
    """What was written to the outbox about segments, in order."""
    table = outbox.message.c
    query = select(table.data).where(table.operator_id == operator_id, table.type == "CustomerSegmentChanged")
    with log.database.reading() as connection:
        return [json.loads(one) for one in connection.execute(query.order_by(table.position)).scalars()]


def changes(log: Log, operator_id: str) -> list[tuple[str, str]]:
    return [(one["person_profile_id"], one["change"]) for one in told(log, operator_id)]


def rows_of(log: Log, operator_id: str, customer_ids: Collection[str]) -> int:
    """How many rows of whatever segment table name these customers."""
    with log.database.reading() as connection:
        return sum(
            len(
                connection.execute(
                    select(table).where(
                        table.c.operator_id == operator_id, table.c.customer_id.in_(customer_ids)
                    )
                ).all()
            )
            for table in (tables.segment_membership, tables.segment_list)
        )


def test_who_enters_and_leaves_is_kept_and_told(log: Log, operator_id: str):
    vip = define(log, operator_id)
    assert refresh(log, vip, MAY, "anna", "bernd") == Change("vip", 2, 2, 0, 2)
    assert refresh(log, vip, JUNE, "bernd", "clara") == Change("vip", 2, 1, 1, 2)
    assert inside(log, operator_id) == {"bernd", "clara"}
    assert inside(log, operator_id, at=MAY) == {"anna", "bernd"}, "from the moment of the refresh on"
    assert inside(log, operator_id, at=JUNE - timedelta(microseconds=1)) == {"anna", "bernd"}
    assert inside(log, operator_id, at=MAY - timedelta(microseconds=1)) == set()
    assert sorted(changes(log, operator_id)) == [
        ("anna", "entered"), ("anna", "left"), ("bernd", "entered"), ("clara", "entered"),
    ]  # fmt: skip
    assert {one["person_profile_id"]: one["contact_allowed"] for one in told(log, operator_id)} == {
        "anna": True, "bernd": False, "clara": True,
    }  # fmt: skip
    last = told(log, operator_id)[-1]
    assert last["as_of"] == "2026-06-01T00:00:00Z"
    assert (last["segment_id"], last["definition_version"]) == ("vip", "1")
    assert last["reason"]["evidence"]["rule"] == "total_bookings >= 3"


def test_the_same_refresh_again_changes_nothing(log: Log, operator_id: str):
    vip = define(log, operator_id)
    refresh(log, vip, MAY, "anna")
    before = changes(log, operator_id)
    assert refresh(log, vip, MAY, "anna") == Change("vip", 1, 0, 0, 0, is_new=False)
    assert refresh(log, vip, JUNE, "anna") == Change("vip", 1, 0, 0, 0)
    assert changes(log, operator_id) == before


def test_history_is_written_forward_only(log: Log, operator_id: str):
    vip = define(log, operator_id)
    refresh(log, vip, JUNE, "anna")
    with pytest.raises(OldMomentError, match="as of 2026-06-01 00:00 UTC already"):
        refresh(log, vip, MAY, "bernd")
    assert inside(log, operator_id) == {"anna"}


def test_somebody_without_a_profile_is_no_member(log: Log, operator_id: str):
    refresh(log, define(log, operator_id), MAY, "anna", "nobody")
    assert inside(log, operator_id) == {"anna"}


def test_definitions_have_versions_and_the_same_again_is_none(log: Log, operator_id: str):
    first = define(log, operator_id)
    assert define(log, operator_id) == first
    second = define(log, operator_id, rule="total_bookings >= 4")
    assert (first.version, second.version) == (1, 2)
    with pytest.raises(SegmentChangedError, match="changed meanwhile"):
        refresh(log, first, MAY, "anna")
    with pytest.raises(WrongUseError, match="is a rule, not a list"), log.database.writing() as connection:
        lists.define_list(connection, operator_id, "vip", ("A", "A"), ["c"], NOW)
    with pytest.raises(WrongUseError, match="use a-z, 0-9 and -"):
        define(log, operator_id, "Very Important")
    with pytest.raises(UnknownSegmentError, match="did you mean vip"), log.database.reading() as connection:
        definitions.get(connection, operator_id, "vips")


def test_a_new_definition_at_the_same_moment_corrects_that_moment(log: Log, operator_id: str):
    refresh(log, define(log, operator_id), MAY, "anna")
    refresh(log, define(log, operator_id), JUNE, "bernd")
    corrected = define(log, operator_id, rule="total_bookings >= 4")
    assert refresh(log, corrected, JUNE, "anna", "clara") == Change("vip", 2, 2, 1, 3)
    assert inside(log, operator_id, at=JUNE) == {"anna", "clara"}
    with log.database.reading() as connection:
        anna = reading.history(connection, operator_id, log.customer(operator_id, "anna"))
        bernd = reading.history(connection, operator_id, log.customer(operator_id, "bernd"))
    assert [(one.valid_from, one.valid_to) for one in anna] == [(MAY, None)], "as if she had never left"
    assert bernd == []
    assert sorted(changes(log, operator_id)[-3:]) == [
        ("anna", "entered"), ("bernd", "left"), ("clara", "entered"),
    ]  # fmt: skip


def test_an_archived_segment_is_left_by_all_and_comes_back_when_it_is_defined_again(
    log: Log, operator_id: str
):
    vip = define(log, operator_id)
    refresh(log, vip, MAY, "anna", "bernd")
    with log.database.writing() as connection:
        assert archive(connection, operator_id, "vip", NOW).left == 2
        assert not archive(connection, operator_id, "vip", NOW).is_new
        assert definitions.listing(connection, operator_id) == []
        assert len(definitions.listing(connection, operator_id, archived=True)) == 1
    assert inside(log, operator_id) == set()
    assert inside(log, operator_id, at=MAY) == {"anna", "bernd"}
    assert [one["reason"]["kind"] for one in told(log, operator_id)[-2:]] == ["archived", "archived"]
    again = define(log, operator_id)
    assert (again.version, again.is_active) == (2, True)
    refresh(log, again, NOW + timedelta(days=1), "anna")
    assert inside(log, operator_id) == {"anna"}


def test_a_deleted_segment_leaves_nothing(log: Log, operator_id: str):
    refresh(log, define(log, operator_id), MAY, "anna")
    with log.database.writing() as connection:
        definitions.remove(connection, operator_id, "vip")
        assert definitions.find(connection, operator_id, "vip") is None
        for table in tables.SEGMENT_TABLES:
            assert not connection.execute(select(table).where(table.c.operator_id == operator_id)).all(), (
                table.name
            )


# Merged and forgotten people


def test_who_was_merged_away_leaves_and_the_survivor_enters(log: Log, operator_id: str):
    vip = define(log, operator_id)
    refresh(log, vip, MAY, "anna")
    log.tell(operator_id, [BOOKS.merges("bernd", "anna", "2026-05-15")])
    assert inside(log, operator_id) == set(), "nobody is counted who is somebody else now"
    with log.database.reading() as connection:
        assert reading.segments_of(connection, operator_id, log.customer(operator_id, "anna")) == []
    refresh(log, vip, JUNE, "anna", "bernd")  # as a build of a moment before the merge would say
    assert inside(log, operator_id) == {"bernd"}
    assert sorted(changes(log, operator_id)[1:]) == [("anna", "left"), ("bernd", "entered")]
    assert "merged_into_another" in {one["reason"]["kind"] for one in told(log, operator_id)}
    with log.database.reading() as connection:
        (membership,) = reading.segments_of(connection, operator_id, log.customer(operator_id, "anna"))
        assert membership.name_in("de") == "vip de"


def test_a_list_follows_merges(log: Log, operator_id: str):
    anna, bernd = (log.customer(operator_id, one) for one in ("anna", "bernd"))
    with log.database.writing() as connection:
        lists.define_list(connection, operator_id, "fair", ("Messe", "Fair"), [anna], NOW)
    log.tell(operator_id, [BOOKS.merges("bernd", "anna", "2026-05-15")])
    with log.database.reading() as connection:
        assert lists.listed(connection, operator_id, "fair") == {bernd}


def test_ids_of_a_list_are_customers_or_people_and_the_others_are_named(log: Log, operator_id: str):
    anna = log.customer(operator_id, "anna")
    with log.database.reading() as connection:
        operator = find_operator(log.database, operator_id)
        named = lists.customers_named(connection, operator, [anna, "bernd", "c-gone", " ", "anna"])
    assert set(named.customers) == {anna, log.customer(operator_id, "bernd")}
    assert named.unknown == ("c-gone",)


def test_who_is_forgotten_is_in_no_segment_and_no_list(log: Log, operator_id: str):
    anna = log.customer(operator_id, "anna")
    vip = define(log, operator_id)
    refresh(log, vip, MAY, "anna", "bernd")
    with log.database.writing() as connection:
        lists.define_list(connection, operator_id, "fair", ("Messe", "Fair"), [anna], NOW)
    written = len(told(log, operator_id))
    other = log.told([BOOKS.knows("anna", "Anna", "Anders")])  # the same pseudonym at another operator
    refresh(log, define(log, other), MAY, "anna")
    log.tell(
        operator_id, [BOOKS.event("PersonErasureRequested", "2026-04-15", {"person_profile_id": "anna"})]
    )
    assert (rows_of(log, operator_id, [anna]), rows_of(log, other, [anna])) == (0, 1)
    refresh(log, vip, JUNE, "anna", "bernd")  # her facts still say that she matches
    assert inside(log, operator_id) == {"bernd"}
    assert inside(log, other) == {"anna"}
    assert len(told(log, operator_id)) == written
    with log.database.reading() as connection:
        assert [one.size for one in reading.sizes(connection, operator_id)] == [2, 1]


def test_operators_see_nothing_of_each_other(log: Log, operator_id: str):
    refresh(log, define(log, operator_id), MAY, "anna")
    other = log.told([BOOKS.knows("anna", "Anna", "Anders")])
    assert inside(log, other) == set()
    with log.database.reading() as connection:
        assert definitions.listing(connection, other) == []
        assert reading.members_by_segment(connection, other) == {}
        assert reading.segments_of(connection, other, log.customer(other, "anna")) == []


# Whom marketing reaches


def test_consent_and_channels_are_those_of_the_outbox_and_of_all_profiles_of_a_person(
    log: Log, operator_id: str
):
    consents = [
        BOOKS.event("ConsentGranted", "2026-02-01", {"person_profile_id": "bernd", "purpose": "marketing"}),
        BOOKS.event("ConsentRevoked", "2026-02-01", {"person_profile_id": "clara", "purpose": "marketing"}),
        BOOKS.event("ConsentGranted", "2026-03-01", {"person_profile_id": "clara", "purpose": "newsletter"}),
        BOOKS.merges("anna", "clara", "2026-03-01"),
    ]
    log.tell(operator_id, consents)
    people = {one: log.customer(operator_id, one) for one in ("anna", "bernd")}
    with log.database.reading() as connection:
        reach = reach_of(connection, operator_id, list(people.values()))
        for members in ([people["anna"], log.customer(operator_id, "clara")], [people["bernd"]]):
            expected = contact_allowed(connection, operator_id, members)
            assert reach[members[0]].contact_allowed == expected
    assert not reach[people["anna"]].contact_allowed, "Clara's no is newer than Anna's yes"
    assert reach[people["anna"]].channels == {"email", "letter"}
    reached = audience(list(people.values()), reach)
    assert (reached.customers, reached.contactable) == (2, 1)
    assert reached.by_channel == {"email": 0, "letter": 0, "phone": 1, "sms": 1, "whatsapp": 1}


# Who moved, and what overlaps


def test_transitions_and_overlaps(log: Log, operator_id: str):
    vip, new = define(log, operator_id), define(log, operator_id, "new")
    refresh(log, vip, MAY, "anna")
    refresh(log, new, MAY, "bernd", "clara")
    refresh(log, vip, JUNE, "anna", "bernd")
    refresh(log, new, JUNE, "anna", "clara")
    with log.database.reading() as connection:
        moved = reading.transitions(connection, operator_id, MAY, JUNE)
        only = reading.transitions(connection, operator_id, MAY, JULY, ["vip"])
        (shared,) = reading.overlaps(connection, operator_id)
        assert reading.overlaps(connection, operator_id, MAY) == []
        sizes = [one[0:1] + one[3:6] for one in reading.sizes(connection, operator_id)]
    assert sizes == [("new", 2, 2, 0), ("vip", 1, 1, 0), ("new", 2, 1, 1), ("vip", 2, 1, 0)]
    assert [tuple(one) for one in moved] == [
        ("new", "new", 1), ("new", "vip", 1), ("vip", "new", 1), ("vip", "vip", 1),
    ]  # fmt: skip
    assert [tuple(one) for one in only] == [("", "vip", 1), ("vip", "vip", 1)]
    assert (shared.one, shared.other, shared.both, round(shared.jaccard, 3)) == ("new", "vip", 1, 0.333)

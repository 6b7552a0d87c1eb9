"""Segments on the screen: couples are Anna and Bernd, regulars are Bernd and Clara."""

from datetime import datetime

import pytest

from activity_log.segments import definitions
from activity_log.segments.definitions import Draft, UnknownSegmentError
from activity_log.segments.membership import Found, write_refresh
from serving import segment_views
from serving.crm.records import SegmentOverview, SegmentPage
from serving.segment_views import SegmentViews, segment_page
from tests.activity_log.logs import Log
from tests.activity_log.stories import NOW, Books

BOOKS = Books()
MAY, JUNE = (datetime.fromisoformat(f"2026-{month}-01T00:00:00+00:00") for month in ("05", "06"))


def put(log: Log, operator_id: str, segment_id: str, as_of: datetime | None, *people: str) -> None:
    """Define a segment and let it have these members; without a moment it is not refreshed."""
    with log.database.writing() as connection:
        draft = Draft(segment_id, "rule", f"{segment_id} de", f"{segment_id} en", "total_bookings >= 3")
        segment = definitions.define(connection, operator_id, draft, NOW)
        if as_of:
            ids = [log.customer(operator_id, person) for person in people]
            write_refresh(connection, Found(segment, as_of, ids), NOW)


@pytest.fixture
def operator_id(log: Log) -> str:
    operator_id = log.told(
        [
            BOOKS.knows("anna", "Anna", "Zander", phone="0421 1"),
            BOOKS.knows("bernd", "Bernd", "Brandt", postcode="28195"),
            BOOKS.knows("clara", "Clara", "Brandt"),
        ]
    )
    put(log, operator_id, "couples", MAY, "clara")
    put(log, operator_id, "couples", JUNE, "anna", "bernd")
    put(log, operator_id, "regulars", JUNE, "bernd", "clara")
    put(log, operator_id, "fresh", None)
    return operator_id


def overview(log: Log, operator_id: str, views: SegmentViews | None = None) -> SegmentOverview:
    with log.database.reading() as connection:
        return (views or SegmentViews()).overview(connection, operator_id, "de")


def page(log: Log, operator_id: str, segment_id: str, number: int = 1) -> SegmentPage:
    with log.database.reading() as connection:
        return segment_page(connection, operator_id, segment_id, "en", number)


def test_sizes_are_of_the_latest_refresh_with_who_came_and_went(log: Log, operator_id: str):
    lines = overview(log, operator_id).segments
    assert [(one.name, one.size, one.entered, one.left, one.as_of) for one in lines] == [
        ("couples de", 2, 2, 1, JUNE),
        ("regulars de", 2, 2, 0, JUNE),
        ("fresh de", 0, 0, 0, None),
    ]


def test_overlaps_are_counted_once_after_each_refresh(
    log: Log, operator_id: str, monkeypatch: pytest.MonkeyPatch
):
    counted: list[str] = []
    count = segment_views.overlaps
    monkeypatch.setattr(
        segment_views, "overlaps", lambda *asked, **only: counted.append("once") or count(*asked, **only)
    )
    views = SegmentViews()
    for _ in range(2):
        (pair,) = overview(log, operator_id, views).overlaps
        assert (pair.one.segment_id, pair.other.segment_id, pair.both) == ("couples", "regulars", 1)
    assert counted == ["once"]
    put(log, operator_id, "fresh", JUNE, "anna")
    assert len(overview(log, operator_id, views).overlaps) == 2
    assert counted == ["once", "once"]


def test_members_by_family_name_page_by_page(log: Log, operator_id: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(segment_views, "MEMBERS_PER_PAGE", 1)
    first = page(log, operator_id, "couples")
    assert [(one.name, one.postcode, one.since) for one in first.members] == [("Bernd Brandt", "28195", JUNE)]
    assert (first.page, first.pages, first.members_in_all, first.segment.name) == (1, 2, 2, "couples en")
    assert [one.name for one in page(log, operator_id, "couples", 2).members] == ["Anna Zander"]
    assert page(log, operator_id, "couples", 99).page == 2
    assert page(log, operator_id, "couples", 0).page == 1


def test_a_rule_is_told_in_words(log: Log, operator_id: str):
    assert page(log, operator_id, "fresh").rule == "bookings: at least 3"
    assert page(log, operator_id, "fresh").members == []


def test_who_was_merged_away_since_is_no_member(log: Log, operator_id: str):
    log.tell(operator_id, [BOOKS.merges("clara", "bernd", "2026-05-20")])
    assert [one.name for one in page(log, operator_id, "regulars").members] == ["Clara Brandt"]


def test_a_segment_nobody_defined(log: Log, operator_id: str):
    with pytest.raises(UnknownSegmentError, match="no segment 'made-up'"):
        page(log, operator_id, "made-up")

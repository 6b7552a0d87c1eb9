"""What pages make of what they are given: years and seasons, the form of the timeline, overlaps as shares, plots."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from activity_log.errors import WrongUseError
from activity_log.read_models.event_groups import EVENT_GROUPS
from serving.crm.charts import bookings_drawing, spend_drawing
from serving.crm.overlaps import SHADES, Shared, shared_members
from serving.crm.pages import TEXTS
from serving.crm.records import BookingRecord, SegmentLine, SegmentOverlap, SegmentOverview
from serving.crm.seasons import SeasonNames, TravelYear, TravelYears, travel_years
from serving.crm.timeline_form import TimelineForm, timeline_form

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NAMES = SeasonNames("Winter", "Frühling", "Sommer", "Herbst")


def booking(departs_on, amount="100", state="travelled", *, own=True, currency="EUR"):
    return BookingRecord(
        "b", "Nordsee", departs_on, 5, NOW, state, Decimal(amount), currency, own, None, None, (), 2
    )  # fmt: skip


def test_years_count_by_season_without_gaps():
    told = travel_years(
        [
            booking(date(2026, 7, 1), "300"),
            booking(date(2024, 12, 24), "50"),
            booking(date(2024, 2, 1), "60"),
            booking(date(2024, 5, 1), "70", own=False),
            booking(date(2023, 5, 1), state="cancelled"),
        ]
    )
    assert told == TravelYears(
        (
            TravelYear(2024, (2, 1, 0, 0), Decimal(110)),
            TravelYear(2025, (0, 0, 0, 0), Decimal(0)),
            TravelYear(2026, (0, 0, 1, 0), Decimal(300)),
        ),
        "EUR",
    )


def test_who_only_travels_along_spends_nothing_and_who_never_did_has_no_years():
    assert travel_years([booking(date(2026, 7, 1), own=False)]).currency is None
    assert travel_years([booking(date(2026, 7, 1), state="cancelled")]) == TravelYears((), None)


def test_only_one_currency_is_added_up_and_only_twelve_years_are_shown():
    years = [booking(date(year, 7, 1), "10") for year in range(2000, 2027)]
    told = travel_years([*years, booking(date(2026, 7, 1), "999", currency="CHF")])
    assert [one.year for one in told.years] == list(range(2015, 2027))
    assert (told.currency, told.years[-1].spend, told.years[-1].bookings) == (
        "EUR",
        Decimal(10),
        (0, 0, 2, 0),
    )


@given(st.lists(st.builds(booking, st.dates(date(2020, 1, 1), date(2030, 12, 31)), own=st.booleans())))
def test_no_booking_and_no_money_is_lost(bookings):
    told = travel_years(bookings)
    assert sum(sum(one.bookings) for one in told.years) == len(bookings)
    assert sum(one.spend for one in told.years) == sum(one.amount for one in bookings if one.is_own)


def test_days_of_the_form_are_whole_days_at_the_office():
    form = timeline_form(QueryParams("group=messages&from=2026-05-01&until=2026-05-31"))
    only = form.only()
    assert only.types == EVENT_GROUPS["messages"]
    assert only.since == datetime(2026, 4, 30, 22, tzinfo=UTC)  # midnight in Berlin, by summer time
    assert only.until == datetime(2026, 5, 31, 22, tzinfo=UTC)
    assert form.query == "group=messages&from=2026-05-01&until=2026-05-31"


def test_an_empty_form_narrows_nothing():
    form = timeline_form(QueryParams("group=&from=&until="))
    assert form == TimelineForm()
    assert not form.is_filled
    assert (form.only().types, form.only().since, form.only().until, form.query) == (None, None, None, "")


@pytest.mark.parametrize("query", ["group=x", "from=yesterday", "until=2026-13-01"])
def test_what_no_form_sends_is_refused(query):
    with pytest.raises(WrongUseError):
        timeline_form(QueryParams(query))


@pytest.mark.parametrize("query", ["from=0001-01-01", "until=9999-12-31"])
def test_days_beyond_the_calendar_are_refused(query):
    with pytest.raises(WrongUseError, match="that far away"):
        timeline_form(QueryParams(query)).only()


def test_every_group_of_events_has_a_name_and_every_purpose_too():
    from serving.consents import PURPOSES

    for texts in TEXTS.values():
        assert texts.timeline_groups.keys() == EVENT_GROUPS.keys()
        assert texts.consent_purposes.keys() == set(PURPOSES)


def line(segment_id, size):
    return SegmentLine(segment_id, segment_id, "rule", size, 0, 0, NOW)


def test_shares_are_of_the_row():
    early, couples, empty = line("early", 10), line("couples", 40), line("empty", 0)
    shared = shared_members(SegmentOverview([couples, early, empty], [SegmentOverlap(couples, early, 10)]))
    assert [one.segment_id for one in shared.segments] == ["couples", "early"]
    assert shared.rows == [[None, Shared(10, 0.25)], [Shared(10, 1.0), None]]
    assert [Shared(0, 0.0).shade, Shared(1, 0.01).shade, Shared(10, 1.0).shade] == [0, 1, SHADES]


def test_plots_are_drawn_in_the_colours_of_the_page_and_break_no_rule_of_it():
    years = TravelYears((TravelYear(2025, (1, 2, 0, 0), Decimal("1234.50")),), "EUR")
    for svg in (bookings_drawing(years, NAMES, "de"), spend_drawing(years, "de")):
        assert svg.startswith("<svg")
        assert " style=" not in svg  # the security policy of the pages forbids it
        assert "<style" not in svg
        assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg)) <= {
            "none", "transparent", "var(--winter)", "var(--spring)", "var(--summer)", "var(--autumn)", "var(--card)",
            "var(--ink)", "var(--line)", "var(--brand)",
        }  # fmt: skip


def test_bookings_are_counted_in_whole_numbers():
    few = TravelYears((TravelYear(2025, (0, 1, 0, 0), Decimal(0)),), "EUR")
    many = TravelYears((TravelYear(2025, (10, 1, 2, 0), Decimal(0)),), "EUR")
    ticks = r'text-anchor="end"[^>]*>([^<]*)<'
    assert re.findall(ticks, bookings_drawing(few, NAMES, "de")) == ["0", "1"]
    assert re.findall(ticks, bookings_drawing(many, NAMES, "de")) == ["0", "3", "6", "9", "12"]


def test_amounts_are_drawn_as_the_language_writes_them():
    years = TravelYears((TravelYear(2025, (1, 0, 0, 0), Decimal(5000)),), "EUR")
    assert ">5.000<" in spend_drawing(years, "de")
    assert ">5,000<" in spend_drawing(years, "en")

"""A state, once packed, tells at any later moment what a build of that moment tells, if nothing happened since."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_repo.groups import GROUPS
from feature_repo.reading import Reading, StateLayoutError
from feature_repo.state import pack
from tests.feature_repo.stories import Logged, LogOf, Row, Story, engine, utc
from tests.feature_repo.test_always import DAY, FEW, PEOPLE, T, past, told

FEATURES = {feature.name: feature for group in GROUPS for feature in group.features}
IN_A_VECTOR = [
    name for name, one in FEATURES.items() if one.dtype in ("int64", "float64", "bool", "timestamp")
]
SECOND = timedelta(seconds=1)
YEAR = 365 * DAY
LATER = (
    timedelta(0), timedelta(microseconds=999_999), SECOND, DAY, 364 * DAY, YEAR - SECOND, YEAR, YEAR + SECOND,
    400 * DAY, 3 * YEAR,
)  # fmt: skip
MARCH = utc("2024-03-01")

reading = Reading(tuple(FEATURES))


def packed_at(logged: Logged, moment: datetime) -> dict[str, bytes]:
    """The packed states of everybody by customer_id."""
    states = engine().states(logged.facts(engine().connection), moment)
    return dict(zip(states["customer_id"].to_pylist(), pack(states).to_pylist(), strict=True))


def same(read: Row, built: Row) -> None:
    """Counts, dates, texts and lists to the bit, sums and means to nine digits."""
    for name, feature in FEATURES.items():
        if feature.dtype == "float64" and built[name] is not None:
            assert read[name] == pytest.approx(built[name], rel=1e-9, abs=1e-9), name
        elif feature.dtype == "timestamp" and built[name] is not None:
            assert read[name] == built[name].astimezone(UTC), name
        else:
            assert (type(read[name]), read[name]) == (type(built[name]), built[name]), name


def as_number(value: Any) -> float:
    if value is None:
        return math.nan
    return value.timestamp() if isinstance(value, datetime) else float(value)


def compared(logged: Logged, kept_at: datetime, moments: list[datetime]) -> None:
    """Read the states of `kept_at` at each of the moments, and build then."""
    states = packed_at(logged, kept_at)
    for (customer, moment), built in logged.at(*moments).rows.items():
        read = reading.row(states[customer], moment)
        assert tuple(read) == tuple(FEATURES)
        same(read, built)


@FEW
@given(past=past, data=st.data())
def test_what_is_read_later_is_what_is_built_later(log_of: LogOf, past: Any, data: st.DataObject):
    edges = [when + days * DAY for _, when in past for days in (90, 365, 730) if when + days * DAY >= T]
    edge = data.draw(st.sampled_from(edges or [T]))
    near = [moment for moment in (edge - SECOND, edge, edge + SECOND) if moment >= T]
    compared(log_of(told(past)), T, [*near, *(T + later for later in LATER)])


@FEW
@given(past=past, later=st.sampled_from(LATER), names=st.permutations(IN_A_VECTOR), some=st.integers(1, 60))
def test_a_vector_holds_the_numbers_of_the_row_in_the_order_asked_for(
    log_of: LogOf, past: Any, later: timedelta, names: list[str], some: int
):
    asked = Reading(names[:some])
    for packed in packed_at(log_of(told(past)), T).values():
        vector, row = asked.vector(packed, T + later), reading.row(packed, T + later)
        assert vector.shape == (some,)
        expected = [as_number(row[name]) for name in names[:some]]
        assert vector.tolist() == pytest.approx(expected, rel=1e-15, nan_ok=True)
        assert asked.row(packed, T + later) == {name: row[name] for name in names[:some]}


def test_of_somebody_who_did_nothing_all_is_none_or_zero_for_ever(log_of: LogOf):
    story = Story()
    story.knows(*PEOPLE)
    compared(log_of(story), T, [T, T + 3 * YEAR])


def busy() -> Story:
    """Anna books 500 times on 250 days, now paid in francs, now to where umlauts are needed."""
    story = Story()
    story.knows("anna", postcode="23552")
    story.publishes("öland-24", "Überlingen „Süd“")
    for number in range(500):
        day = utc("2022-05-15T09:30:15.25") + 3 * DAY * (number // 2)
        story.books(
            "anna",
            day,
            (day + 100 * DAY).date().isoformat(),
            tour="öland-24" if number % 3 else "größe-24",
            amount=f"{100 + number}.{number % 100:02d}",
            currency="CHF" if number % 5 else "EUR",
        )
    return story


def test_somebody_with_five_hundred_bookings_and_umlauts_is_read_as_built(log_of: LogOf):
    logged = log_of(busy())
    moments = [T, T + 10 * DAY, T + YEAR - timedelta(hours=14.5), T + 2 * YEAR]
    compared(logged, T, moments)
    row = reading.row(packed_at(logged, T)[logged.operator.pseudonym("anna")], T)
    assert (row["total_bookings"], row["bookings_90d"], row["booking_days"]) == (500, 60, 250)
    assert row["family_ids"] == ["größe-24", "Überlingen „Süd“"]
    assert row["upcoming_departure_ids"][-1] == "öland-24@2024-09-08"


@pytest.fixture
def annas(log_of: LogOf) -> bytes:
    """Anna booked on the first of January for the tenth of May, and was seen on the first of March."""
    story = Story()
    story.knows("anna")
    story.books("anna", "2024-01-01", "2024-05-10", amount="80.00")
    logged = log_of(story)
    return packed_at(logged, MARCH)[logged.operator.pseudonym("anna")]


@pytest.mark.parametrize(
    ("now", "days", "of_a_quarter", "ahead", "months"),
    [
        ("2024-03-01T00:00:00", 59 + 14 / 24, 1, ["nordsee-24@2024-05-10"], 2),
        ("2024-03-31T10:00:00", 90, 1, ["nordsee-24@2024-05-10"], 2),
        ("2024-03-31T10:00:01", 90 + 1 / 86_400, 0, ["nordsee-24@2024-05-10"], 2),
        ("2024-05-10T23:59:59", 130 + 13 / 24 + 3_599 / 86_400, 0, ["nordsee-24@2024-05-10"], 4),
        ("2024-05-11T00:00:00", 130 + 14 / 24, 0, None, 4),
        ("2025-01-01T10:00:00", 366, 0, None, 0),
    ],
)
def test_time_passes_though_nothing_is_written(
    annas: bytes, now: str, days: float, of_a_quarter: int, ahead: list[str] | None, months: int
):
    row = reading.row(annas, utc(now))
    assert row["days_since_last_booking"] == pytest.approx(days)
    assert (row["bookings_90d"], row["revenue_90d"]) == (of_a_quarter, 80.0 * of_a_quarter)
    assert row["upcoming_departure_ids"] == ahead
    assert row["upcoming_trips"] == (0 if ahead is None else 1)
    assert row["months_from_usual"] == months
    assert (row["lifetime_revenue"], row["last_booking_at"]) == (80.0, utc("2024-01-01T10:00:00"))


def test_the_moment_of_reading_may_come_from_any_zone(annas: bytes):
    berlin = datetime.fromisoformat("2024-04-01T01:30:00+02:00")  # still March in UTC
    assert reading.row(annas, berlin) == reading.row(annas, berlin.astimezone(UTC))
    assert reading.row(annas, berlin)["months_from_usual"] == 2


def test_a_state_of_other_definitions_is_refused_with_the_remedy(annas: bytes):
    for foreign in (bytes(8) + annas[8:], annas[:7] + bytes([annas[7] ^ 1]) + annas[8:]):
        for read in (reading.row, reading.vector):
            with pytest.raises(StateLayoutError, match="busflow features build"):
                read(foreign, MARCH)


def test_a_feature_that_nobody_defines_is_named():
    with pytest.raises(LookupError, match="'shoe_size'"):
        Reading(["total_bookings", "shoe_size"])

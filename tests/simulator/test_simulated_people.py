"""What is planted in people can be found again in what they do."""

from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise

import pytest


def test_partners_are_booked_together_far_above_popularity(world):
    """Lift of a pair: how much oftener friends of one family book the other than anybody does."""
    booked = {person: set(families) for person, families in world.families_of.items()}
    popularity = Counter(family for families in booked.values() for family in families)
    for left, right in world.simulation.truth.partners:
        friends = [families for families in booked.values() if left in families]
        lifts = {
            family: sum(family in families for families in friends) / len(friends) / (count / len(booked))
            for family, count in popularity.items()
            if family != left
        }
        assert max(lifts, key=lambda family: lifts[family]) == right
        assert lifts[right] > 2


def test_people_mostly_book_what_they_like(world):
    taste = {p.person_profile_id: p.taste for p in world.simulation.truth.people}
    weights = [taste[p][f] for p, families in world.families_of.items() for f in families]
    assert sum(weights) / len(weights) > 0.3


def test_repeaters_repeat_and_the_others_never_if_they_can(world):
    propensity = {p.person_profile_id: p.repeat_propensity for p in world.simulation.truth.people}
    again: dict[bool, list[bool]] = defaultdict(list)
    for person, families in world.families_of.items():
        if propensity[person] == 0 or propensity[person] > 0.8:
            again[propensity[person] > 0.8] += [a == b for a, b in pairwise(families)]
    assert sum(again[True]) / len(again[True]) > 0.75
    assert sum(again[False]) / len(again[False]) < 0.05


def test_messages_on_the_preferred_channel_are_read_much_more_often(world):
    preferred = {p.person_profile_id: p.preferred_channel for p in world.simulation.truth.people}
    read = {e["data"]["message_id"] for e in world.of("MessageRead")}
    rate: dict[bool, list[bool]] = defaultdict(list)
    for event in world.of("MessageDelivered"):
        data = event["data"]
        if "campaign_id" in data and data.get("person_profile_id") in preferred:
            own = preferred[data["person_profile_id"]] == data["channel"]
            rate[own].append(data["message_id"] in read)
    assert sum(rate[True]) / len(rate[True]) > 2.5 * sum(rate[False]) / len(rate[False])


def test_campaigns_only_reach_people_who_consented(world):
    consenting: set[str] = set()
    for event in world.of("ConsentGranted", "ConsentRevoked", "MessageDelivered"):
        data = event["data"]
        if event["type"] == "ConsentGranted":
            consenting.add(data["person_profile_id"])
        elif event["type"] == "ConsentRevoked":
            consenting.discard(data["person_profile_id"])
        elif "campaign_id" in data and "person_profile_id" in data:
            assert data["person_profile_id"] in consenting


def test_once_a_year_is_normal(world):
    """Among people who booked in 2023 and in 2025, one booking in 2024 is the commonest."""
    counts = [
        sum(day.year == 2024 for day in days)
        for days in world.booked_on.values()
        if {2023, 2025} <= {day.year for day in days}
    ]
    assert Counter(counts).most_common(1)[0][0] == 1


def test_groups_travel_with_one_booker_and_many_never_book(world):
    sizes = Counter(len(e["data"]["travellers"]) for e in world.of("BookingConfirmed"))
    assert sizes[1] > 0
    assert sizes[2] == max(sizes.values())
    assert any(size >= 4 for size in sizes)
    assert max(sizes) <= 8
    travel = {t["person_profile_id"] for e in world.of("BookingConfirmed") for t in e["data"]["travellers"]}
    assert len(travel - {None} - set(world.booked_on)) > 50


@pytest.fixture(scope="module")
def quarters():
    return [date(year, month, 1) for year in (2024, 2025) for month in (1, 4, 7, 10)][:5]


def test_the_true_chance_is_calibrated(world, quarters):
    rows = world.judged(quarters)
    for low, high in ((0.0, 0.1), (0.1, 0.25), (0.25, 0.5), (0.9, 1.01)):
        part = [(chance, none) for chance, _, none in rows if low <= chance < high]
        expected, observed = (sum(column) / len(part) for column in zip(*part, strict=True))
        assert observed == pytest.approx(expected, abs=0.07)


def test_drifting_away_has_reasons_that_recency_does_not_see(world, quarters, auc):
    """The planted target: true chance 0.85-0.92 or a little above, days since the last booking 0.70-0.78."""
    chances, recency, none = zip(*world.judged(quarters), strict=True)
    assert 0.86 < auc(chances, none) < 0.94
    assert 0.62 < auc(recency, none) < 0.78
    assert auc(chances, none) > auc(recency, none) + 0.12


def test_a_bad_trip_is_followed_by_leaving(world):
    """Who rated a trip 1 or 2 in 2023 or 2024 books the year after far less often than who rated it 4 or 5."""
    stays: dict[bool, list[bool]] = defaultdict(list)
    for event in world.of("ConversationResolved"):
        data, day = event["data"], date.fromisoformat(event["time"][:10])
        rating = data.get("satisfaction")
        if rating is None or rating == 3 or day.year not in (2023, 2024):
            continue
        days = world.booked_on[world.person(data["person_profile_id"])]
        stays[rating > 3].append(any(60 < (other - day).days <= 425 for other in days))
    assert sum(stays[False]) / len(stays[False]) < sum(stays[True]) / len(stays[True]) - 0.2


def test_who_left_books_no_more(world):
    """But for those few who come back, whose leaving the truth forgets."""
    for person in world.simulation.truth.people:
        if person.lapsed_on is not None:
            assert all(day <= person.lapsed_on for day in world.booked_on.get(person.person_profile_id, []))


def test_companions_who_never_book_have_a_certain_chance_of_none(world):
    never = {p.person_profile_id for p in world.simulation.truth.people if not p.books}
    assert never
    assert all(
        row.p_no_booking_365d == 1 for row in world.simulation.truth.hazards if row.person_profile_id in never
    )
    assert not never & set(world.booked_on)

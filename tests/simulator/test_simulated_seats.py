"""Seats are never sold twice, and what a departure says of itself is what was booked."""

from datetime import date


def test_no_departure_is_ever_oversold(world):
    assert world.departures
    assert all(0 <= d.least <= d.state["seats_total"] for d in world.departures.values())


def test_every_update_tells_the_seats_that_bookings_leave(world):
    told = [update for d in world.departures.values() for update in d.updates]
    assert len(told) > 500
    assert [(time, left) for time, left, _ in told] == [(time, counted) for time, _, counted in told]


def test_the_last_state_is_the_true_state(world):
    assert all(d.state["seats_left"] == d.counted for d in world.departures.values())


def test_at_the_end_many_departures_have_seats_and_a_few_are_sold_out(world):
    future = [d.state for d in world.departures.values() if d.state["departs_on"] >= "2026-01-01"]
    sold_out = [state for state in future if state["seats_left"] == 0]
    assert len(future) >= 20
    assert 1 <= len(sold_out) <= len(future) / 2


def test_departures_go_on_for_at_most_ten_months(world):
    last = max(date.fromisoformat(d.state["departs_on"]) for d in world.departures.values())
    assert date(2026, 6, 1) < last <= date(2026, 10, 31)


def test_people_book_one_to_nine_months_ahead_while_seats_are_on_sale(world):
    leads = [
        (date.fromisoformat(e["data"]["departure_date"]) - date.fromisoformat(e["time"][:10])).days
        for e in world.of("BookingConfirmed")
    ]
    assert min(leads) >= 20
    assert max(leads) <= 290


def test_people_board_only_where_the_coach_stops(world):
    for event in world.of("BookingConfirmed"):
        stops = world.departures[event["data"]["departure_id"]].state["boarding_point_ids"]
        assert all(t["boarding_point_id"] in stops for t in event["data"]["travellers"])


def test_who_cancelled_does_not_board(world):
    cancelled = {e["data"]["booking_id"] for e in world.of("BookingCancelled")}
    boarded = {e["data"]["booking_id"] for e in world.of("BoardingEventCreated")}
    assert cancelled
    assert boarded
    assert not cancelled & boarded


def test_each_season_has_its_own_tours_in_season(world):
    nordsee = sorted(tour for tour, family in world.family_of.items() if family == "nordsee")
    assert "nordsee-2025" in nordsee
    assert "nordsee-2026" in nordsee
    christmas = [
        d.state["departs_on"][5:7]
        for d in world.departures.values()
        if world.family_of[d.state["tour_id"]] == "weihnachtsmaerkte"
    ]
    assert set(christmas) == {"11", "12"}

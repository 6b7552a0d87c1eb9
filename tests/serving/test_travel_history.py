"""What a customer is taken to like, and which departure is offered, from bookings told as a story."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from activity_log.catalogue import Departure, Tour
from activity_log.contracts.fields import LocalizedText
from activity_log.database import open_database
from activity_log.gate import Gate
from activity_log.ingestion import ingest
from activity_log.operators import register_operator
from activity_log.travels import Trip
from activity_log.vault import Vault
from serving.departure_choice import best_offer
from serving.offers import Offer
from serving.travel_history import Habits, TravelHistory, travel_histories

NOW = datetime(2027, 5, 1, tzinfo=UTC)


def trip(number, tour, departs):
    return Trip(f"b{number}", tour, departs)


def tour(tour_id, nights=5, price="600"):
    return Tour(tour_id, tour_id[:3], LocalizedText(de=tour_id), "x", "y", nights, Decimal(price), "EUR")


def families_of(tours):
    return tuple(one[:3] for one in tours)


THREE_TRIPS = TravelHistory(
    (
        trip(1, "nord26", date(2026, 5, 1)),
        trip(2, "nord27", date(2027, 5, 1)),
        trip(3, "rom27", date(2027, 9, 1)),
    )
)
"""Anna booked the North Sea twice, and then Rome."""


def test_the_history_keeps_the_order():
    history = THREE_TRIPS.history(families_of, ("har",))
    assert dict(zip(history.families, history.counts, strict=True)) == {"nor": 2, "rom": 1}
    assert (history.latest, history.again, history.moves) == ("rom", 1, 2)
    assert history.viewed == ("har",)


def test_who_never_booked_has_no_order():
    history = TravelHistory().history(families_of, ())
    assert (history.families, history.latest, history.again, history.moves) == ((), None, 0, 0)


def test_habits_are_the_middle_of_the_tours_taken():
    tours = {
        "nord26": tour("nord26", 5, "500"),
        "nord27": tour("nord27", 5, "540"),
        "rom27": tour("rom27", 8, "900"),
    }
    assert THREE_TRIPS.habits(tours, 5) == Habits(5, 540.0, 5)
    assert THREE_TRIPS.habits({}, 5) == Habits(5)


def test_days_of_trips_ahead_are_taken():
    assert THREE_TRIPS.taken({"rom27": tour("rom27", 8)}, date(2027, 5, 2)) == [
        (date(2027, 9, 1), date(2027, 9, 9))
    ]


def offer(departs, price="600", nights=5):
    sold = Departure(
        f"d-{departs}-{price}", "t", departs, frozenset(["hamburg"]), 40, 5, Decimal(price), "EUR"
    )
    return Offer(tour("t", nights, price), sold)


MAY, JUNE, DECEMBER = date(2027, 5, 20), date(2027, 6, 20), date(2027, 12, 5)


@pytest.mark.parametrize(
    ("habits", "chosen"),
    [
        (Habits(), offer(MAY)),
        (Habits(month=6), offer(JUNE)),
        (Habits(month=1), offer(DECEMBER)),
        (Habits(month=7), offer(JUNE)),
    ],
)
def test_the_usual_month_is_met_else_the_soonest_leaves(habits, chosen):
    assert best_offer([offer(DECEMBER), offer(JUNE), offer(MAY)], habits) == chosen


def test_the_usual_price_and_length_decide_within_the_month():
    cheap, dear = offer(MAY, "300"), offer(MAY, "900")
    assert best_offer([dear, cheap], Habits(5, 320.0)) == cheap
    assert best_offer([cheap, dear], Habits(5, 800.0)) == dear
    short, long = offer(MAY, nights=3), offer(MAY, nights=9)
    assert best_offer([long, short], Habits(5, 600.0, 3)) == short
    assert best_offer([short, long], Habits(5, 600.0, 8)) == long


def test_the_party_is_what_companions_took_without_the_customer(tmp_path):
    """Anna and Bernd were at the North Sea; Bernd went to Rome alone, and cancelled Prague."""
    database = open_database(f"sqlite:///{tmp_path}/log.db", Vault(bytes(32)))
    operator = register_operator(database, "o", now=NOW)
    events = [profile("anna"), profile("bernd")]
    events += [booked("b1", "anna", "nordsee", "anna", "bernd"), booked("b2", "bernd", "rom", "bernd")]
    events += [booked("b3", "bernd", "prag", "bernd"), cancelled("b3", "bernd")]
    receipt = ingest(database, [Gate({"o"}, NOW).admit_document(event) for event in events], NOW)
    assert receipt.accepted == len(events)
    with database.reading() as connection:
        anna, bernd = operator.pseudonym("anna"), operator.pseudonym("bernd")
        of_anna = travel_histories(connection, "o", [anna], with_party=True)(anna)
        of_bernd = travel_histories(connection, "o", [bernd], with_party=True)(bernd)
        alone = travel_histories(connection, "o", [anna], with_party=False)(anna)
        of_all = travel_histories(connection, "o", None, with_party=True)
        assert (of_all(anna), of_all(bernd)) == (of_anna, of_bernd)
    database.close()
    assert ([one.tour_id for one in of_anna.trips], of_anna.party) == (["nordsee"], ["rom"])
    assert ([one.tour_id for one in of_bernd.trips], of_bernd.party) == (["nordsee", "rom"], [])
    assert list(alone.party) == []


def event(number, source, kind, day, **data):
    return {
        "id": number,
        "source": source,
        "type": kind,
        "time": f"{day}T10:00:00Z",
        "operatorid": "o",
        "data": data,
    }


def profile(person):
    names = {"given_name": person, "family_name": "Test", "locale": "de", "marketing_consent": True}
    return event(
        f"p-{person}", "backoffice", "PersonProfileUpdated", "2026-01-01", person_profile_id=person, **names
    )


def booked(booking, who, tour_id, *travellers):
    return event(
        booking, "commerce", "BookingConfirmed", f"2026-02-0{booking[1]}", booking_id=booking, booker_profile_id=who,
        tour_id=tour_id, departure_id="d", departure_date="2027-06-01", total_amount="1.00", currency="EUR",
        sales_channel="web", travellers=[{"person_profile_id": one} for one in travellers],
    )  # fmt: skip


def cancelled(booking, who):
    about = {"booking_id": booking, "booker_profile_id": who, "refund_amount": "0"}
    return event(f"c-{booking}", "commerce", "BookingCancelled", "2026-03-01", **about)

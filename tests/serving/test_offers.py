"""What can be booked: a small catalogue, read as a customer of Hamburg would on the first of May 2027."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from activity_log.catalogue import Departure, Tour
from activity_log.contracts.fields import LocalizedText
from activity_log.database import open_database
from activity_log.gate import Gate
from activity_log.ingestion import ingest
from activity_log.operators import register_operator
from activity_log.vault import Vault
from serving.offers import Offers, Programme, Shelf, Wish
from serving.requests import Filters

TODAY = date(2027, 5, 1)
NOW = datetime(2027, 5, 1, 12, tzinfo=UTC)


def departure(departs_on=date(2027, 5, 20), seats_left=5, stops=("hamburg", "bremen")):
    price = Decimal("349.00")
    return Departure("d", "t", departs_on, frozenset(stops), 40, seats_left, price, "EUR")


@pytest.mark.parametrize(
    ("offered", "stop", "bookable"),
    [
        (departure(), None, True),
        (departure(), "hamburg", True),
        (departure(seats_left=1), "bremen", True),
        (departure(seats_left=0), None, False),
        (departure(departs_on=date(2027, 5, 2)), None, True),
        (departure(departs_on=TODAY), None, False),
        (departure(departs_on=date(2027, 4, 30)), None, False),
        (departure(), "münchen", False),
        (departure(stops=()), None, False),
        (departure(stops=()), "hamburg", False),
    ],
)
def test_is_bookable(offered, stop, bookable):
    known = Tour("t", "f", LocalizedText(de="t"), "r", "m", 3, Decimal(1), "EUR")
    shelf = Shelf(Programme({"t": known}), [offered], TODAY)
    assert bool(shelf.offers(Wish(TODAY, boarding_point=stop))) is bookable


def tour(tour_id, family, region, theme, nights):
    return {
        "id": f"tour-{tour_id}", "source": "commerce", "type": "TourPublished", "time": "2027-01-01T00:00:00Z",
        "operatorid": "nordlicht",
        "data": {"tour_id": tour_id, "family_id": family, "name": {"de": family}, "region": region, "theme": theme,
                 "nights": nights, "price_from": "100.00"},
    }  # fmt: skip


def scheduled(departure_id, tour_id, departs_on, price, seats_left=9, event="s"):
    return {
        "id": f"{event}-{departure_id}", "source": "commerce", "type": "DepartureScheduled",
        "time": "2027-01-02T00:00:00Z", "operatorid": "nordlicht",
        "data": {"departure_id": departure_id, "tour_id": tour_id, "departs_on": departs_on, "seats_total": 40,
                 "seats_left": seats_left, "price": price, "boarding_point_ids": ["hamburg"]},
    }  # fmt: skip


CATALOGUE = [
    tour("föhr-2027", "nordsee", "Nordsee", "meer", 5),
    tour("mainau-2027", "bodensee", "Bodensee", "garten", 3),
    tour("lübeck-2027", "advent", "Ostsee", "markt", 0),
    scheduled("föhr-may", "föhr-2027", "2027-05-20", "649.00"),
    scheduled("föhr-june", "föhr-2027", "2027-06-20", "699.00"),
    scheduled("föhr-past", "föhr-2027", "2027-04-20", "599.00"),
    scheduled("föhr-full", "föhr-2027", "2027-07-20", "599.00", seats_left=0),
    scheduled("mainau-june", "mainau-2027", "2027-06-24", "399.00"),
    scheduled("lübeck-advent", "lübeck-2027", "2027-12-05", "59.00"),
    scheduled("of-no-tour", "never-published", "2027-06-01", "10.00"),
]


class Shop:
    def __init__(self, home, *, undated=False):
        self.database = open_database(f"sqlite:///{home / 'log.db'}", Vault(bytes(32)))
        operator = register_operator(self.database, "nordlicht", undated=undated, now=NOW)
        self.offers = Offers(self.database, operator)
        self.take_in(*CATALOGUE)

    def shelf(self):
        self.offers.look(TODAY)
        return self.offers.shelf(TODAY)

    def take_in(self, *documents):
        gate = Gate({"nordlicht"}, NOW)
        receipt = ingest(self.database, [gate.admit_document(document) for document in documents], NOW)
        assert receipt.accepted == len(documents), receipt

    def offered(self, taken=(), **filters):
        wish = Wish(TODAY, taken=taken, filters=Filters(**filters))
        return {
            offer.departure.departure_id for offers in self.shelf().offers(wish).values() for offer in offers
        }


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    yield shop
    shop.database.close()


EVERYTHING = {"föhr-may", "föhr-june", "mainau-june", "lübeck-advent"}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, EVERYTHING),
        ({"regions": ["Nordsee"]}, {"föhr-may", "föhr-june"}),
        ({"regions": ["Nordsee", "Ostsee"]}, {"föhr-may", "föhr-june", "lübeck-advent"}),
        ({"themes": ["garten"]}, {"mainau-june"}),
        ({"families": ["advent"]}, {"lübeck-advent"}),
        ({"most_nights": 0}, {"lübeck-advent"}),
        ({"most_nights": 3}, {"lübeck-advent", "mainau-june"}),
        ({"highest_price": "649.00"}, EVERYTHING - {"föhr-june"}),
        ({"highest_price": "648.99"}, {"mainau-june", "lübeck-advent"}),
        ({"departs_from": "2027-06-20"}, EVERYTHING - {"föhr-may"}),
        ({"departs_until": "2027-06-20"}, {"föhr-may", "föhr-june"}),
        ({"departs_from": "2027-06-21", "departs_until": "2027-06-30"}, {"mainau-june"}),
        ({"regions": ["Nordsee"], "themes": ["garten"]}, set()),
        ({"regions": ["Atlantis"]}, set()),
    ],
)
def test_filters(shop, filters, expected):
    assert shop.offered(**filters) == expected


@pytest.mark.parametrize(
    ("first", "last", "missing"),
    [
        (date(2027, 5, 25), date(2027, 5, 26), {"föhr-may"}),  # Föhr lasts from the 20th to the 25th
        (date(2027, 5, 26), date(2027, 5, 30), set()),
        (date(2027, 5, 10), date(2027, 5, 20), {"föhr-may"}),
        (date(2027, 5, 10), date(2027, 5, 19), set()),
        (date(2027, 6, 25), date(2027, 6, 25), {"mainau-june", "föhr-june"}),
        (date(2027, 12, 5), date(2027, 12, 5), {"lübeck-advent"}),
    ],
)
def test_nobody_can_be_on_two_trips_at_once(shop, first, last, missing):
    assert EVERYTHING - shop.offered(taken=[(first, last)]) == missing


def test_a_change_of_the_catalogue_counts_at_once(shop):
    assert "föhr-may" in shop.offered()
    shop.take_in(
        {**scheduled("föhr-may", "föhr-2027", "2027-05-20", "649.00", 0, "u"), "time": "2027-02-01T00:00:00Z"}
    )
    assert "föhr-may" not in shop.offered()


def test_what_changed_is_read_as_all_would_be(shop):
    """The shelf of before keeps the offers that nothing was told of; the new one is as if read anew."""
    before = shop.shelf()
    shop.take_in(
        tour("sylt-2027", "nordsee", "Nordsee", "meer", 4),
        scheduled("sylt-may", "sylt-2027", "2027-05-22", "749.00"),
        {
            **scheduled("föhr-june", "föhr-2027", "2027-06-20", "599.00", 3, "u"),
            "time": "2027-02-01T00:00:00Z",
        },
    )
    after = shop.shelf()
    shop.offers.forget()
    anew = shop.shelf()
    assert after.departures == anew.departures
    assert after.programme.tours == anew.programme.tours
    assert after.offers(Wish(TODAY)) == anew.offers(Wish(TODAY))
    shop.take_in(
        {**scheduled("föhr-may", "föhr-2027", "2027-05-20", "649.00", 1, "u"), "time": "2027-02-01T00:00:00Z"}
    )
    last = shop.shelf()
    (mainau,), (mainau_before,) = last.bookable["bodensee"], anew.bookable["bodensee"]
    assert mainau is mainau_before
    assert before.bookable["bodensee"] == [mainau]


def test_an_undated_operator_sells_all_its_items(tmp_path):
    shop = Shop(tmp_path, undated=True)
    offers = shop.shelf().offers(Wish(TODAY, boarding_point="anywhere"))
    assert {offer.tour.tour_id for found in offers.values() for offer in found} == {
        "föhr-2027",
        "mainau-2027",
        "lübeck-2027",
    }
    assert all(offer.departure is None for found in offers.values() for offer in found)
    shop.database.close()


def test_families_of_unknown_tours_are_the_tours_themselves(shop):
    assert shop.shelf().programme.families_of(["föhr-2027", "85123A"]) == ("nordsee", "85123A")

"""The whole chain on a small simulated operator: what was planted comes back out, and every word of it is true."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from activity_log import reading
from activity_log.catalogue import catalogue
from feature_repo.services import CHURN, INSIGHT, RECOMMENDER, SERVICES
from feature_repo.store import open_features
from serving.answers import Answers
from serving.replies import RecommendedTour
from serving.visitor import Visitor
from simulator.truth import PersonTruth
from tests.conftest import SimulatedOperator
from tests.integration.counted import Counted

OPERATOR = "nordlicht"
Planted = Mapping[str, PersonTruth]


def test_everything_sent_is_accounted_for(trained: SimulatedOperator):
    receipt = trained.receipt
    lines = (trained.settings.home / "events.jsonl").read_bytes().splitlines()
    assert receipt.quarantined == 0
    assert receipt.accepted + receipt.duplicates + receipt.discarded == len(lines)
    assert min(receipt.accepted, receipt.duplicates, receipt.discarded) > 0


def test_who_has_a_clear_taste_is_offered_it_first(
    answers: Answers, planted: Planted, trained: SimulatedOperator
):
    """The first of twelve families is the favourite or its partner: by chance for one in six, here for most."""
    clear = [
        (customer_id, person)
        for customer_id, person in planted.items()
        if person.books and person.taste[person.favourite_family] > 0.4
    ][:150]
    hits = 0
    for customer_id, person in clear:
        wanted = {person.favourite_family, trained.truth.partner_of(person.favourite_family)}
        (first, *_) = answers.recommend(OPERATOR, Visitor(customer_id), "de", n=1).items
        hits += first.family_id in wanted
    assert len(clear) >= 100
    assert hits / len(clear) > 0.6


@pytest.fixture(scope="module")
def tours(trained: SimulatedOperator) -> dict[str, str]:
    """A tour of each family."""
    with trained.database.reading() as connection:
        return {tour.family_id: tour.tour_id for tour in catalogue(connection, OPERATOR).tours.values()}


def test_also_booked_names_the_planted_partner_among_the_first_two(
    answers: Answers, tours: dict[str, str], trained: SimulatedOperator
):
    offered = {
        family: [item.family_id for item in answers.also_booked(OPERATOR, tours[family], 2, "de").items]
        for pair in trained.truth.partners
        for family in pair
    }
    assert "ostsee" in offered["nordsee"]
    found = [trained.truth.partner_of(family) in families for family, families in offered.items()]
    assert sum(found) >= len(found) - 2, "a partner may be out of season"


def test_nothing_that_cannot_be_booked_is_suggested(
    answers: Answers, regulars: list[str], counted: Counted, trained: SimulatedOperator
):
    """Not sold out, not past, with a stop of theirs, and not while they are on another trip."""
    with trained.database.reading() as connection:
        sold = catalogue(connection, OPERATOR)
    departures = {departure.departure_id: departure for departure in sold.departures}
    stops = {
        row.customer_id: row.features["preferred_boarding_point"]
        for row in _served(trained, regulars, INSIGHT)
    }
    suggested = 0
    for customer_id in regulars:
        trips = counted.bookings_of(customer_id)
        away = [_days(trip.departure_date, sold.tours[trip.tour_id].nights) for trip in trips]
        for item in answers.recommend(OPERATOR, Visitor(customer_id), "de", n=12).items:
            departure = departures[item.departure_id]
            assert departure.seats_left == item.seats_left > 0
            assert departure.departs_on == item.departs_on > trained.now.date()
            assert stops[customer_id] in departure.boarding_point_ids
            assert not any(_days(departure.departs_on, item.nights) & days for days in away)
            suggested += 1
    assert suggested > 300


def _days(departs: date, nights: int) -> set[date]:
    return {departs + timedelta(days=night) for night in range(nights + 1)}


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_number_of_every_reason_is_what_the_log_says(
    answers: Answers, regulars: list[str], counted: Counted, tours: dict[str, str], language: str
):
    kinds = set()
    newcomer, viewer = Visitor(), Visitor(viewed_tours=[tours["nordsee"]])
    for visitor in (newcomer, viewer, *map(Visitor, regulars)):
        for item in answers.recommend(OPERATOR, visitor, language, n=12).items:
            _check(item, counted, visitor.customer_id)
            kinds.add(item.reason.kind)
    for item in answers.also_booked(OPERATOR, tours["nordsee"], 12, language).items:
        _check(item, counted, None)
    usual = {"own_history", "also_booked", "season_popularity", "viewed"}
    assert usual <= kinds <= usual | {"attributes"}


def _check(item: RecommendedTour, counted: Counted, customer_id: str | None) -> None:
    told = dict(item.reason.evidence)
    assert told.pop("family") == item.family_id
    because, month = told.pop("because_of", None), told.pop("month", None)
    own = counted.trips.get(customer_id, {})
    match item.reason.kind:
        case "own_history":
            assert told == {"times": len(own[item.family_id])}
        case "also_booked":
            assert customer_id is None or because in own
            both = counted.customers_of(because, item.family_id)
            assert told == {"customers_both": both, "customers": counted.customers_of(because)}
        case "season_popularity":
            assert told == {"customers": counted.customers_of(item.family_id, month=month)}
        case "viewed":
            both = {} if because == item.family_id else {"customers_both", "customers"}
            assert told.keys() == set(both)
            if both:
                assert told["customers_both"] == counted.customers_of(because, item.family_id)
                assert told["customers"] == counted.customers_of(because)
        case "attributes":
            assert because in own
            assert told
            for name, value in told.items():
                for family in (item.family_id, because):
                    assert value in {getattr(tour, name) for tour in counted.tours[family]}
        case kind:
            pytest.fail(f"an unknown kind of reason: {kind}")
    said = {int(number) for number in re.findall(r"\d+", item.reason.text)}
    assert said <= {value for value in told.values() if isinstance(value, int)}, item.reason.text


def test_churn_risk_follows_the_planted_hazard_closer_than_recency_does(
    answers: Answers, planted: Planted, trained: SimulatedOperator
):
    newest = max(row.as_of for row in trained.truth.hazards)
    hazard = {
        trained.operator.pseudonym(row.person_profile_id): row.p_no_booking_365d
        for row in trained.truth.hazards
        if row.as_of == newest
    }
    risks = answers.churn_risk(OPERATOR, sorted(planted.keys() & hazard.keys()), "de")
    told = {risk.customer_id: risk.probability for risk in risks if risk.probability is not None}
    assert len(told) > 300
    assert all(0 < probability < 1 for probability in told.values())
    rows = _served(trained, list(told), CHURN)
    true = [hazard[row.customer_id] for row in rows]
    ours = spearmanr([told[row.customer_id] for row in rows], true).statistic
    recency = spearmanr([row.features["days_since_last_booking"] for row in rows], true).statistic
    assert ours > 0.6
    assert ours > recency


def _served(trained: SimulatedOperator, customers: list[str], service: str) -> list:
    return open_features(trained.settings).online(service, OPERATOR, customers, trained.now)


@pytest.mark.parametrize("service", [CHURN, RECOMMENDER, INSIGHT])
def test_served_features_are_the_training_features_of_the_moment_for_everybody(
    trained: SimulatedOperator, service: str
):
    with trained.database.reading() as connection:
        customers = reading.all_customers(connection, OPERATOR)
    keys = {"operator_id": OPERATOR, "customer_id": customers, "event_timestamp": pd.Timestamp(trained.now)}
    learned = open_features(trained.settings).training_set(pd.DataFrame(keys), service)
    assert len(customers) > 500
    served = _served(trained, customers, service)
    assert {row.as_of for row in served} == {trained.now}
    for name in (name.split(":")[1] for name in SERVICES[service][0]):
        assert [row.features[name] for row in served] == [_plain(value) for value in learned[name]], name


def _plain(value: Any) -> Any:
    """A pandas cell as the Python value it stands for."""
    if isinstance(value, list | np.ndarray):
        return list(value)
    return None if pd.isna(value) else value

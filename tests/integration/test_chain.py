"""The whole chain on a small simulated operator: what was planted comes back out, and nothing else gets out."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from activity_log import reading
from activity_log.catalogue import catalogue
from activity_log.contracts.commerce import BookingConfirmed
from activity_log.facts.export import FactFiles
from activity_log.ledger import read
from feature_repo.services import CHURN
from feature_repo.store import open_features
from models.registry import ModelRegistry
from serving.answers import open_answers
from serving.recommending import Visitor

OPERATOR = "nordlicht"


@pytest.fixture(scope="module")
def answers(trained):
    return open_answers(trained.settings, clock=lambda: trained.now)


@pytest.fixture(scope="module")
def people(trained):
    """Planted persons by customer_id."""
    return {trained.operator.pseudonym(person.person_profile_id): person for person in trained.truth.people}


@pytest.fixture(scope="module")
def regulars(trained, people):
    """The 60 planted customers with the most bookings."""
    with trained.database.reading() as connection:
        booked = Counter(
            trained.operator.pseudonym(event.payload.booker_profile_id)
            for events in read(connection, OPERATOR, types=[BookingConfirmed.__name__])
            for event in events
        )
    return [customer_id for customer_id, _ in booked.most_common(80) if customer_id in people][:60]


def test_everything_sent_is_accounted_for(trained):
    receipt = trained.receipt
    lines = (trained.settings.home / "events.jsonl").read_bytes().splitlines()
    assert receipt.quarantined == ()
    assert receipt.accepted + receipt.duplicates + receipt.discarded == len(lines)
    assert min(receipt.accepted, receipt.duplicates, receipt.discarded) > 0


def test_a_customers_planted_taste_tops_the_suggestions(answers, people, regulars, trained):
    hits = 0
    for customer_id in regulars:
        person = people[customer_id]
        wanted = {person.favourite_family, trained.truth.partner_of(person.favourite_family)}
        items = answers.recommend(OPERATOR, Visitor(customer_id), "de", n=3).items
        hits += any(item.family_id in wanted for item in items)
    families = len({family for pair in trained.truth.partners for family in pair})
    by_chance = 1 - (1 - 2 / families) * (1 - 2 / (families - 1)) * (1 - 2 / (families - 2))
    assert hits / len(regulars) > by_chance + 0.2


def test_also_booked_names_the_planted_partner(answers, trained):
    tours = answers._tenant(OPERATOR).recommending.offers.current().tours.values()
    tour = next(tour for tour in tours if tour.family_id == "nordsee")
    ranked = ModelRegistry(trained.settings)
    from models.recommender import Recommender

    families = [
        found.family
        for found in ranked.load(OPERATOR, "recommender", Recommender.load).model.also_booked("nordsee")
    ]
    assert trained.truth.partner_of("nordsee") in families[:2]
    answer = answers.also_booked(OPERATOR, tour.tour_id, 5, "de")
    shown = [item.family_id for item in answer.items]
    assert shown == [family for family in families if family in shown]


def test_nothing_that_cannot_be_booked_is_suggested(answers, regulars, trained):
    with trained.database.reading() as connection:
        departures = {d.departure_id: d for d in catalogue(connection, OPERATOR).departures}
    for customer_id in [None, *regulars]:
        for item in answers.recommend(OPERATOR, Visitor(customer_id), "de", n=12).items:
            departure = departures[item.departure_id]
            assert departure.seats_left > 0
            assert departure.departs_on > trained.now.date()
            assert departure.boarding_point_ids


def test_own_history_reasons_are_true_in_the_log(answers, regulars, trained):
    with trained.database.reading() as connection:
        for customer_id in regulars[:15]:
            from activity_log.booked import booked_trips

            tours = catalogue(connection, OPERATOR).tours
            times = Counter(
                tours[trip.tour_id].family_id for trip in booked_trips(connection, OPERATOR, customer_id)
            )
            for item in answers.recommend(OPERATOR, Visitor(customer_id), "en", n=12).items:
                if item.reason.kind == "own_history":
                    assert item.reason.evidence["times"] == times[item.family_id]


def test_churn_beats_the_recency_rule_on_a_year_it_had_not_seen(trained):
    registry = ModelRegistry(trained.settings)
    figures = registry.metrics(OPERATOR, "churn", registry.version(OPERATOR, "churn", "champion"))
    assert figures["test_auc"] > figures["recency_rule_auc"]
    assert figures["test_brier"] < figures["recency_rule_brier"]


def test_churn_risk_follows_the_planted_hazard(answers, people, trained):
    newest = max(row.as_of for row in trained.truth.hazards)
    planted = {
        trained.operator.pseudonym(row.person_profile_id): row.p_no_booking_365d
        for row in trained.truth.hazards
        if row.as_of == newest
    }
    known = [customer_id for customer_id in planted if customer_id in people][:400]
    risks = [risk for risk in answers.churn_risk(OPERATOR, known, "de") if risk.probability is not None]
    told = np.array([risk.probability for risk in risks])
    truth = np.array([planted[risk.customer_id] for risk in risks])
    assert len(risks) > 100
    assert np.corrcoef(told, truth)[0, 1] > 0.4


def test_served_features_equal_training_features_of_the_same_moment(trained):
    import pandas as pd

    features = open_features(trained.settings)
    with trained.database.reading() as connection:
        customers = reading.all_customers(connection, OPERATOR)[:200]
    examples = pd.DataFrame(
        {"operator_id": OPERATOR, "customer_id": customers, "event_timestamp": pd.Timestamp(trained.now)}
    )
    trained_on = features.training_set(examples, CHURN)
    for place, row in enumerate(features.online(CHURN, OPERATOR, customers)):
        for name, served in row.features.items():
            learned = trained_on[name].iloc[place]
            assert (served is None and pd.isna(learned)) or served == learned, (row.customer_id, name)


def test_a_booking_of_the_future_changes_no_training_row(trained):
    from training.churn import ChurnSpec
    from training.sessions import churn_examples
    from training.workbench import Workbench

    bench = Workbench.open(trained.settings, trained.database, OPERATOR)
    early = trained.now - timedelta(days=400)
    spec = ChurnSpec(horizon_days=180, step_days=365)
    before = churn_examples(bench, early, spec)
    seen = bench.facts.bookings.filter(bench.facts.bookings.recorded_at < early)
    assert (
        bench.frame(seen.count().as_table()).iloc[0, 0]
        < bench.frame(bench.facts.bookings.count().as_table()).iloc[0, 0]
    )
    assert (before["event_timestamp"] + spec.horizon <= early).all()


def test_no_name_address_or_phone_leaves_the_one_place(trained):
    profiles = trained.settings.home / "log.db"
    with trained.database.reading() as connection:
        people = [
            reading.find_profile(connection, OPERATOR, customer_id)
            for customer_id in reading.all_customers(connection, OPERATOR)[:50]
        ]
    secrets = {text.encode() for p in people for text in (p.email, p.phone, p.person_profile_id) if text}
    own = {profiles, profiles.with_name("log.db-wal"), profiles.with_name("log.db-shm")}
    inputs = {trained.settings.home / "events.jsonl", trained.settings.home / "truth.json"}
    files = [path for path in trained.settings.home.rglob("*") if path.is_file() and path not in own | inputs]
    assert FactFiles(trained.settings.facts_dir, OPERATOR).level > 0
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path

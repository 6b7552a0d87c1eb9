"""Answers without HTTP, on the trained Nordlicht at the end of its simulated world (1 November 2026)."""

import asyncio
import json
import time
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest

from activity_log.database import open_log
from activity_log.errors import NoModelError, UnknownOperatorError
from activity_log.reading import all_customers, find_profile
from feature_repo.store import open_features
from models.registry import ModelRegistry
from serving.answers import AT_ONCE, Answers
from serving.lookups import NotReadyError
from serving.problems import status_of
from serving.requests import Feedback, Filters
from serving.visitor import Visitor
from serving.whole_customer import TOUCHPOINTS


class NoModels:
    """A registry in which nothing was ever promoted."""

    def version(self, operator_id, task, alias):
        return None


@pytest.fixture(scope="module")
def world(installation, trained):
    database, features = open_log(installation), open_features(installation)
    yield SimpleNamespace(
        database=database,
        features=features,
        registry=ModelRegistry(installation),
        trained=Answers(database, features, ModelRegistry(installation), lambda: trained.now),
        untrained=Answers(database, features, NoModels(), lambda: trained.now),
        now=trained.now,
    )
    database.close()


def test_without_a_model_what_is_popular_is_shown_and_it_says_so(world):
    answer = world.untrained.recommend("nordlicht", Visitor(), "de", n=5)
    assert (answer.basis, answer.model) == ("season_popularity", None)
    assert "noch kein Empfehlungsmodell" in answer.basis_note
    assert len(answer.items) == 5
    assert all(item.departs_on > world.now.date() for item in answer.items)
    scores = [item.score for item in answer.items]
    assert scores == sorted(scores, reverse=True)
    assert {item.reason.kind for item in answer.items} == {"season_popularity"}
    english = world.untrained.recommend("nordlicht", Visitor(), "en", n=5)
    assert english.basis_note != answer.basis_note


def test_without_a_model_nothing_else_is_pretended(world, regular):
    with pytest.raises(NoModelError, match="train and promote one"):
        world.untrained.churn_risk("nordlicht", [regular], "de")
    with pytest.raises(NoModelError, match="no live recommender"):
        world.untrained.also_booked("nordlicht", "x", 5, "de")
    insight = world.untrained.customer_insight("nordlicht", regular, "de", with_person=True)
    assert insight.churn_risk is None
    assert insight.engagement.churn_risk is None
    assert insight.recommendations.basis == "season_popularity"


def test_fewer_than_asked_for_means_there_are_no_more(world, regular):
    everything = world.trained.recommend("nordlicht", Visitor(regular), "de", n=50).items
    assert 5 < len(everything) < 50
    families = [item.family_id for item in everything]
    assert len(set(families)) == len(families)
    assert [item.position for item in everything] == list(range(1, len(everything) + 1))
    scores = [item.score for item in everything]
    assert scores == sorted(scores, reverse=True)
    nothing = world.trained.recommend("nordlicht", Visitor(regular), "de", Filters(highest_price=0), n=5)
    assert nothing.items == []


def test_a_filter_narrows_before_it_is_counted(world, regular):
    everything = world.trained.recommend("nordlicht", Visitor(regular), "de", n=50).items
    region = Counter(item.region for item in everything).most_common()[-1][0]
    only = world.trained.recommend("nordlicht", Visitor(regular), "de", Filters(regions=[region]), n=3).items
    assert only
    assert {item.region for item in only} == {region}


def test_what_somebody_looks_at_counts(world):
    tour_id = world.trained.recommend("nordlicht", Visitor(), "de", n=9).items[-1].tour_id
    answer = world.trained.recommend("nordlicht", Visitor(viewed_tours=(tour_id,)), "de", n=9)
    assert answer.basis == "also_booked"
    assert any(item.reason.kind == "viewed" for item in answer.items)


def test_only_what_leaves_from_the_visitors_stop(world):
    assert world.trained.recommend("nordlicht", Visitor(boarding_point="Timbuktu"), "de").items == []


def test_who_was_merged_answers_as_the_survivor(world, installation):
    from .conftest import regular_customers

    survivor, merged = regular_customers(installation)[5:7]
    with world.database.reading() as connection:
        ids = [find_profile(connection, "nordlicht", who).person_profile_id for who in (survivor, merged)]
    before = len(world.trained.customer_timeline("nordlicht", survivor, "de", None).entries)
    event = {
        "id": "merged-1", "source": "backoffice", "type": "PersonProfilesMerged", "operatorid": "nordlicht",
        "time": (world.now - timedelta(hours=1)).isoformat(), "data": {"surviving_id": ids[0], "merged_id": ids[1]},
    }  # fmt: skip
    assert world.trained.post_events("nordlicht", json.dumps(event).encode()).accepted == 1

    insight = world.trained.customer_insight("nordlicht", merged, "de", with_person=True)
    own = world.trained.customer_insight("nordlicht", survivor, "de", with_person=True)
    assert insight.customer_id == survivor
    assert insight.person == own.person
    assert insight.recommendations.customer_id == survivor
    assert [entry.event_id for entry in insight.timeline] == [entry.event_id for entry in own.timeline]
    assert "merged-1" in {entry.event_id for entry in insight.timeline}
    assert len(insight.timeline) >= min(before, TOUCHPOINTS)
    assert [risk.customer_id for risk in world.trained.churn_risk("nordlicht", [merged, survivor], "de")] == [
        survivor
    ]


def test_an_operator_nobody_registered_writes_nothing(world):
    feedback = Feedback(recommendation_id="r", kind="shown", tour_id="t", position=1)
    with pytest.raises(UnknownOperatorError):
        world.trained.give_feedback("ghost", feedback)
    with pytest.raises(UnknownOperatorError):
        world.trained.post_events("ghost", [])


def test_of_an_operator_not_met_while_the_log_is_away_is_said_that_it_will_be_there_soon(world, monkeypatch):
    answers = Answers(world.database, world.features, world.registry, lambda: world.now)

    def away(*_):
        raise ConnectionError("postgresql://user:secret@host")

    monkeypatch.setattr("serving.answers.find_operator", away)
    with pytest.raises(NotReadyError, match="'nordlicht' cannot be read at the moment: try again") as error:
        asyncio.run(answers.recommend_soon("nordlicht", Visitor(), "de"))
    assert "secret" not in str(error.value)
    assert status_of(error.value) == 503
    monkeypatch.undo()
    assert asyncio.run(answers.recommend_soon("nordlicht", Visitor(), "de")).items


def test_without_reasons_the_last_scoring_will_do_until_something_happens(world, regular, another):
    answers = Answers(
        world.database, world.features, world.registry, lambda: world.now + timedelta(minutes=1)
    )
    tenant = answers._tenant("nordlicht")
    with world.database.reading() as connection:
        everybody = all_customers(connection, "nordlicht")
    by_risk = answers.churn_risk("nordlicht", everybody, "de", reasons=False)
    stranger = next(risk for risk in by_risk if risk.band == "unknown")
    fresh = answers.churn_risk("nordlicht", [regular, another], "de", reasons=False)
    tenant.slipping.refresh(world.now)
    assert tenant.slipping.score(stranger.customer_id, tenant._models.churn("nordlicht"), world.now)
    assert answers.churn_risk("nordlicht", [stranger.customer_id], "de", reasons=False) == [stranger]
    kept = answers.churn_risk("nordlicht", [regular, another], "de", reasons=False)
    assert [risk.as_of for risk in kept] == [world.now] * 2
    for one, other in zip(kept, fresh, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-3)
        assert (one.customer_id, one.band) == (other.customer_id, other.band)
        assert one.rebooking_window == other.rebooking_window
    tenant.slipping.happened([regular], world.now)
    again = answers.churn_risk("nordlicht", [regular, another], "de", reasons=False)
    assert again[0].as_of == fresh[0].as_of
    assert again[1].as_of == world.now


def test_a_few_customers_at_hand_are_scored_without_a_thread(world, regular, another, monkeypatch):
    answers = Answers(world.database, world.features, world.registry, lambda: world.now)
    answers.follow(["nordlicht"])
    alone = asyncio.run(answers.churn_risk_soon("nordlicht", [regular], "de"))
    guests = answers._tenant("nordlicht").guests
    deadline = time.monotonic() + 30
    while not all(map(guests.has_features, (regular, another))):
        assert time.monotonic() < deadline
        time.sleep(0.05)

    async def refuse(*_):
        raise AssertionError("a thread was asked for")

    monkeypatch.setattr("serving.answers.anyio.to_thread.run_sync", refuse)
    few = asyncio.run(answers.churn_risk_soon("nordlicht", [regular, another], "de"))
    assert few[0] == alone[0]
    assert [risk.customer_id for risk in few] == [regular, another]
    for others in ([regular] * (AT_ONCE + 1), [regular, "nobody at hand"]):
        with pytest.raises(AssertionError, match="a thread was asked for"):
            asyncio.run(answers.churn_risk_soon("nordlicht", others, "de"))

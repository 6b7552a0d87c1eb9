"""From a widget's list over what was seen and clicked to an estimate of what another recommender had earned.

Visitors of Nordlicht are shown lists whose last place is drawn in half of all cases, and click what the recommender
ranked best of the places left, hardly ever anything else. A recommender that always shows that must be found better.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from activity_log.contracts.own import RecommendationClicked, RecommendationShown
from activity_log.database import Database, open_log
from activity_log.ledger import read
from activity_log.reading import all_customers, find_profile
from activity_log.settings import load_settings
from feature_repo.store import open_features
from models.recommender.exploring import chances
from models.registry import CHAMPION, ModelRegistry
from serving.answers import Answers
from serving.feedback import FeedbackRefusedError
from serving.requests import Feedback
from serving.tickets import Tickets
from serving.visitor import Visitor
from tests.conftest import SimulatedOperator
from training.off_policy.attribution import ATTRIBUTION_WINDOW
from training.off_policy.policy import NoTrafficError, evaluate_policy
from training.workbench import Workbench

LISTS, SHARE, N = 360, 0.5, 3
KEEN, IDLE = 0.5, 0.05


@dataclass
class Site:
    """A copy of the trained Nordlicht with a clock of its own, and what was logged on it."""

    home: Path
    database: Database
    now: datetime
    answers: Answers = field(init=False)

    def __post_init__(self) -> None:
        settings = load_settings(home=self.home)
        self.answers = Answers(
            self.database,
            open_features(settings),
            ModelRegistry(settings),
            lambda: self.now,
            tickets=Tickets.open(settings.keys_dir),
            explore={"nordlicht": SHARE},
        )

    @property
    def bench(self) -> Workbench:
        return Workbench.open(load_settings(home=self.home), self.database, "nordlicht")

    def show(self, customer: str) -> tuple[str, str]:
        """Show a list and tell of its last place; return the id and the tour that stood there."""
        listed = self.answers.recommend("nordlicht", Visitor(customer), "de", n=N, explore=True)
        last = listed.items[-1]
        self.tell(listed.recommendation_id, "shown", last.tour_id)
        return listed.recommendation_id, last.tour_id

    def tell(self, recommendation_id: str, kind: str, tour_id: str, position: int = N) -> None:
        feedback = {"recommendation_id": recommendation_id, "kind": kind, "tour_id": tour_id}
        self.answers.give_feedback("nordlicht", Feedback.model_validate(feedback | {"position": position}))

    def logged(self) -> list[RecommendationShown]:
        with self.database.reading() as connection:
            events = [event for chunk in read(connection, "nordlicht") for event in chunk]
        return [
            one.payload
            for one in events
            if isinstance(one.payload, RecommendationShown) and one.payload.model
        ]


@pytest.fixture(scope="module")
def site(trained: SimulatedOperator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = shutil.copytree(trained.settings.home, tmp_path_factory.mktemp("feedback") / "home")
    database = open_log(load_settings(home=home))
    yield Site(home, database, trained.now + timedelta(hours=1))
    database.close()


@pytest.fixture(scope="module")
def told(site: Site) -> Site:
    """Customers come by, one after another, and click."""
    generator = np.random.default_rng(7)
    with site.database.reading() as connection:
        customers = all_customers(connection, "nordlicht")[:LISTS]
    for customer in customers:
        site.now += timedelta(minutes=5)
        written, tour = site.show(customer)
        ticket = site.answers._tickets.read("nordlicht", written)
        keen = bool(ticket.alternatives) and ticket.drawn == 0
        if generator.random() < (KEEN if keen else IDLE):
            site.now += timedelta(seconds=20)
            site.tell(written, "clicked", tour)
    return site


def test_the_log_knows_who_saw_what_from_whom_and_how_likely_it_was(told: Site):
    shown = [one for one in told.logged() if not isinstance(one, RecommendationClicked)]
    assert len(shown) == LISTS
    version = ModelRegistry(load_settings(home=told.home)).version("nordlicht", "recommender", CHAMPION)
    assert {one.model for one in shown} == {f"nordlicht.recommender/{version}"}
    with told.database.reading() as connection:
        seen = all_customers(connection, "nordlicht")[:LISTS]
        people = {find_profile(connection, "nordlicht", one).person_profile_id for one in seen}
    assert {one.person_profile_id for one in shown} == people
    drawn = [one for one in shown if one.alternatives]
    assert len(drawn) > 0.9 * LISTS
    assert all(one.propensity < 1 for one in drawn)
    best = [chances(len(one.alternatives), SHARE)[0] for one in drawn]
    assert np.mean([one.propensity > SHARE for one in drawn]) == pytest.approx(np.mean(best), abs=0.1)


def test_until_the_window_is_over_nothing_is_claimed(told: Site):
    with pytest.raises(NoTrafficError, match="the 30 days are not over"):
        evaluate_policy(told.bench, told.now, alias=CHAMPION)


def test_who_shows_what_is_clicked_is_better(told: Site):
    found = evaluate_policy(told.bench, told.now + ATTRIBUTION_WINDOW, alias=CHAMPION)
    assert found.agreed > 0.9  # it is asked with what was known then, and answers as it did then
    clicks = found.judged["clicks"]
    assert clicks.overlap.refusal is None
    assert clicks.overlap.mean_weight == pytest.approx(1.0, abs=0.15)
    assert clicks.verdict == "better"
    for name, one in clicks.estimates.items():
        if name != "logging_policy":
            assert one.value == pytest.approx(KEEN, abs=0.1), name
    assert found.judged["bookings"].verdict == "too little overlap"  # nobody booked
    assert found.as_dict()["bookings"]["estimates"] == {}


def test_what_was_shown_before_the_challenger_had_learned_does_not_count(told: Site):
    later = told.now + timedelta(seconds=1)
    with pytest.raises(NoTrafficError, match=r"all \d+ drawn suggestions were shown before"):
        evaluate_policy(told.bench, later + ATTRIBUTION_WINDOW, since=later, alias=CHAMPION)


def test_a_forged_tour_is_refused_and_a_strangers_id_counts_for_no_model(told: Site):
    written, _ = told.show(_anybody(told))
    with pytest.raises(FeedbackRefusedError, match="tour_id: another tour"):
        told.tell(written, "clicked", "a tour nobody sold")
    before = len(told.logged())
    told.tell("some-other-id", "shown", "whatever")
    assert len(told.logged()) == before


def _anybody(site: Site) -> str:
    with site.database.reading() as connection:
        return str(all_customers(connection, "nordlicht")[0])

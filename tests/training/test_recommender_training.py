"""From events to a trained recommender: what it may see, what it chooses, what it says of itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import altair
import ibis
import pytest

from activity_log.database import open_database
from activity_log.errors import NotEnoughDataError
from activity_log.facts.export import FactFiles
from activity_log.gate import Gate
from activity_log.ingestion import ingest
from activity_log.operators import register_operator
from activity_log.vault import Vault
from feature_repo.sources import connect_duckdb, open_facts
from models.recommender import ALSSettings, Context, GraphFilterSettings, History
from models.recommender.recommender import Mixing
from training.recommender.interactions import (
    as_bookings,
    booked_from,
    customer_ids,
    interactions,
    published,
)
from training.recommender.plots import recall_plot
from training.recommender.spec import RecommenderSpec
from training.recommender.train import train_recommender

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ANNA_TRAVELS = ("anna", "bernd")


class Log:
    """A log of one operator that is told events and opened as facts."""

    def __init__(self, home):
        self.home = home
        self.events = []
        for person in ("anna", "bernd", "carla"):
            names = {"given_name": person.title(), "family_name": "Test", "locale": "de"}
            profile = {"person_profile_id": person, "marketing_consent": True} | names
            self.tell("backoffice", "PersonProfileUpdated", "2020-01-01", profile)
        for season in ("n24", "n25", "n26"):
            tour = {"tour_id": season, "family_id": "nordsee", "name": {"de": "Nordsee"}, "region": "x"}
            more = {"theme": "coast", "nights": 3, "price_from": "300"}
            self.tell("commerce", "TourPublished", "2020-01-01", tour | more)

    def tell(self, source, kind, day, data, recorded=None):
        number = f"e{len(self.events)}"
        times = {"time": f"{day}T10:00:00Z", "recordedtime": f"{recorded or day}T10:00:00Z"}
        self.events.append(
            {
                "specversion": "1.0",
                "id": number,
                "source": source,
                "type": kind,
                "operatorid": "o",
                "data": data,
            }
            | times
        )

    def book(self, booking, who, tour, day, departs, travellers=(), recorded=None):
        data = {
            "booking_id": booking,
            "booker_profile_id": who,
            "tour_id": tour,
            "departure_id": f"d-{booking}",
        }
        bought = {
            "departure_date": departs,
            "total_amount": "300.00",
            "currency": "EUR",
            "sales_channel": "web",
        }
        party = {"travellers": [{"person_profile_id": person} for person in travellers]}
        self.tell("commerce", "BookingConfirmed", day, data | bought | party, recorded)

    def cancel(self, booking, who, day):
        data = {"booking_id": booking, "booker_profile_id": who, "refund_amount": "0"}
        self.tell("commerce", "BookingCancelled", day, data)

    def facts(self, name="log"):
        database = open_database(f"sqlite:///{self.home}/{name}.db", Vault(bytes(32)))
        self.operator = register_operator(database, "o", now=NOW, pseudonym_key=b"k" * 16)
        gate = Gate({"o"}, NOW, keep_recorded_time=True)
        receipt = ingest(database, [gate.admit_document(event) for event in self.events], NOW)
        assert not receipt.quarantined
        files = FactFiles(self.home / name, "o")
        files.refresh(database, self.operator)
        database.close()
        connection = connect_duckdb()
        return connection, open_facts(connection, files, "o")

    def told(self, table):
        """Return (who, booking, family) of each interaction, with people by their own names."""
        names = {self.operator.pseudonym(person): person for person in ("anna", "bernd", "carla")}
        rows = table.to_pylist()
        return sorted((names[row["customer_id"]], row["booking_id"], row["family_id"]) for row in rows)


@pytest.fixture
def anna(tmp_path):
    """Anna books Nordsee for each May, and Bernd travels with her. One trip she cancels. Carla goes to Rome."""
    log = Log(tmp_path)
    log.book("b24", "anna", "n24", "2024-01-10", "2024-05-10", ANNA_TRAVELS)
    log.book("b25", "anna", "n25", "2025-01-10", "2025-05-10", ANNA_TRAVELS)
    log.book("rome", "carla", "rome-25", "2025-02-01", "2025-10-01", ["carla"])
    log.book("gone", "anna", "n25", "2025-03-01", "2025-09-10", ["anna"])
    log.cancel("gone", "anna", "2025-04-01")
    log.book("late", "carla", "n25", "2025-03-10", "2025-06-10", ["carla"], recorded="2025-05-20")
    return log


class TestInteractions:
    def test_bookers_and_travellers_once_per_booking(self, anna):
        connection, facts = anna.facts()
        rows = interactions(connection, facts, datetime(2025, 5, 1, tzinfo=UTC))
        assert anna.told(rows) == [
            ("anna", "b24", "nordsee"),
            ("anna", "b25", "nordsee"),
            ("bernd", "b24", "nordsee"),
            ("bernd", "b25", "nordsee"),
            ("carla", "rome", "rome-25"),
        ]

    def test_only_what_was_known(self, anna):
        """Before the cancellation the trip counts; the late booking counts once it was recorded."""
        connection, facts = anna.facts()
        before = anna.told(interactions(connection, facts, datetime(2025, 3, 15, tzinfo=UTC)))
        assert ("anna", "gone", "nordsee") in before
        assert ("carla", "late", "nordsee") not in before
        after = anna.told(interactions(connection, facts, datetime(2025, 6, 1, tzinfo=UTC)))
        assert ("anna", "gone", "nordsee") not in after
        assert ("carla", "late", "nordsee") in after

    def test_future_events_change_no_row(self, anna):
        moment = datetime(2025, 5, 1, tzinfo=UTC)
        as_it_was = interactions(*anna.facts("then"), moment)
        anna.book("b26", "anna", "n26", "2025-05-01", "2026-05-10", ANNA_TRAVELS)
        anna.cancel("b24", "anna", "2025-05-02")
        moved = {
            "tour_id": "n25",
            "family_id": "a new family",
            "name": {"de": "N"},
            "region": "x",
            "theme": "y",
        }
        anna.tell("commerce", "TourPublished", "2025-06-01", moved | {"nights": 3, "price_from": "1"})
        assert interactions(*anna.facts("later"), moment).equals(as_it_was)

    def test_what_was_booked_within_the_horizon(self, anna):
        connection, facts = anna.facts()
        begin, month = datetime(2025, 2, 20, tzinfo=UTC), timedelta(days=30)
        soon = interactions(connection, facts, datetime(2025, 3, 22, tzinfo=UTC))
        assert anna.told(booked_from(soon, begin, month)) == [("anna", "gone", "nordsee")]
        later = interactions(connection, facts, datetime(2025, 6, 1, tzinfo=UTC))
        assert anna.told(booked_from(later, begin, month)) == [("carla", "late", "nordsee")]
        exactly = datetime(2025, 3, 10, 10, tzinfo=UTC)
        rows = interactions(connection, facts, NOW)
        assert len(booked_from(rows, exactly, month)) == 1
        assert len(booked_from(rows, exactly - month, month)) == 0

    def test_numbered_columns(self, anna):
        connection, facts = anna.facts()
        moment = datetime(2025, 5, 1, 10, tzinfo=UTC)
        rows = interactions(connection, facts, moment)
        bookings = as_bookings(rows, moment, published(connection, facts, moment))
        customers = customer_ids(rows)
        carla = customers.index(anna.operator.pseudonym("carla"))
        assert bookings.families == ("nordsee", "rome-25")
        assert bookings.counts().toarray()[carla].tolist() == [0, 1]
        assert bookings.age_days[bookings.customer == carla].tolist() == [89.0]
        assert bookings.contexts().months[carla] == 10


class TestLittleData:
    def test_a_handful_of_bookings_gives_season_popularity_and_says_so(self, anna):
        connection, facts = anna.facts()
        trained = train_recommender(connection, facts, NOW, RecommenderSpec())
        assert trained.recommender.live == "season_popularity"
        assert "only 2 customers booked again" in trained.why
        assert trained.metrics == {}
        assert trained.recommender.n_customers == 3
        first = trained.recommender.rank(History(), Context(month=5), 1)[0]
        assert (first.family, first.evidence.customers, first.evidence.month) == ("nordsee", 2, 5)

    def test_no_booking_at_all_is_refused(self, tmp_path):
        connection, facts = Log(tmp_path).facts()
        with pytest.raises(NotEnoughDataError, match="no booking was known at 2026-06-01"):
            train_recommender(connection, facts, NOW, RecommenderSpec())

    def test_a_metric_that_is_not_measured_cannot_judge(self):
        with pytest.raises(ValueError, match="judged_by is 'ndcg@20'"):
            RecommenderSpec(judged_by="ndcg@20")


QUICK = {"als": (ALSSettings(factors=16),), "graph_filter": (GraphFilterSettings(factors=4),)}
SPEC = RecommenderSpec(validation_windows=2, mixings=(Mixing(), Mixing(season_weight=0.3)), **QUICK)


@pytest.fixture(scope="module")
def simulated(nordlicht, tmp_path_factory):
    """Nordlicht's facts in a DuckDB."""
    files = FactFiles(tmp_path_factory.mktemp("facts"), "nordlicht")
    files.refresh(nordlicht.database, nordlicht.operator)
    connection = connect_duckdb()
    return connection, open_facts(connection, files, "nordlicht")


@pytest.fixture(scope="module")
def trained_recommender(nordlicht, simulated):
    return train_recommender(*simulated, nordlicht.now, SPEC)


class TestSimulatedOperator:
    def test_planted_partners_come_back(self, nordlicht, trained_recommender):
        truth, recommender = nordlicht.truth, trained_recommender.recommender
        first = {family: recommender.also_booked(family, 1)[0].family for family in recommender.families}
        found = [family for family, other in first.items() if truth.partner_of(family) == other]
        assert len(found) >= 0.8 * len(first), first

    def test_a_personal_rung_beats_popularity_and_goes_live(self, trained_recommender):
        metrics = trained_recommender.metrics
        assert trained_recommender.recommender.live != "season_popularity"
        assert " beats " in trained_recommender.why
        popular, ever = metrics["season_popularity.ndcg_at_3"], metrics["global_popularity.ndcg_at_3"]
        assert metrics["ndcg_at_3"] > popular > ever
        assert metrics["als.recall_at_3.low"] < metrics["als.recall_at_3"] < metrics["als.recall_at_3.high"]

    def test_every_evidence_is_true_in_the_bookings(self, nordlicht, simulated, trained_recommender):
        rows = interactions(*simulated, nordlicht.now).to_pylist()
        booked = {}
        for row in rows:
            booked.setdefault(row["family_id"], set()).add(row["customer_id"])
        kinds = set()
        for history in (
            History(("mosel",), (2,)),
            History(("prag", "gardasee"), (1, 1), ("nordsee",)),
            History(),
        ):
            for suggestion in trained_recommender.recommender.rank(history, Context(month=5)):
                evidence = suggestion.evidence
                kinds.add(evidence.kind)
                if evidence.customers_both is not None:
                    assert evidence.customers_both == len(
                        booked[evidence.because_of] & booked[evidence.family]
                    )
                    assert evidence.customers == len(booked[evidence.because_of])
                if evidence.kind == "season_popularity":
                    in_may = {
                        row["customer_id"]
                        for row in rows
                        if row["family_id"] == evidence.family and row["departure_date"].month == 5
                    }
                    expected = in_may if evidence.month else booked[evidence.family]
                    assert evidence.customers == len(expected) > 0
        assert kinds == {"own_history", "also_booked", "season_popularity", "viewed"}

    def test_the_choice_does_not_see_the_test_window(self, nordlicht, simulated, trained_recommender):
        """Let everybody book the same tour in the test window: other figures, the same choice."""
        connection, facts = simulated
        cutoff = nordlicht.now - SPEC.horizon

        def herded(table):
            late = table.occurred_at >= ibis.literal(cutoff)
            return table.mutate(tour_id=ibis.ifelse(late, "elsewhere", table.tour_id))

        changed = replace(facts, bookings=herded(facts.bookings), trips=herded(facts.trips))
        other = train_recommender(connection, changed, nordlicht.now, SPEC)
        assert other.choice == trained_recommender.choice
        assert other.figures != trained_recommender.figures

    def test_trained_again_it_is_the_same(self, nordlicht, simulated, trained_recommender):
        again = train_recommender(*simulated, nordlicht.now, SPEC)
        assert again.figures == trained_recommender.figures
        assert again.params == trained_recommender.params
        history, context = History(("mosel", "prag"), (2, 1)), Context(month=10)
        ours = trained_recommender.recommender.rank(history, context)
        assert again.recommender.rank(history, context) == ours

    def test_the_plot_shows_every_rung_with_its_interval(self, trained_recommender):
        chart = recall_plot(trained_recommender)
        assert isinstance(chart, altair.TopLevelMixin)
        rows = next(iter(chart.to_dict()["datasets"].values()))
        assert {row["model"] for row in rows} >= {"global_popularity", "season_popularity", "als"}
        assert all(row["low"] <= row["value"] <= row["high"] for row in rows)

    def test_a_young_operator_is_not_compared(self, nordlicht, simulated):
        young = datetime.combine(nordlicht.truth.spec.start, datetime.min.time(), tzinfo=UTC) + timedelta(
            days=200
        )
        trained = train_recommender(*simulated, young, SPEC)
        assert trained.recommender.live == "season_popularity"
        assert trained.recommender.trained_as_of == young
        assert "20 are needed" in trained.why or "too little history" in trained.why

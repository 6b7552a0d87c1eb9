"""Rankings of small catalogues: by the model, by popularity, for many together, and what a list says it rests on."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from activity_log.catalogue import Departure, Tour
from activity_log.contracts.fields import LocalizedText
from activity_log.database import open_database
from activity_log.operators import Operator, find_operator
from activity_log.vault import Vault
from models.card import ModelCard
from models.recommender import (
    RUNGS,
    AlsoBookedSettings,
    ALSSettings,
    AttributeSettings,
    BookingCounts,
    GraphFilterSettings,
    History,
    Newcomer,
    Recommender,
    RepeatOrNew,
    SeasonSettings,
    bookings_of,
)
from models.recommender.recommender import Mixing
from models.registry import Loaded
from serving.guests import NOBODY, Guest
from serving.languages import Language
from serving.offers import NO_FILTERS, Offers, Programme, Shelf
from serving.popularity import Popularity
from serving.rankings import KEPT, ByModel, ByPopularity, Ranking, stand, standing_of
from serving.recommending import Asked, Recommending
from serving.requests import Filters
from serving.rules.in_force import InForce
from serving.showing import Showing
from serving.tickets import Tickets
from serving.travel_history import Habits
from serving.visitor import Visitor
from tests.activity_log.logs import Log
from tests.activity_log.stories import KEY, Books

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SETTINGS = {
    "season_popularity": SeasonSettings(),
    "repeat_or_new": SeasonSettings(),
    "attributes": AttributeSettings(),
    "also_booked": AlsoBookedSettings(),
    "als": ALSSettings(factors=4, regularisation=1.0),
    "graph_filter": GraphFilterSettings(factors=2),
}
ANNA = Visitor("c-" + 20 * "a")


def fitted(rows: Sequence[tuple[str, str, int]], live: str) -> ByModel:
    customers, families, months = zip(*rows, strict=True)
    bookings = bookings_of(customers, families, np.array(months), np.ones(len(months)))
    model = Recommender(
        families=bookings.families,
        rungs={rung.name: rung.fit(bookings, SETTINGS[rung.name]) for rung in RUNGS},
        live=live,
        why="because the test says so",
        repeat=RepeatOrNew.fit(bookings),
        mixing=Mixing(season_weight=0.3),
        counts=BookingCounts.of(bookings),
        stops=bookings.stops,
        trained_as_of=NOW,
        n_customers=bookings.n_customers,
    )
    card = ModelCard(
        operator_id="reisen",
        task="recommender",
        feature_service="-",
        as_of=NOW,
        trained_at=NOW,
        horizon_days=1,
    )
    return ByModel(Loaded(model, card, "reisen-recommender", "1"), ())


def coast_and_mountains() -> list[tuple[str, str, int]]:
    """Forty people book both coasts in May, thirty both mountains in June, ten Prag in December."""
    rows = [(f"c{n}", family, 5) for n in range(40) for family in ("nordsee", "ostsee")]
    rows += [(f"m{n}", family, 6) for n in range(30) for family in ("dolomiten", "suedtirol")]
    return rows + [(f"p{n}", "prag", 12) for n in range(10)]


def many_families() -> list[tuple[str, str, int]]:
    """Family 0 is booked by one, family 1 by two, and so on; each customer books the next family too."""
    families = [f"f{n:02d}" for n in range(KEPT + 12)]
    return [
        (f"{family}-{who}", booked, 5)
        for n, family in enumerate(families)
        for who in range(n + 1)
        for booked in (family, families[(n + 1) % len(families)])
    ]


def shelf(*families: str, days: int = 30) -> Shelf:
    """One tour of each family, four nights, each departing a day after the other."""
    tours = {
        f"{one}-26": Tour(f"{one}-26", one, LocalizedText(de=one), "Küste", "Meer", 4, Decimal(399), "EUR")
        for one in families
    }
    departures = [
        Departure(
            f"{tour}-d",
            tour,
            TODAY + timedelta(days=days + n),
            frozenset({"bremen"}),
            48,
            9,
            Decimal(399),
            "EUR",
        )
        for n, tour in enumerate(tours)
    ]
    return Shelf(Programme(tours), departures, TODAY)


@pytest.fixture
def recommending() -> Recommending:
    showing = Showing(Tickets.of_this_process(), "reisen", 0.0)
    return Recommending(Operator("reisen", "Reisen", False, KEY), showing)


def listed(recommending, ranking, on, guest, n=50, filters: Filters = NO_FILTERS):
    """Families and scores, in order."""
    asked = Asked(ANNA, filters, n, "de")
    reply = recommending.recommend(ranking, on, asked, guest, InForce(), NOW).reply
    assert [item.position for item in reply.items] == list(range(1, len(reply.items) + 1))
    return [(item.family_id, item.score) for item in reply.items]


def by_hand(ranking: ByModel, guest: Guest, among, new: Sequence[Newcomer] = ()):
    model, visit = ranking.loaded.model, guest.visit
    ranked = model.rank(visit.history, visit.context, among=among, new=new)
    return [(one.family, pytest.approx(one.score)) for one in ranked]


GUESTS = [
    Guest(History(("nordsee",), (2,), latest="nordsee", again=1, moves=1), Habits(5)),
    Guest(History(("dolomiten",), (1,), latest="dolomiten"), Habits(6)),
    Guest(History(("prag", "nordsee"), (1, 3), latest="prag", moves=3), Habits(12)),
    Guest(History(("gone",), (1,))),
    Guest(History(viewed=("ostsee",))),
    Guest(),
]


@pytest.mark.parametrize("live", ["als", "also_booked", "season_popularity"])
def test_ranked_together_each_list_is_that_of_the_model_alone(recommending, live: str):
    ranking, on = fitted(coast_and_mountains(), live), shelf("nordsee", "ostsee", "suedtirol", "prag")
    guests = [Guest(one.history, one.habits) for one in GUESTS]
    stand(ranking, guests)
    for guest in guests:
        before = guest.standing
        assert listed(recommending, ranking, on, guest) == by_hand(ranking, guest, on.bookable)
        assert guest.standing is before, "nobody was ranked again"


def test_families_that_the_model_does_not_know_are_ranked_with_the_others(recommending):
    known, on = fitted(coast_and_mountains(), "als"), shelf("nordsee", "usedom", "ostsee")
    new = ByModel.newcomers(known.loaded, on.newcomers)
    assert [one.family for one in new] == ["usedom"]
    ranking = ByModel(known.loaded, new)
    assert ranking.rests_on(known.loaded, new)
    assert not ranking.rests_on(known.loaded, ())
    found = listed(recommending, ranking, on, GUESTS[0])
    assert found == by_hand(ranking, GUESTS[0], on.bookable, new)
    assert {family for family, _ in found} == {"nordsee", "usedom", "ostsee"}


def test_who_stood_by_another_ranking_is_ranked_again():
    old, new = fitted(coast_and_mountains(), "als"), fitted(coast_and_mountains(), "also_booked")
    guest = Guest(GUESTS[0].history)
    stand(old, [guest])
    assert standing_of(old, guest) is guest.standing
    assert standing_of(new, guest).ranking is new
    assert guest.standing.rung.name == "also_booked"


def test_fewer_than_asked_are_as_many_as_fit(recommending):
    ranking, on = fitted(coast_and_mountains(), "als"), shelf("nordsee", "ostsee")
    guest = Guest(GUESTS[0].history)
    assert len(listed(recommending, ranking, on, guest, n=5)) == 2
    assert len(listed(recommending, ranking, on, guest, n=1)) == 1
    only = Filters(families=["ostsee"])
    assert [one for one, _ in listed(recommending, ranking, on, guest, 5, only)] == ["ostsee"]
    assert listed(recommending, ranking, shelf(), guest) == []


@pytest.mark.parametrize("n", [1, KEPT, KEPT + 5, 50])
def test_beyond_what_is_kept_the_rest_is_ranked_in_full(recommending, n: int):
    ranking = fitted(many_families(), "als")
    on = shelf(*ranking.families)
    guest = Guest(History(("f20",), (2,), latest="f20"), Habits(5))
    stand(ranking, [guest])
    assert len(guest.standing.places) == KEPT < len(ranking.families)
    assert listed(recommending, ranking, on, guest, n) == by_hand(ranking, guest, on.bookable)[:n]


def test_what_is_on_offer_may_all_stand_beyond_what_is_kept(recommending):
    ranking = fitted(many_families(), "als")
    guest = Guest(History(("f20",), (2,), latest="f20"))
    last = [one.family for one in ranking.loaded.model.rank(guest.history, guest.visit.context)][KEPT:]
    on = shelf(*last)
    assert listed(recommending, ranking, on, guest, 5) == by_hand(ranking, guest, on.bookable)[:5]


def test_while_a_trip_is_ahead_nothing_is_offered_that_overlaps_it(recommending):
    """Nordsee departs on the first of July for four nights, Ostsee on the second, Prag on the third."""
    ranking, on = fitted(coast_and_mountains(), "als"), shelf("nordsee", "ostsee", "prag")
    for first, last, left in [
        (date(2026, 6, 28), date(2026, 6, 30), {"nordsee", "ostsee", "prag"}),
        (date(2026, 6, 28), date(2026, 7, 1), {"ostsee", "prag"}),
        (date(2026, 7, 6), date(2026, 7, 8), {"nordsee"}),
        (date(2026, 7, 7), date(2026, 7, 8), {"nordsee", "ostsee"}),
        (date(2026, 6, 1), date(2026, 8, 1), set()),
    ]:
        guest = Guest(GUESTS[0].history, taken=[(first, last)])
        assert {family for family, _ in listed(recommending, ranking, on, guest)} == left, (first, last)
    objecting = Guest(taken=[(date(2026, 6, 28), date(2026, 7, 1))], may_profile=False)
    assert {family for family, _ in listed(recommending, ranking, on, objecting)} == {"ostsee", "prag"}


# Popularity, while no model is live


@pytest.fixture
def log(tmp_path):
    with closing(open_database(f"sqlite:///{tmp_path / 'log.db'}", Vault(bytes(32)))) as database:
        yield Log(database)


def test_popular_is_what_most_people_booked_each_counted_once(log: Log, recommending):
    """Harz: two people in two seasons. Nordsee: Anna twice. Rhein: nobody, since Bernd cancelled."""
    books = Books()
    operator_id = log.told(
        [
            *(
                books.publishes(tour, "2025-10-01", tour)
                for tour in ("harz-25", "harz-26", "nordsee-26", "rhein-26")
            ),
            books.books("anna", "nordsee-26", "2026-01-01"),
            books.books("anna", "nordsee-26", "2026-01-02"),
            books.books("anna", "harz-25", "2026-01-03"),
            books.books("bernd", "harz-26", "2026-01-04"),
            books.books("bernd", "rhein-26", "2026-01-05"),
            books.cancels("bernd", "rhein-26", "2026-01-05", "2026-01-06"),
        ]
    )
    offers = Offers(log.database, find_operator(log.database, operator_id))
    offers.look(TODAY)
    with log.database.reading() as connection:
        popularity = Popularity.read(connection, operator_id, offers.programme)
    assert popularity.by_month == {month: {"harz": 2, "nordsee": 1} for month in (0, 9)}
    ranking = ByPopularity(popularity, ["rhein"])
    assert ranking.rests_on(popularity, ["rhein", "harz"])
    assert not ranking.rests_on(popularity, ["mosel"])
    assert ranking.families == ("harz", "nordsee", "rhein")
    chances = ranking.chances([Guest(habits=Habits(9)).visit, Guest().visit])
    np.testing.assert_allclose(chances, [[2 / 3, 1 / 3, 0]] * 2, atol=1e-3)
    (may,) = ranking.chances([Guest(habits=Habits(5)).visit])
    assert may[0] > may[1] > may[2] == 0, "in a month that nobody travels in, what is popular in the others"
    on = shelf("rhein", "harz", "nordsee")
    assert [one for one, _ in listed(recommending, ranking, on, Guest())] == ["harz", "nordsee", "rhein"]
    september, evidence = Guest(habits=Habits(9)).visit, ranking.explain
    assert (evidence(september, "harz").customers, evidence(september, "harz").month) == (2, 9)
    assert (evidence(Guest().visit, "harz").customers, evidence(Guest().visit, "harz").month) == (2, None)
    assert evidence(september, "rhein").kind == "programme"


# What a list says it rests on


def note(recommending, ranking: Ranking | None, guest: Guest, language: Language, trouble=None, visitor=ANNA):
    asked = Asked(visitor, NO_FILTERS, 3, language)
    reply = recommending.recommend(
        ranking, shelf("nordsee", "ostsee"), asked, guest, InForce(), NOW, trouble=trouble
    ).reply
    return reply.basis, reply.basis_note


@pytest.mark.parametrize(
    ("guest", "trouble", "german", "english"),
    [
        (NOBODY, "unreachable", "nicht erreichbar", "cannot be reached"),
        (NOBODY, "busy", "nicht rechtzeitig", "did not come in time"),
        (Guest(may_profile=False), None, "wie gewünscht", "as wished"),
        (GUESTS[3], None, "keine Buchung bekannt", "No booking is known"),
    ],
    ids=["unreachable", "busy", "objection", "nothing_known"],
)
def test_what_stands_in_the_way_of_a_better_list_is_said(recommending, guest, trouble, german, english):
    ranking = fitted(coast_and_mountains(), "als")
    basis, text = note(recommending, ranking, guest, "de", trouble)
    assert basis == "season_popularity"
    assert german in text
    assert "Beliebtheit in der Saison" in text
    basis, text = note(recommending, ranking, guest, "en", trouble)
    assert english in text
    assert "popular in the season" in text


def test_without_features_the_bookings_count_still_and_that_is_said(recommending):
    ranking, guest = fitted(coast_and_mountains(), "als"), Guest(GUESTS[0].history, has_features=False)
    basis, text = note(recommending, ranking, guest, "de")
    assert (basis, text.split(",")[0]) == ("als", "Ohne die Gewohnheiten")
    assert note(recommending, ranking, guest, "en")[1].startswith("Without the habits")
    stranger = note(recommending, ranking, guest, "de", visitor=Visitor())
    assert "Gewohnheiten" not in stranger[1], "of a stranger no habits are missing"


def test_without_a_model_that_is_said_and_trouble_before_it(recommending):
    ranking = ByPopularity(Popularity({0: {"nordsee": 3}}), ["nordsee", "ostsee"])
    assert "noch kein Empfehlungsmodell" in note(recommending, ranking, Guest(), "de")[1]
    assert "No recommendation model is live" in note(recommending, ranking, Guest(), "en")[1]
    assert "nicht rechtzeitig" in note(recommending, ranking, NOBODY, "de", "busy")[1]
    basis, text = note(recommending, None, Guest(), "de")
    assert (basis, "die nächsten Abfahrten" in text) == ("next_departures", True)
    assert "the next departures" in note(recommending, None, Guest(), "en")[1]

"""Families nobody has booked: known from the catalogue, or published only after the training."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.recommender import (
    RUNGS,
    AlsoBookedSettings,
    ALSSettings,
    AttributeMatch,
    Attributes,
    AttributeSettings,
    BookingCounts,
    Context,
    GraphFilterSettings,
    History,
    Newcomer,
    Recommender,
    RepeatOrNew,
    SeasonPopularity,
    SeasonSettings,
    bookings_of,
    with_catalogue,
    with_stops,
)
from models.recommender.contexts import Contexts
from models.recommender.recommender import Mixing

CATALOGUE = {
    "nordsee": ("Küste", "Meer", 5, 649), "ostsee": ("Küste", "Meer", 5, 629),
    "dolomiten": ("Alpen", "Berge", 7, 799), "suedtirol": ("Alpen", "Berge", 7, 749),
    "usedom": ("Küste", "Meer", 5, 639), "zugspitze": ("Alpen", "Berge", 7, 759),
}  # fmt: skip
"""Usedom and Zugspitze came out yesterday; the others years ago."""

SETTINGS = {
    "season_popularity": SeasonSettings(), "repeat_or_new": SeasonSettings(),
    "attributes": AttributeSettings(), "also_booked": AlsoBookedSettings(), "als": ALSSettings(factors=4),
    "graph_filter": GraphFilterSettings(factors=2),
}  # fmt: skip
LADDER = [rung for rung in RUNGS if rung.name in SETTINGS]
ANYTIME = Context()


def coast_and_mountains():
    """Sixty book both coasts from Hamburg in May, sixty both mountains from Ulm in June; nobody books across."""
    coast = [(f"c{n:02d}", family, 5, "hamburg") for n in range(60) for family in ("nordsee", "ostsee")]
    alps = [(f"m{n:02d}", family, 6, "ulm") for n in range(60) for family in ("dolomiten", "suedtirol")]
    customers, families, months, stops = zip(*coast, *alps, strict=True)
    bookings = bookings_of(customers, families, np.array(months), np.full(len(months), 100.0))
    names = sorted(CATALOGUE)
    regions, themes, nights, prices = zip(*(CATALOGUE[name] for name in names), strict=True)
    since = [1.0 if name in ("usedom", "zugspitze") else 2_000.0 for name in names]
    known = with_catalogue(bookings, names, Attributes.of(regions, themes, nights, prices, since))
    return with_stops(known, stops)


def recommender(live="also_booked"):
    bookings = coast_and_mountains()
    return Recommender(
        families=bookings.families,
        rungs={rung.name: rung.fit(bookings, SETTINGS.get(rung.name)) for rung in LADDER},
        live=live,
        why="because the test says so",
        repeat=RepeatOrNew.fit(bookings),
        mixing=Mixing(),
        counts=BookingCounts.of(bookings),
        stops=bookings.stops,
        trained_as_of=datetime(2026, 1, 1, tzinfo=UTC),
        n_customers=bookings.n_customers,
    )


COAST_FRIEND = History(("nordsee", "ostsee"), (1, 1), latest="ostsee", moves=1)


@pytest.mark.parametrize("live", [rung.name for rung in LADDER if not rung.complete])
def test_a_new_family_of_the_taste_comes_before_one_of_another(live):
    ranked = [one.family for one in recommender(live).rank(COAST_FRIEND, ANYTIME)]
    assert ranked.index("usedom") < ranked.index("zugspitze")
    if live != "repeat_or_new":
        assert ranked.index("usedom") < ranked.index("dolomiten")


def test_and_says_what_it_shares_with_a_trip_of_the_customers():
    (usedom,) = recommender().rank(COAST_FRIEND, ANYTIME, among={"usedom"})
    assert usedom.evidence.kind == "attributes"
    assert usedom.evidence.because_of in COAST_FRIEND.families
    assert (usedom.evidence.region, usedom.evidence.theme) == ("Küste", "Meer")
    (zugspitze,) = recommender().rank(COAST_FRIEND, ANYTIME, among={"zugspitze"})
    assert zugspitze.evidence.kind == "programme"


RUEGEN = Newcomer("ruegen", "Küste", "Meer", 5.0, 640.0)
WATZMANN = Newcomer("watzmann", "Alpen", "Berge", 7.0, 760.0)


def test_a_family_published_after_the_training_is_ranked_with_its_like():
    ranked = recommender().rank(COAST_FRIEND, ANYTIME, new=[RUEGEN, WATZMANN])
    names = [one.family for one in ranked]
    assert names.index("ruegen") < names.index("watzmann")
    assert names.index("ruegen") < names.index("dolomiten")
    assert sum(one.score for one in ranked) == pytest.approx(1)
    (ruegen,) = [one for one in ranked if one.family == "ruegen"]
    assert (ruegen.evidence.kind, ruegen.evidence.region) == ("attributes", "Küste")


def test_strangers_see_new_families_too():
    ranked = recommender().rank(History(), ANYTIME, new=[RUEGEN])
    (ruegen,) = [one for one in ranked if one.family == "ruegen"]
    assert ruegen.score > 0
    assert ruegen.evidence.kind == "programme"


def test_without_being_told_of_them_unknown_families_are_left_out():
    names = {one.family for one in recommender().rank(COAST_FRIEND, ANYTIME, among={"ruegen", "nordsee"})}
    assert names == {"nordsee"}


def test_who_looked_at_a_new_family_sees_its_like_first():
    model, viewed = recommender(), History(viewed=("ruegen",))
    basis = model.basis(viewed, [RUEGEN])
    assert (basis.rung, basis.because) == ("attributes", "only_viewed")
    ranked = model.rank(viewed, ANYTIME, among={"nordsee", "dolomiten"}, new=[RUEGEN])
    assert [one.family for one in ranked] == ["nordsee", "dolomiten"]


def test_who_looked_at_a_family_without_bookers_sees_its_like_first():
    ranked = recommender().rank(History(viewed=("usedom",)), ANYTIME, among={"nordsee", "dolomiten"})
    assert [one.family for one in ranked] == ["nordsee", "dolomiten"]
    assert ranked[0].evidence.kind == "viewed_attributes"


def test_with_popularity_live_the_reason_is_popularity_and_the_basis_says_it_is_not_proven():
    model = recommender("season_popularity")
    assert model.basis(COAST_FRIEND).because == "not_proven"
    kinds = {one.evidence.kind for one in model.rank(COAST_FRIEND, ANYTIME)}
    assert "own_history" not in kinds
    assert "also_booked" not in kinds


def test_a_stop_has_its_own_popularity():
    hamburg, ulm = Context(stop="hamburg"), Context(stop="ulm")
    model = recommender("season_popularity")
    assert model.rank(History(), hamburg, 1)[0].family in ("nordsee", "ostsee")
    assert model.rank(History(), ulm, 1)[0].family in ("dolomiten", "suedtirol")
    nowhere = [one.score for one in model.rank(History(), Context(stop="never heard of"))]
    assert nowhere == [one.score for one in model.rank(History(), ANYTIME)]


def test_a_month_without_bookings_leans_on_its_regions():
    """In July nothing but Alps was booked the month before: a family of the Alps comes first, new or not."""
    model = recommender("season_popularity")
    ranked = [one.family for one in model.rank(History(), Context(month=7))]
    assert ranked.index("zugspitze") < ranked.index("usedom")


def test_the_newcomers_share_fades_while_nobody_books():
    bookings = coast_and_mountains()
    place = bookings.families.index("usedom")
    shares = [
        SeasonPopularity.fit(bookings, SeasonSettings(newcomer_days=days)).shares[0, place]
        for days in (100.0, 0.1)
    ]
    assert shares[0] > 10 * shares[1]


def test_what_nothing_is_known_of_has_no_likeness():
    bookings = bookings_of(["a", "b"], ["x", "y"], np.zeros(2, int), np.ones(2))
    fitted = AttributeMatch.fit(bookings, AttributeSettings())
    assert fitted.lifts.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert fitted.likeness(History(("x",), (1,)), "y") is None


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40))
def test_weights_are_never_negative_and_scores_finite(pairs):
    names = sorted(CATALOGUE)
    regions, themes, nights, prices = zip(*(CATALOGUE[name] for name in names), strict=True)
    bookings = bookings_of(
        [f"c{who}" for who, _ in pairs],
        [names[what] for _, what in pairs],
        np.zeros(len(pairs), int),
        np.ones(len(pairs)),
    )
    bookings = with_catalogue(bookings, names, Attributes.of(regions, themes, nights, prices, [None] * 6))
    fitted = AttributeMatch.fit(bookings, AttributeSettings())
    assert (fitted.weights >= 0).all()
    scores = fitted.score_many(bookings.counts(), Contexts.nothing(bookings.n_customers))
    assert np.isfinite(scores).all()

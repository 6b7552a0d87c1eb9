"""What each kind of rule does to one list of four; every expectation can be checked by hand."""

from datetime import timedelta

import pytest

from serving.rules.applying import apply_rules, weighted
from serving.rules.in_force import rules_in_force

from .worlds import (
    CATALOGUE,
    NOW,
    at_most,
    boost,
    departures,
    exclude,
    fits,
    in_force,
    pin,
    placed,
    ranking,
    rules,
)

AS_RANKED = ["föhr-may", "mainau-june", "lübeck-december", "prag-may"]


def test_without_rules_the_ranking_itself_comes_back():
    ranked = ranking()
    assert apply_rules(ranked, in_force(), 2, fits) is ranked
    over = [one.__class__(**vars(one) | {"withdrawn_at": NOW}) for one in rules(exclude(region="Nordsee"))]
    assert apply_rules(ranked, rules_in_force(over, CATALOGUE, NOW), 2, fits) is ranked


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (exclude(family_id="nordsee"), ["mainau-june", "lübeck-december", "prag-may"]),
        (exclude(tour_id="föhr-2027"), ["sylt-july", *AS_RANKED[1:]]),
        (exclude(departure_id="föhr-may"), ["föhr-june", *AS_RANKED[1:]]),
        (exclude(region="Nordsee"), ["mainau-june", "lübeck-december", "prag-may"]),
        (exclude(region="Böhmen"), [*AS_RANKED[:3], "prag-brno-may"]),
        (exclude(theme="stadt"), AS_RANKED[:3]),
        (exclude(region="Atlantis"), AS_RANKED),
        (boost(3.5, family_id="prag"), ["föhr-may", "prag-may", "mainau-june", "lübeck-december"]),
        (boost(2, family_id="advent"), ["föhr-may", "lübeck-december", "mainau-june", "prag-may"]),  # 0.4 beside 0.4
        (boost(1.25, family_id="advent"), AS_RANKED),  # 0.25 is below 0.3
        (boost(5, departure_id="prag-brno-may"), ["prag-brno-may", *AS_RANKED[:3]]),
        (boost(1.1, departure_id="föhr-june"), ["föhr-june", *AS_RANKED[1:]]),
        (boost(0.5, family_id="nordsee"), ["mainau-june", "föhr-may", "lübeck-december", "prag-may"]),
        (boost(0.1, departure_id="föhr-may"), ["föhr-june", *AS_RANKED[1:]]),  # the family has others
        (pin(1, family_id="prag"), ["prag-may", *AS_RANKED[:3]]),
        (pin(2, departure_id="föhr-june"), ["mainau-june", "föhr-june", "lübeck-december", "prag-may"]),
        (pin(4, family_id="nordsee"), [*AS_RANKED[1:], "föhr-may"]),
        (pin(5, family_id="nordsee"), [*AS_RANKED[1:], "föhr-may"]),  # the list is shorter
        (pin(1, theme="stadt"), ["prag-may", *AS_RANKED[:3]]),
        (pin(1, departure_id="föhr-full"), AS_RANKED),  # sold out
        (pin(1, tour_id="atlantis-2027"), AS_RANKED),
        (at_most(1), AS_RANKED),
        # 0.4, 0.3, 0.2, again 0.4 halved (after its equal), 0.1
        (at_most(2, family_id="nordsee"), ["föhr-may", "mainau-june", "lübeck-december", "föhr-june", "prag-may"]),
        (at_most(3, region="Nordsee"), ["föhr-may", "mainau-june", "lübeck-december", "föhr-june", "prag-may"]),
    ],
)  # fmt: skip
def test_one_rule(rule, expected):
    assert departures(rule) == expected


def test_a_pin_of_a_family_takes_its_best_fitting_departure_and_the_rest_follows():
    pinned = pin(1, family_id="prag")
    assert placed(pinned)[0] == ("prag-may", (1,))
    assert placed(pinned, without=["prag-may"])[0] == ("prag-brno-may", (1,))
    assert departures(pinned, without=["prag-may", "prag-brno-may"]) == AS_RANKED[:3]


def test_several_pins_on_one_place_stand_in_the_order_of_their_creation():
    first, second, third = pin(1, family_id="prag"), pin(1, family_id="advent"), pin(2, family_id="bodensee")
    assert departures(first, second) == ["prag-may", "lübeck-december", "föhr-may", "mainau-june"]
    assert departures(second, first)[:2] == ["lübeck-december", "prag-may"]
    # who was promised a place keeps it; the second of place 1 goes on to the next free one
    assert departures(first, second, third)[:3] == ["prag-may", "mainau-june", "lübeck-december"]


def test_a_pin_that_cannot_be_booked_leaves_its_place_to_the_next():
    both = (pin(1, departure_id="prag-may"), pin(1, family_id="advent"))
    assert departures(*both, without=["prag-may"])[0] == "lübeck-december"


def test_a_pin_below_the_end_of_the_list_is_not_shown_and_hides_nothing():
    assert departures(pin(4, family_id="nordsee"), n=3) == AS_RANKED[:3]


def test_exclude_beats_pin_and_a_family_is_pinned_once():
    assert departures(exclude(family_id="prag"), pin(1, family_id="prag")) == AS_RANKED[:3]
    twice = (pin(1, departure_id="föhr-may"), pin(2, departure_id="föhr-june"))
    assert departures(*twice) == AS_RANKED
    assert departures(*twice, at_most(2))[:2] == ["föhr-may", "föhr-june"]


def test_factors_multiply_and_rules_are_named():
    told = placed(boost(2, family_id="prag"), boost(3, theme="stadt"), pin(2, family_id="advent"))
    assert told[:2] == [("prag-may", (1, 2)), ("lübeck-december", (3,))]
    assert told[2] == ("föhr-may", ())


def test_the_limit_of_a_target_counts_before_the_general_one_and_the_newest_before_older_ones():
    general, two, one = at_most(3), at_most(2, family_id="nordsee"), at_most(1, region="Nordsee")
    assert sum("föhr" in name or "sylt" in name for name in departures(general, n=9)) == 3
    assert sum("föhr" in name or "sylt" in name for name in departures(two, general, n=9)) == 2
    assert sum("föhr" in name or "sylt" in name for name in departures(two, one, n=9)) == 1
    assert sum("föhr" in name or "sylt" in name for name in departures(one, two, n=9)) == 2


def test_what_comes_again_counts_half_each_time_and_names_the_rule():
    told = placed(at_most(3), n=9)
    # 0.4, 0.3, 0.2, 0.2 (föhr again), 0.1 (prag), 0.1 (sylt, third), 0.05 (prag again)
    assert told == [
        ("föhr-may", ()), ("mainau-june", ()), ("lübeck-december", ()), ("föhr-june", (1,)), ("prag-may", ()),
        ("sylt-july", (1,)), ("prag-brno-may", (1,)),
    ]  # fmt: skip


def test_rules_begin_and_end_by_themselves():
    soon, later = NOW + timedelta(days=1), NOW + timedelta(days=2)
    wave = exclude(region="Nordsee") | {"valid_from": soon, "valid_to": later}
    told = rules(wave, pin(1, family_id="prag") | {"valid_to": later})
    seen = [rules_in_force(told, CATALOGUE, at) for at in (NOW, soon, later)]
    assert [(bool(one.effects), bool(one.pins), one.until) for one in seen] == [
        (False, True, soon), (True, True, later), (False, False, None),
    ]  # fmt: skip


@pytest.mark.parametrize(("score", "factor"), [(0.2, 2), (-0.2, 2), (0.2, 0.5), (-0.2, 0.5)])
def test_a_boost_lifts_and_a_bury_lowers_whatever_the_sign(score, factor):
    assert (weighted(score, factor) > score) == (factor > 1)

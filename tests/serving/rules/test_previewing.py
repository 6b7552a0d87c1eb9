"""What a preview says of rules: who gains, who loses, which rule did what, and why one does nothing."""

from typing import Any

import pytest

from activity_log.rules.drafts import RuleDraft
from activity_log.rules.keeping import drafted
from serving.offers import Offer
from serving.replies import Reason, RecommendedTour
from serving.rules.applying import apply_rules
from serving.rules.in_force import InForce
from serving.rules.previewing import Question, preview
from serving.rules.replies import RulesPreview
from serving.rules.wording import reason_by_rules

from .worlds import CATALOGUE, DEPARTURES, NOW, at_most, boost, exclude, fits, pin, ranking, rules

OFFERS = [Offer(CATALOGUE.tours[one.tour_id], one) for one in DEPARTURES if one.seats_left]


def recommend(customer_id: str | None, in_force: InForce) -> list[RecommendedTour]:
    """Everybody gets the list of four; for Bernd the Bodensee is full."""
    ranked = ranking("mainau-june") if customer_id == "bernd" else ranking()
    entries = apply_rules(ranked, in_force, 3, fits)[:3]
    return [
        suggested(entry.family, fits(entry.offers), entry.rules, place)
        for place, entry in enumerate(entries, 1)
    ]


def suggested(family: str, offer: Offer, rule_ids: tuple[int, ...], place: int) -> RecommendedTour:
    told: dict[str, Any] = dict.fromkeys(
        ("region", "theme", "nights", "departs_on", "price", "currency", "seats_left")
    )
    return RecommendedTour(
        tour_id=offer.tour.tour_id, departure_id=offer.departure.departure_id, name=offer.tour.tour_id,
        score=0.1, position=place, family_id=family,
        reason=Reason(kind="programme", text="", evidence={"rules": list(rule_ids)} if rule_ids else {}), **told,
    )  # fmt: skip


def previewed(existing=(), proposed=(), withdrawn=(), language="en", at=NOW) -> RulesPreview:
    known = rules(*existing)
    new = [
        drafted("nordlicht", RuleDraft.model_validate(one), number, "preview", NOW)
        for number, one in enumerate(proposed, len(known) + 1)
    ]
    question = Question(known, new, frozenset(withdrawn), CATALOGUE, OFFERS, at)
    return preview(recommend, [None, "bernd"], question, language)


def test_a_proposed_pin_and_whom_it_pushes_out():
    found = previewed(proposed=[pin(1, family_id="prag")])
    assert (found.lists, found.lists_changed) == (2, 2)
    anonymous, bernd = found.visitors
    assert [one.departure_id for one in anonymous.before] == ["föhr-may", "mainau-june", "lübeck-december"]
    assert [(one.departure_id, one.rules) for one in anonymous.after] == [
        ("prag-may", [1]), ("föhr-may", []), ("mainau-june", []),
    ]  # fmt: skip
    assert [one.departure_id for one in bernd.after] == ["prag-may", "föhr-may", "lübeck-december"]
    assert [(one.tour_id, one.lists_before, one.lists_after) for one in found.tours] == [
        ("prag-2027", 1, 2), ("föhr-2027", 2, 2), ("mainau-2027", 1, 1), ("lübeck-2027", 2, 1),
    ]  # fmt: skip
    assert (found.tours[0].place_before, found.tours[0].place_after) == (3.0, 1.0)
    (rule,) = found.rules
    assert (rule.proposed, rule.lists_changed, rule.no_effect) == (True, 2, None)


def test_which_rule_did_what():
    found = previewed(
        existing=[exclude(family_id="advent"), boost(1.01, family_id="bodensee")],
        proposed=[exclude(departure_id="mainau-june")],
    )
    assert [(one.rule_id, one.lists_changed) for one in found.rules] == [(1, 2), (2, 0), (3, 1)]
    assert [one.proposed for one in found.rules] == [False, False, True]


def test_taking_a_rule_back_is_previewed_too():
    found = previewed(existing=[exclude(family_id="nordsee")], withdrawn=[1])
    assert found.visitors[0].after[0].departure_id == "föhr-may"
    assert found.rules == []


@pytest.mark.parametrize(
    ("others", "rule", "why", "words"),
    [
        ([], exclude(region="Nordsea"), "unknown_target", "The catalogue has no 'Nordsea'. Did you mean 'Nordsee'"),
        ([], pin(1, departure_id="föhr-full"), "not_bookable", "Nothing of 'föhr-full' can be booked"),
        ([], exclude(region="Nordsee") | {"valid_from": "2027-04-01T00:00:00Z"}, "outside_validity", "not valid"),
        ([], pin(1, departure_id="föhr-may"), "no_difference", "the same without it"),
        ([], at_most(1), "no_difference", "the same without it"),
        ([exclude(family_id="prag")], pin(1, family_id="prag"), "shadowed", "Other rules come before it"),
        ([pin(1, departure_id="prag-may")], pin(1, departure_id="prag-brno-may"), "shadowed", "Other rules"),
    ],
)  # fmt: skip
def test_why_a_rule_does_nothing(others, rule, why, words):
    effect = previewed(others, [rule]).rules[-1]
    assert (effect.lists_changed, effect.no_effect.kind) == (0, why)
    assert words in effect.no_effect.text


def test_a_rule_to_come_is_tried_at_its_own_moment():
    found = previewed(proposed=[exclude(region="Nordsee") | {"valid_from": NOW}], at=NOW)
    assert found.lists_changed == 2


def test_the_reason_of_a_pinned_tour():
    told = {"operator": "Nordlicht Reisen", "language": "de"}
    bare, personal = (
        Reason(kind=kind, text="…", evidence={"times": 2}) for kind in ("programme", "own_history")
    )
    assert reason_by_rules(bare, (), pinned=False, **told) is bare
    pinned = reason_by_rules(bare, (4,), pinned=True, **told)
    assert (pinned.kind, pinned.text) == ("operator_pick", "Empfehlung von Nordlicht Reisen.")
    assert pinned.evidence == {"times": 2, "rules": [4]}
    assert reason_by_rules(bare, (4,), pinned=True, operator="N", language="en").text == "Recommended by N."
    own = reason_by_rules(personal, (4,), pinned=True, **told)
    assert (own.kind, own.text, own.evidence["rules"]) == ("own_history", "…", [4])
    assert reason_by_rules(bare, (4,), pinned=False, **told).kind == "programme"

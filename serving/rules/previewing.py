"""What rules would do, by doing it: the lists of some visitors before and after, with and without each rule."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from activity_log.catalogue import Catalogue
from activity_log.rules.keeping import Rule
from serving.languages import Language
from serving.offers import Offer
from serving.replies import RecommendedTour
from serving.rules.in_force import InForce, Shelf, rules_in_force
from serving.rules.replies import (
    NoEffect,
    Place,
    RuleEffect,
    RulesPreview,
    TourChange,
    VisitorLists,
    target_of,
)
from serving.rules.wording import no_effect

Lists = list[list[RecommendedTour]]
RecommendWithRules = Callable[[str | None, InForce], Sequence[RecommendedTour]]
"""The list of a customer (None: an anonymous visitor) as it would be by these rules."""


@dataclass(frozen=True)
class Question:
    """What is to be previewed: the rules now, those proposed beside them, and those to be taken back.

    at: the moment whose rules count. offers: what anybody can book.
    """

    existing: Sequence[Rule]
    proposed: Sequence[Rule]
    withdrawn: frozenset[int]
    catalogue: Catalogue
    offers: Sequence[Offer]
    at: datetime

    @property
    def after(self) -> list[Rule]:
        """The rules as they would be, in the order of creation."""
        return [rule for rule in self.existing if rule.rule_id not in self.withdrawn] + list(self.proposed)

    def in_force(self, rules: Iterable[Rule]) -> InForce:
        """Return what some rules mean at the moment asked for."""
        return rules_in_force(rules, self.catalogue, self.at)


def preview(
    recommend_with_rules: RecommendWithRules,
    visitors: Sequence[str | None],
    question: Question,
    language: Language,
    progress: Callable[[int, int], None] | None = None,
) -> RulesPreview:
    """Compare the lists of visitors by the rules as they are with those by the rules as they would be.

    What a rule did is found by leaving it out; where that changes nothing, by applying it alone: a rule that works
    alone is shadowed by others. Asks for every visitor's list 2 + 2 * rules times at most.
    progress: called with the number of rules looked at, and of all.
    """
    after = question.after
    made: dict[tuple[int, ...], Lists] = {}

    def lists(rules: Iterable[Rule]) -> Lists:
        chosen = tuple(rules)
        key = tuple(rule.rule_id for rule in chosen)
        if key not in made:
            in_force = question.in_force(chosen)
            made[key] = [list(recommend_with_rules(visitor, in_force)) for visitor in visitors]
        return made[key]

    before_lists, after_lists = lists(question.existing), lists(after)
    effects = []
    for number, rule in enumerate(after, 1):
        effects.append(_effect(rule, question, after_lists, lists, language))
        if progress is not None:
            progress(number, len(after))
    shown = [
        VisitorLists(
            customer_id=visitor, before=_places(before), after=_places(after), changed=_differ(before, after)
        )
        for visitor, before, after in zip(visitors, before_lists, after_lists, strict=True)
    ]
    return RulesPreview(
        at=question.at,
        lists=len(shown),
        lists_changed=sum(one.changed for one in shown),
        visitors=shown,
        tours=_tours(before_lists, after_lists),
        rules=effects,
    )


def _effect(
    rule: Rule,
    question: Question,
    with_all: Lists,
    lists: Callable[[Iterable[Rule]], Lists],
    language: Language,
) -> RuleEffect:
    changed, why = 0, _at_a_glance(rule, question, language)
    if why is None:
        without = lists(one for one in question.after if one.rule_id != rule.rule_id)
        changed = sum(_differ(*pair) for pair in zip(without, with_all, strict=True))
        if not changed:
            alone = any(_differ(*pair) for pair in zip(lists([]), lists([rule]), strict=True))
            why = no_effect("shadowed" if alone else "no_difference", rule, language)
    return RuleEffect(
        rule_id=rule.rule_id,
        kind=rule.kind,
        target=target_of(rule),
        proposed=rule in question.proposed,
        lists_changed=changed,
        no_effect=why,
    )


def _at_a_glance(rule: Rule, question: Question, language: Language) -> NoEffect | None:
    """Return why a rule can have no effect, as far as the catalogue and the calendar say so."""
    if not rule.is_in_force(question.at):
        return no_effect("outside_validity", rule, language)
    if rule.target is None:
        return None
    shelf = Shelf(question.catalogue)
    reach = shelf.reach(rule)
    if not reach.all_families():
        return no_effect("unknown_target", rule, language, shelf.names(rule.target_kind or ""))
    if not any(reach.covers(offer) for offer in question.offers):
        return no_effect("not_bookable", rule, language)
    return None


def _tours(before: Lists, after: Lists) -> list[TourChange]:
    places: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    names: dict[str, str] = {}
    for side, lists in enumerate((before, after)):
        for tour in (one for found in lists for one in found):
            places[tour.tour_id][side].append(tour.position)
            names[tour.tour_id] = tour.name
    changes = [
        TourChange(
            tour_id=tour_id,
            name=names[tour_id],
            lists_before=len(was),
            lists_after=len(now),
            place_before=_mean(was),
            place_after=_mean(now),
        )
        for tour_id, (was, now) in places.items()
        if was != now
    ]
    return sorted(changes, key=lambda one: (one.lists_before - one.lists_after, one.tour_id))


def _mean(places: Sequence[int]) -> float | None:
    return round(sum(places) / len(places), 2) if places else None


def _places(tours: Iterable[RecommendedTour]) -> list[Place]:
    return [
        Place(
            position=tour.position,
            tour_id=tour.tour_id,
            departure_id=tour.departure_id,
            name=tour.name,
            rules=list(tour.reason.evidence.get("rules", ())),
        )
        for tour in tours
    ]


def _differ(before: Sequence[RecommendedTour], after: Sequence[RecommendedTour]) -> bool:
    shown = [[(tour.tour_id, tour.departure_id) for tour in tours] for tours in (before, after)]
    return shown[0] != shown[1]

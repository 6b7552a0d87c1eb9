"""Rules in words: why a suggestion stands where it does, and why a rule does nothing."""

from collections.abc import Collection
from difflib import get_close_matches

from activity_log.rules.keeping import Rule
from serving.languages import Language
from serving.replies import Reason
from serving.rules.replies import NoEffect, Why

OPERATOR_PICK = "operator_pick"
IMPERSONAL = frozenset({"programme", "next_departures"})
"""Reasons that say of a tour only that it is on sale: a pinned one's is that the operator recommends it."""


def reason_by_rules(
    reason: Reason, rules: tuple[int, ...], *, pinned: bool, operator: str, language: Language
) -> Reason:
    """Name the rules that had a part in a suggestion's place, in the evidence of its reason.

    The model's own reason stays, since it is true of the tour wherever it stands. A pinned tour that has none is
    recommended by the operator.
    """
    if not rules:
        return reason
    evidence = {**reason.evidence, "rules": list(rules)}
    if not pinned or reason.kind not in IMPERSONAL:
        return Reason(kind=reason.kind, text=reason.text, evidence=evidence)
    text = {"de": f"Empfehlung von {operator}.", "en": f"Recommended by {operator}."}[language]
    return Reason(kind=OPERATOR_PICK, text=text, evidence=evidence)


def no_effect(why: Why, rule: Rule, language: Language, known: Collection[str] = ()) -> NoEffect:
    """Say why a rule changes nothing. known: the targets there are."""
    text = _WHY[why][language].format(target=rule.target, near=_near(rule.target, known, language))
    return NoEffect(kind=why, text=text)


def _near(target: str | None, known: Collection[str], language: Language) -> str:
    close = get_close_matches(target or "", sorted(known), n=2, cutoff=0.7)
    if not close:
        return ""
    names = {"de": " oder ", "en": " or "}[language].join(f"'{one}'" for one in close)
    return {"de": f" Gemeint sein könnte {names}.", "en": f" Did you mean {names}?"}[language]


_WHY: dict[Why, dict[Language, str]] = {
    "outside_validity": {
        "de": "Die Regel gilt zu diesem Zeitpunkt nicht.",
        "en": "The rule is not valid at this moment.",
    },
    "unknown_target": {
        "de": "Im Katalog gibt es '{target}' nicht.{near}",
        "en": "The catalogue has no '{target}'.{near}",
    },
    "not_bookable": {
        "de": "Von '{target}' ist im Augenblick nichts buchbar.",
        "en": "Nothing of '{target}' can be booked at the moment.",
    },
    "shadowed": {
        "de": "Andere Regeln kommen ihr zuvor: für sich allein würde sie Listen ändern.",
        "en": "Other rules come before it: alone it would change lists.",
    },
    "no_difference": {
        "de": "Die gezeigten Listen sind ohne sie dieselben.",
        "en": "These lists are the same without it.",
    },
}

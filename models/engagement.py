"""EngagementScore: one number from 0 to 100 of how close a customer is to the operator, and the parts it is made of.

Each part is a share from 0 (worst) to 1 (best); the score is their weighted mean, times a hundred. What is not known
has no part: the weights of the others count for more, and `known` says how much of the whole they are.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Part = Literal["staying", "response", "satisfaction", "nps"]

WEIGHTS: Mapping[Part, float] = {"staying": 0.35, "response": 0.25, "satisfaction": 0.2, "nps": 0.2}

LEAST_KNOWN = 0.25
"""Below this share of the weights there is no score: a single rating does not make an engagement."""

USUAL_READING, DOUBT = 0.4, 2.0
"""A reading rate is drawn towards the usual one by so many messages: one letter unread says little."""


class PartOfScore(NamedTuple):
    """One part: its share (0-1), its weight among the known, and the figures of the log it rests on."""

    kind: Part
    share: float
    weight: float
    evidence: dict[str, Any]


class Engagement(NamedTuple):
    """score: 0-100, None where too little is known. known: share (0-1) of the weights that parts are known for."""

    score: float | None
    known: float
    parts: tuple[PartOfScore, ...]


def engagement(known: Mapping[str, Any], churn_probability: float | None) -> Engagement:
    """Return the score of a customer's features; churn_probability: None where no model has spoken."""
    found = [part for part in (_staying(churn_probability), *_told(known)) if part is not None]
    weight = sum(WEIGHTS[kind] for kind, _, _ in found)
    parts = tuple(
        PartOfScore(kind, round(share, 4), round(WEIGHTS[kind] / weight, 4), evidence)
        for kind, share, evidence in found
    )
    if weight < LEAST_KNOWN:
        return Engagement(None, round(weight, 4), parts)
    score = 100 * sum(share * WEIGHTS[kind] for kind, share, _ in found) / weight
    return Engagement(round(score, 1), round(weight, 4), parts)


_Found = tuple[Part, float, dict[str, Any]]


def _staying(probability: float | None) -> _Found | None:
    return None if probability is None else ("staying", 1 - probability, {"churn_probability": probability})


def _told(known: Mapping[str, Any]) -> list[_Found | None]:
    sent, rate = known.get("messages_delivered_365d") or 0, known.get("read_rate_365d")
    rating, nps = known.get("average_satisfaction"), known.get("last_nps")
    response: _Found | None = None
    if sent and rate is not None:
        share = (rate * sent + USUAL_READING * DOUBT) / (sent + DOUBT)
        response = ("response", share, {"messages_delivered_365d": sent, "read_rate_365d": rate})
    return [
        response,
        None if rating is None else ("satisfaction", (rating - 1) / 4, {"average_satisfaction": rating}),
        None if nps is None else ("nps", nps / 10, {"last_nps": nps}),
    ]

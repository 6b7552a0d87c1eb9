"""How likely two profiles are one person: a Fellegi-Sunter sum of weights with three classes of pairs.

Two people of one household share surname, postcode, phone and often e-mail, so "one person or not" is the wrong
question: the fields are far from independent among those who are not one. As Winkler does, we tell three classes
apart: one person, two people of one household, strangers. For each field and each `Agreement` the model states how
often it is seen in each class (`ODDS`), and by Bayes

    P(one person | agreements) = prior_person * prod(person) / sum over classes of prior * prod(class).

Strangers agree on a value as often as others have it: on Müller more often than on Oelkers, on an info@ address of
3,000 people more often than on one's own. That share is counted among the operator's own profiles, both of the pair
left out, mixed with `BELIEVED_PROFILES` profiles as one believes them to be, which steadies it in small operators.

The stated figures are judgement, not fitted; how well they do is measured in the tests.

Sources: Fellegi and Sunter, "A Theory for Record Linkage", JASA 64 (1969); Winkler, "Advanced Methods for Record
Linkage", US Census Bureau RR94/05 (1994), for the household class and for rare values; Larsen and Rubin, "Iterative
Automated Record Linkage Using Mixture Models", JASA 96 (2001).
"""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from activity_log.duplicates.comparing import Agreement, Compared
from activity_log.duplicates.profiles import Codes, Profiles

Chances = npt.NDArray[np.float64]

DUPLICATED = 0.03
"""Share of profiles that have a second one, in a tended address book; untended ones have two or three times it."""

RELATED = 0.30
"""Pairs of one household per profile: most people know one other customer at home, or none."""

LEAST_POPULATION = 1_000
"""In a smaller operator, two of one name are no less a coincidence than among so many."""


class Level(StrEnum):
    """How sure one may be. Merging stays a person's decision at every level."""

    CERTAIN = "certain"
    """At least 99 %: something that even a household does not share agrees, such as name and birth date."""
    LIKELY = "likely"
    """At least 80 %: ask one question on the phone and merge. Same name and e-mail, birth date unknown."""
    POSSIBLE = "possible"
    """At least 20 %: look twice. A father and son of one name are here at most."""
    UNLIKELY = "unlikely"
    """Less. Couples and strangers who share a contact."""

    @property
    def least_score(self) -> float:
        """The probability from which on a pair is at this level."""
        return _LEAST_SCORES[self]


_LEAST_SCORES = {Level.CERTAIN: 0.99, Level.LIKELY: 0.8, Level.POSSIBLE: 0.2, Level.UNLIKELY: 0.0}


def level_of(score: float) -> Level:
    """Return the highest level that a probability reaches."""
    return next(level for level in Level if score >= level.least_score)


class Odds(NamedTuple):
    """How often an agreement is seen among pairs that are one person, of one household, strangers."""

    person: float
    household: float
    stranger: float


_A = Agreement
BY_VALUE = 1.0
"""Stands where the chance of strangers is that of the value they share."""

_INITIALS = {_A.INITIAL: Odds(0.97, 0.10, 0.10), _A.OTHER_INITIAL: Odds(0.03, 0.90, 0.90)}
"""Given that one of the two is only an initial; people of one household are called like anybody."""

ODDS: dict[str, dict[Agreement, Odds]] = {
    "given_name": {
        _A.SAME: Odds(0.85, 0.003, BY_VALUE),
        _A.SWAPPED: Odds(0.01, 0.0001, BY_VALUE),
        _A.PART: Odds(0.04, 0.003, 0.003),
        _A.SHORT_FORM: Odds(0.03, 0.003, 0.003),
        _A.SIMILAR: Odds(0.06, 0.010, 0.010),
        _A.DIFFERENT: Odds(0.01, 0.980, 0.970),
        **_INITIALS,
    },
    "family_name": {
        _A.SAME: Odds(0.88, 0.75, BY_VALUE),
        _A.SWAPPED: Odds(0.88, 0.75, BY_VALUE),
        _A.PART: Odds(0.04, 0.05, 0.003),
        _A.SIMILAR: Odds(0.04, 0.01, 0.010),
        _A.DIFFERENT: Odds(0.04, 0.19, 0.980),
        _A.INITIAL: Odds(0.97, 0.80, 0.10),
        _A.OTHER_INITIAL: Odds(0.03, 0.20, 0.90),
    },
    "birth_date": {
        _A.SAME: Odds(0.950, 0.0050, BY_VALUE),  # twins, and dates copied from who booked
        _A.SWAPPED: Odds(0.015, 0.0001, 0.0001),
        _A.SIMILAR: Odds(0.025, 0.0050, 0.0020),
        _A.DIFFERENT: Odds(0.010, 0.9900, 0.9970),
    },
    "email": {
        _A.SAME: Odds(0.55, 0.30, BY_VALUE),
        _A.PART: Odds(0.10, 0.01, BY_VALUE),
        _A.DIFFERENT: Odds(0.35, 0.69, 0.999),
    },
    "phone": {_A.SAME: Odds(0.65, 0.60, BY_VALUE), _A.DIFFERENT: Odds(0.35, 0.40, 0.999)},
    "postcode": {_A.SAME: Odds(0.85, 0.95, BY_VALUE), _A.DIFFERENT: Odds(0.15, 0.05, 0.995)},
}

BELIEVED_PROFILES = 1_000
BELIEVED_SHARES = {
    "given_name": 0.01,
    "family_name": 0.002,
    "birth_date": 1 / 20_000,
    "email": 1e-6,
    "email user": 1e-4,
    "phone": 1e-6,
    "postcode": 0.002,
}
"""Share of German profiles that have a given value, about the middle of those that people have."""


class Weighed(NamedTuple):
    """The probability of each pair to be one person, and to be two of one household."""

    person: Chances
    household: Chances


class Scales:
    """Weighs pairs by how common each value is among these profiles."""

    def __init__(self, profiles: Profiles) -> None:
        self._priors = np.log(_priors(len(profiles)))
        self._tables = {field: _table(odds) for field, odds in ODDS.items()}
        self._shares = {
            "given_name": _shares("given_name", profiles.given),
            "family_name": _shares("family_name", profiles.family),
            "birth_date": _shares("birth_date", np.unique(profiles.birth, return_inverse=True)[1]),
            "email": _shares("email", profiles.email),
            "email user": _shares("email user", profiles.user),
            "phone": _shares("phone", profiles.phone),
            "postcode": _shares("postcode", profiles.postcode),
        }

    def weigh(self, left: Codes, right: Codes, compared: Compared) -> Weighed:
        """Weigh pairs of rows by how far they agree."""
        logs = np.tile(self._priors, (len(left), 1))
        for field, agreements in compared._asdict().items():
            logs += self._tables[field][agreements]
            logs[:, 2] += self._log_share(field, left, right, agreements)
        chances = np.exp(logs - logs.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        return Weighed(chances[:, 0], chances[:, 1])

    def _log_share(self, field: str, left: Codes, right: Codes, agreements: npt.NDArray[np.int8]) -> Chances:
        """Return the log chance of strangers to share the value; 0 where they share none."""
        shares = self._shares[field]
        share = np.maximum(shares[left], shares[right])
        if field == "email":
            users = self._shares["email user"]
            share = np.where(agreements == Agreement.PART, np.maximum(users[left], users[right]), share)
        by_value = [agreement for agreement, odds in ODDS[field].items() if odds.stranger == BY_VALUE]
        return np.where(np.isin(agreements, by_value), np.log(share), 0.0)


def _priors(profiles: int) -> Chances:
    """Return how often a pair taken at random is one person, of one household, strangers."""
    others = max(profiles, LEAST_POPULATION) - 1
    person, household = 2 * DUPLICATED / others, 2 * RELATED / others
    return np.array([person, household, 1 - person - household])


def _table(odds: dict[Agreement, Odds]) -> Chances:
    """Return the logs of the odds by agreement; what says nothing is 0."""
    table = np.zeros((len(Agreement), 3))
    for agreement, chances in odds.items():
        table[agreement] = np.log(chances)
    return table


def _shares(field: str, codes: Codes) -> Chances:
    """Return for each row how often other people have its value, the two of a pair left out."""
    others = np.maximum(np.bincount(codes, minlength=1)[codes] - 2, 0)
    believed = BELIEVED_SHARES[field] * BELIEVED_PROFILES
    shares: Chances = (others + believed) / (max(len(codes) - 2, 0) + BELIEVED_PROFILES)
    return shares

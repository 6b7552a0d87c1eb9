"""Finding the possible duplicates of an operator."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection

from activity_log import merging
from activity_log.duplicates.blocking import Pairs, TooCommon, all_blocks, candidates
from activity_log.duplicates.comparing import Agreement, compare
from activity_log.duplicates.evidence import Evidence, evidence_of
from activity_log.duplicates.profiles import Codes, Profiles, read_profiles
from activity_log.duplicates.weighing import Chances, Level, Scales, level_of

Progress = Callable[[float, float | None], object]

_DIGITS_OF_A_SCORE = 6


@dataclass(frozen=True)
class DuplicatePair:
    """Two customers, `first` by the lesser id, who may be one person.

    score: the probability that they are, in 0..1 (see `weighing`). household: more likely two of one household.
    evidence: what agrees, wholly or nearly. against: what differs. Neither names a value.
    """

    first: str
    second: str
    score: float
    level: Level
    household: bool
    evidence: tuple[Evidence, ...]
    against: tuple[Evidence, ...]


@dataclass(frozen=True)
class Findings:
    """The pairs found, most likely first, and how thoroughly was looked.

    found: pairs of the asked score, also those beyond the limit. compared: comparisons made among `profiles`.
    too_common: values so common that people were not compared for them alone.
    """

    pairs: tuple[DuplicatePair, ...]
    found: int
    profiles: int
    compared: int
    too_common: tuple[TooCommon, ...]


def find_duplicates(
    connection: Connection,
    operator_id: str,
    *,
    least_score: float = Level.LIKELY.least_score,
    limit: int | None = None,
    except_pairs: Iterable[Collection[str]] = (),
    region: str = "DE",
    progress: Progress = lambda _done, _total: None,
) -> Findings:
    """Return pairs of an operator's customers who may be one person, the most likely first.

    Who was merged away is part of somebody else already and is not looked at. except_pairs: customer ids, two by
    two, who are not to be offered; see `known_apart`. region: where phone numbers without
    country code are. progress is called with the steps done and in all.
    """
    profiles = read_profiles(
        connection,
        operator_id,
        without=merging.merged_away(connection, operator_id),
        region=region,
        progress=lambda done: progress(done, None),
    )
    blocks = all_blocks(profiles)
    search = _Search(profiles, least_score, except_pairs)
    to_compare = sum(one.pairs for one in blocks)
    for pairs in (pairs for one in blocks for pairs in candidates(one)):
        search.look_at(pairs)
        progress(len(profiles) + search.compared, len(profiles) + to_compare)
    too_common = tuple(said for one in blocks for said in one.too_common)
    return search.findings(limit, too_common)


class _Hits(NamedTuple):
    """Pairs of a sufficient score. `codes`: left row * profiles + right row."""

    codes: Codes
    scores: Chances
    households: Chances


class _Search:
    """Weighs pairs and keeps those of a sufficient score."""

    def __init__(
        self, profiles: Profiles, least_score: float, except_pairs: Iterable[Collection[str]]
    ) -> None:
        self._profiles, self._least_score = profiles, least_score
        self._scales = Scales(profiles)
        self._excepted = _codes(profiles, except_pairs)
        self._hits = [_Hits(np.empty(0, np.int64), np.empty(0), np.empty(0))]
        self.compared = 0

    def look_at(self, pairs: Pairs) -> None:
        """Weigh pairs. One that was seen before changes nothing."""
        self.compared += len(pairs.left)
        weighed = self._scales.weigh(*pairs, compare(self._profiles, *pairs))
        scores = weighed.person.round(_DIGITS_OF_A_SCORE)
        codes = pairs.left * len(self._profiles) + pairs.right
        kept = (scores >= self._least_score) & ~np.isin(codes, self._excepted)
        self._hits.append(_Hits(codes[kept], scores[kept], weighed.household[kept]))

    def findings(self, limit: int | None, too_common: tuple[TooCommon, ...]) -> Findings:
        """Return what was found, the likeliest first, equally likely ones by customer id."""
        codes, scores, households = (np.concatenate(columns) for columns in zip(*self._hits, strict=True))
        different, places = np.unique(codes, return_index=True)
        best = places[np.lexsort((different, -scores[places]))[:limit]]
        pairs = self._pairs(_Hits(codes[best], scores[best], households[best]))
        return Findings(pairs, len(different), len(self._profiles), self.compared, too_common)

    def _pairs(self, hits: _Hits) -> tuple[DuplicatePair, ...]:
        left, right = hits.codes // len(self._profiles), hits.codes % len(self._profiles)
        compared = compare(self._profiles, left, right)
        ids = self._profiles.customer_ids
        return tuple(
            _pair(
                ids[one], ids[other], score, household, dict(zip(compared._fields, agreements, strict=True))
            )
            for one, other, score, household, *agreements in zip(
                left.tolist(),
                right.tolist(),
                hits.scores.tolist(),
                hits.households.tolist(),
                *compared,
                strict=True,
            )
        )


def _pair(
    first: str, second: str, score: float, household: float, agreements: dict[str, Any]
) -> DuplicatePair:
    evidence = evidence_of({field: Agreement(agreement) for field, agreement in agreements.items()})
    return DuplicatePair(
        first,
        second,
        score,
        level_of(score),
        household > score,
        tuple(one for one in evidence if one.kind != "different"),
        tuple(one for one in evidence if one.kind == "different"),
    )


def _codes(profiles: Profiles, pairs: Iterable[Collection[str]]) -> Codes:
    """Return the codes of pairs of customer ids; pairs with somebody who is not among the profiles are left out."""
    rows = {customer_id: row for row, customer_id in enumerate(profiles.customer_ids)}
    known = [sorted(rows[one] for one in pair) for pair in pairs if all(one in rows for one in pair)]
    return np.array([one * len(rows) + other for one, other in known], dtype=np.int64)

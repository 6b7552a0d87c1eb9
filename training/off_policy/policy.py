"""A challenger against the recommender that was live, on what visitors clicked and booked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd

from activity_log.errors import BusflowError
from models.recommender import Recommender
from models.registry import CHALLENGER, Loaded
from training.metrics import Floats
from training.off_policy.attribution import ATTRIBUTION_WINDOW, outcomes, suggestions_of
from training.off_policy.estimating import DR_SHRUNK, Choices, Estimate, Overlap, estimates, overlap
from training.off_policy.traffic import Counts, choices_left_to_chance, known_then, picks, weighed
from training.workbench import Workbench

JUDGED_BY = DR_SHRUNK
"""Whose gain decides: of the four the smallest error in `benchmarks.off_policy`, at an interval that holds."""

SEED = 7
REWARDS = {"clicks": "clicked", "bookings": "bookings"}
"""What is counted per choice, and the column that tells."""

Verdict = Literal["better", "worse", "no difference shown", "too little overlap"]


class NoTrafficError(BusflowError):
    """Nothing was logged by which the challenger could be judged; the text says what is missing."""


@dataclass(frozen=True)
class Judged:
    """What one kind of reward says: clicks or bookings per choice."""

    overlap: Overlap
    estimates: Mapping[str, Estimate]

    @property
    def verdict(self) -> Verdict:
        """What may be claimed."""
        if self.overlap.refusal:
            return "too little overlap"
        low, high = self.estimates[JUDGED_BY].gain_interval
        return "better" if low > 0 else "worse" if high < 0 else "no difference shown"


@dataclass(frozen=True)
class PolicyReport:
    """How a challenger would have filled the places that were left to chance.

    since: what was shown from then on counts: the challenger has learned from everything before. agreed: share of the
    choices in which it would have put first what the live recommender had first. judged: by kind of reward.
    """

    challenger: str
    since: datetime
    until: datetime
    window: timedelta
    counts: Counts
    agreed: float
    judged: Mapping[str, Judged]

    def as_dict(self) -> dict[str, Any]:
        """Return it for machines; values and intervals of refused rewards are null."""
        return {
            "challenger": self.challenger,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "window_days": self.window.days,
            **self.counts._asdict(),
            "agreed": self.agreed,
            **{name: _judged_dict(judged) for name, judged in self.judged.items()},
        }


def evaluate_policy(
    bench: Workbench, until: datetime, since: datetime | None = None, alias: str = CHALLENGER
) -> PolicyReport:
    """Estimate what a registered recommender would have earned in the last places of the lists shown.

    until: what is known now (exclusive). since: the earliest showing that counts; never before what the challenger
    learned from ended. Raises NoModelError, and NoTrafficError where no choice can be weighed.
    """
    loaded = bench.registry.load(bench.operator.operator_id, "recommender", Recommender.load, alias)
    begin = max(since or loaded.card.as_of, loaded.card.as_of)
    bench.say("following what was shown to clicks and bookings")
    shown = outcomes(suggestions_of(bench.connection, bench.files), bench.facts, until)
    rows, counts = choices_left_to_chance(bench.frame(shown), begin)
    if rows.empty:
        raise NoTrafficError(_what_is_missing(counts, loaded, begin))
    bench.say(
        f"asking {loaded.name} version {loaded.version} what it would have shown in {len(rows):,} places"
    )
    asked = known_then(bench.connection, bench.facts, rows)
    picked = picks(loaded.model, asked, rows["alternatives"].tolist())
    return PolicyReport(
        challenger=f"{loaded.name}/{loaded.version}",
        since=begin,
        until=until,
        window=ATTRIBUTION_WINDOW,
        counts=counts,
        agreed=float((rows["alternatives"].str[0] == pd.Series(picked)).mean()),
        judged={name: _judge(weighed(rows, picked, _reward(rows, name))) for name in REWARDS},
    )


def _reward(rows: pd.DataFrame, name: str) -> Floats:
    reward: Floats = rows[REWARDS[name]].to_numpy(np.float64)
    return reward


def _judge(choices: Choices) -> Judged:
    return Judged(overlap(choices), estimates(choices, SEED))


def _what_is_missing(counts: Counts, loaded: Loaded[Recommender], begin: datetime) -> str:
    name = f"{loaded.name} version {loaded.version}"
    if not counts.drawn:
        return (
            f"{counts.shown} suggestions were shown, none of them by chance: allow it with BUSFLOW_EXPLORE, "
            f"without it {name} can only be compared with itself"
        )
    if counts.before == counts.drawn:
        return (
            f"all {counts.drawn} drawn suggestions were shown before {begin:%Y-%m-%d}, and {name} learned from that "
            "time: train a challenger --as-of an earlier day, or wait"
        )
    return (
        f"of {counts.drawn - counts.before} drawn suggestions since {begin:%Y-%m-%d} {counts.anonymous} were seen by "
        f"visitors who did not sign in, and of {counts.pending} the {ATTRIBUTION_WINDOW.days} days are not over"
    )


def _judged_dict(judged: Judged) -> dict[str, Any]:
    cover = judged.overlap
    told = {} if cover.refusal else {name: _estimate_dict(one) for name, one in judged.estimates.items()}
    return {"verdict": judged.verdict, "refusal": cover.refusal, "overlap": vars(cover), "estimates": told}


def _estimate_dict(one: Estimate) -> dict[str, Any]:
    return {
        "value": one.value,
        "low": one.interval.low,
        "high": one.interval.high,
        "gain": one.gain,
        "gain_low": one.gain_interval.low,
        "gain_high": one.gain_interval.high,
    }

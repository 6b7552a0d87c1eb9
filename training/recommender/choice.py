"""Which rung goes live: the simplest that no rung above it beats beyond doubt."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.recommender import RUNGS, Rung, SeasonPopularity
from models.recommender.contract import Settings
from models.recommender.recommender import Mixing
from training.metrics import Floats
from training.recommender.backtest import Window, judge
from training.recommender.metrics import mean_interval
from training.recommender.spec import RecommenderSpec


@dataclass(frozen=True)
class Candidate:
    """A rung with its settings, as it would answer."""

    rung: type[Rung]
    settings: Settings
    mixing: Mixing


@dataclass(frozen=True)
class Choice:
    """The best candidate of each rung by name, the rung that goes live, and why, in a sentence."""

    candidates: Mapping[str, Candidate]
    live: str
    why: str

    @property
    def mixing(self) -> Mixing:
        """How the live answers are completed."""
        return self.candidates[self.live].mixing


def choose(windows: Sequence[Window], spec: RecommenderSpec) -> Choice:
    """Choose on the validation windows; with too little to compare, season popularity goes live and says so."""
    many_sided = max((window.many_sided for window in windows), default=0)
    compared = len({customer for window in windows for customer in window.judged})
    if min(many_sided, compared) < spec.least_customers:
        defaults = {rung.name: next(_candidates(rung, spec)) for rung in RUNGS}
        return Choice(defaults, SeasonPopularity.name, _too_few(windows, many_sided, compared, spec))
    judged = {rung.name: _best(windows, rung, spec) for rung in RUNGS}
    live, why = climb({name: values for name, (_, values) in judged.items()}, spec.judged_by, spec.seed)
    candidates = {name: candidate for name, (candidate, _) in judged.items()}
    if not candidates[live].rung.complete:
        candidates[live] = _with_party(windows, candidates[live], spec)
    return Choice(candidates, live, why)


def climb(values: Mapping[str, Floats], metric: str, seed: int) -> tuple[str, str]:
    """Return the live rung, and why: a rung is taken if the 95 % interval of its gain is clear of zero.

    values: by rung, simplest first, the metric of the same customers in the same order.
    """
    live, *above = values
    why = f"no other rung beats {live} beyond doubt in {metric} ({len(values[live])} customers judged)"
    for name in above:
        gains = values[name] - values[live]
        interval = mean_interval(gains, seed)
        if interval.low > 0:
            why = (
                f"{name} beats {live} by {gains.mean():.3f} in {metric} (95 % interval {interval.low:.3f} to "
                f"{interval.high:.3f}, {len(gains)} customers judged)"
            )
            live = name
    return live, why


def settle(values: Floats) -> tuple[int, Floats]:
    """Return the best of several candidates, and for each customer what picking it was worth.

    values: (candidates, customers). The best is picked on all customers. What it was worth is told honestly: each
    half of the customers is given the candidate that the other half would pick, so that a rung gains nothing by
    trying more settings (cross-fitting: Chernozhukov et al., Econometrics Journal, 2018).
    """
    half = np.arange(values.shape[1]) % 2
    picks = [int(values[:, half != own].mean(axis=1).argmax()) for own in (0, 1)]
    worth: Floats = np.where(half == 0, values[picks[0]], values[picks[1]])
    return int(values.mean(axis=1).argmax()), worth


def _candidates(rung: type[Rung], spec: RecommenderSpec) -> Iterator[Candidate]:
    for settings in spec.tried[rung.name]:
        for mixing in _mixings(rung, spec):
            yield Candidate(rung, settings, mixing)


def _mixings(rung: type[Rung], spec: RecommenderSpec) -> Sequence[Mixing]:
    """Return what is tried; a rung that is complete is not mixed."""
    return spec.mixings[:1] if rung.complete else spec.mixings


def _best(windows: Sequence[Window], rung: type[Rung], spec: RecommenderSpec) -> tuple[Candidate, Floats]:
    """Return the candidate of a rung that does best on average, and each customer's metric for the comparison."""
    mixings = _mixings(rung, spec)
    judged = [
        pair for settings in spec.tried[rung.name] for pair in _judged(windows, rung, settings, spec, mixings)
    ]
    place, values = settle(np.stack([values for _, values in judged]))
    return judged[place][0], values


def _judged(
    windows: Sequence[Window],
    rung: type[Rung],
    settings: Settings,
    spec: RecommenderSpec,
    mixings: Sequence[Mixing],
) -> Iterator[tuple[Candidate, Floats]]:
    fitted = [rung.fit(window.bookings, settings) for window in windows]
    for mixing in mixings:
        values = [
            judge(window, one, mixing, spec.ks)[spec.judged_by]
            for window, one in zip(windows, fitted, strict=True)
        ]
        yield Candidate(rung, settings, mixing), _per_customer(windows, values)


def _with_party(windows: Sequence[Window], candidate: Candidate, spec: RecommenderSpec) -> Candidate:
    """Return the candidate with the trips of companions in its histories, if that is better beyond doubt."""
    mixing, settings = candidate.mixing, candidate.settings
    weighted = [replace(mixing, party=weight) for weight in spec.party_weights]
    judged = list(_judged(windows, candidate.rung, settings, spec, weighted))
    (first, least), *others = judged
    for other, values in others:
        if mean_interval(values - least, spec.seed).low > 0:
            first, least = other, values
    return first


def _per_customer(windows: Sequence[Window], values: Sequence[Floats]) -> Floats:
    """Return each customer's mean over the windows, in alphabetical order: a customer is one draw, not two."""
    names = [name for window in windows for name in window.judged]
    _, index = np.unique(np.array(names, dtype=object), return_inverse=True)
    means: Floats = np.bincount(index, np.concatenate(values)) / np.bincount(index)
    return means


def _too_few(windows: Sequence[Window], many_sided: int, compared: int, spec: RecommenderSpec) -> str:
    if not windows:
        return "too little history to compare rungs: nobody booked again in a window before the test window"
    if compared < spec.least_customers:
        return f"only {compared} customers booked again; {spec.least_customers} are needed to compare rungs"
    return (
        f"only {many_sided} customers had booked two families or more; {spec.least_customers} are needed "
        "to compare rungs"
    )

"""Which rung goes live: the simplest that no rung above it beats beyond doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.recommender import SeasonPopularity
from training.metrics import Floats
from training.recommender.backtest import Window, over_windows
from training.recommender.metrics import mean_interval
from training.recommender.spec import Candidate, RecommenderSpec


@dataclass(frozen=True)
class Choice:
    """The best candidate of each rung by name, the rung that goes live, and why, in a sentence."""

    candidates: Mapping[str, Candidate]
    live: str
    why: str

    @property
    def season_weight(self) -> float:
        """The season's weight in the live answers."""
        return self.candidates[self.live].season_weight


def choose(windows: Sequence[Window], spec: RecommenderSpec) -> Choice:
    """Climb the ladder on the validation windows: a rung is taken if its gain's 95 % interval is clear of zero."""
    ladder = spec.ladder()
    many_sided = max((window.many_sided for window in windows), default=0)
    if many_sided < spec.least_customers:
        return Choice({name: rungs[0] for name, rungs in ladder.items()}, SeasonPopularity.name,
                      _too_few(windows, many_sided, spec))  # fmt: skip
    judged = {name: _best(windows, rungs, spec) for name, rungs in ladder.items()}
    candidates = {name: candidate for name, (candidate, _) in judged.items()}
    live, why = _climb({name: values for name, (_, values) in judged.items()}, spec)
    return Choice(candidates, live, why)


def _best(
    windows: Sequence[Window], candidates: Sequence[Candidate], spec: RecommenderSpec
) -> tuple[Candidate, Floats]:
    judged = [(candidate, over_windows(windows, candidate, spec)[1]) for candidate in candidates]
    return max(judged, key=lambda pair: pair[1].mean())


def _climb(values: Mapping[str, Floats], spec: RecommenderSpec) -> tuple[str, str]:
    live, *above = values
    why = f"no rung above it beats season popularity beyond doubt ({len(values[live])} customers judged)"
    for name in above:
        gains = values[name] - values[live]
        gain, interval = float(gains.mean()), mean_interval(gains, spec.seed)
        if interval.low > 0:
            why = (
                f"{name} beats {live} by {gain:.3f} in {spec.judged_by} (95 % interval {interval.low:.3f} to "
                f"{interval.high:.3f}, {len(gains)} customers judged before the test window)"
            )
            live = name
    return live, why


def _too_few(windows: Sequence[Window], many_sided: int, spec: RecommenderSpec) -> str:
    if not windows:
        return "too little history to compare rungs: nobody booked again in a window before the test window"
    return (
        f"only {many_sided} customers had booked two families or more, {spec.least_customers} are needed "
        "to compare rungs"
    )

"""Whether the off-policy estimates tell the truth: a world whose truth is known, logged with our own exploring.

Visitors come from two kinds of taste; the logging recommender knows half of it. Each list's last place is drawn by
`models.recommender.exploring`, and the click chance of every family for every visitor is known. The challenger's true
value, its exact mean over the world's visitors, stands beside what the estimators say, and beside the naive answer:
how often visitors clicked where both recommenders agreed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.figure import Bound, Figure
from benchmarks.sizes import Sizes
from models.recommender.exploring import CHOICES, chances
from training.off_policy.estimating import ESTIMATORS, Choices, estimates, overlap
from training.off_policy.rewards import expected_rewards

WORLDS = 200
SHARE = 0.3
FAMILIES, ABOVE = 24, 4
LISTS = 10_000


@dataclass(frozen=True)
class World:
    """Visitors (rows) and families: click chances, and how the two recommenders rank the last place's candidates."""

    click: np.ndarray
    candidates: np.ndarray
    challenger: np.ndarray

    @property
    def truth(self) -> float:
        """The challenger's click chance in the last place, over all visitors."""
        return float(self.click[np.arange(len(self.click)), self.challenger].mean())

    @property
    def logging_truth(self) -> float:
        """The logging policy's own."""
        each = np.take_along_axis(self.click, self.candidates, axis=1)
        return float((each @ chances(CHOICES, SHARE)).mean())


def draw_world(seed: int, visitors: int = 40_000) -> World:
    """Draw tastes, click chances of 2 to 25 %, and two rankings that know different parts of them."""
    generator = np.random.default_rng(seed)
    liked, kind = generator.normal(size=(2, FAMILIES)), generator.integers(0, 2, visitors)
    own = generator.normal(size=(visitors, FAMILIES))
    logit = -2.9 + 0.5 * liked[kind] + 0.5 * own
    click = 1.0 / (1.0 + np.exp(-logit))
    popular = liked.mean(axis=0) + 0.4 * own + generator.normal(0, 0.3, (visitors, FAMILIES))
    order = np.argsort(-popular, axis=1)
    candidates = order[:, ABOVE : ABOVE + CHOICES]
    knows_kind = 0.6 * liked[kind] + 0.3 * own + generator.normal(0, 0.3, (visitors, FAMILIES))
    best = np.take_along_axis(knows_kind, candidates, axis=1).argmax(axis=1)
    return World(click, candidates, candidates[np.arange(visitors), best])


@dataclass(frozen=True)
class Told:
    """What one log said of a world, by estimator: errors against the truth, and whether the interval held it."""

    errors: Mapping[str, float]
    held: Mapping[str, bool]
    gain_held: Mapping[str, bool]
    naive: float
    effective: float


def log_and_estimate(world: World, lists: int, seed: int, resamples: int = 400) -> Told:
    """Let some visitors come, each with one to three lists, and estimate."""
    choices, same = logged(world, lists, seed)
    told = estimates(choices, seed, resamples)
    gain = world.truth - world.logging_truth
    return Told(
        errors={name: told[name].value - world.truth for name in ESTIMATORS},
        held={name: _in(told[name].interval, world.truth) for name in ESTIMATORS},
        gain_held={name: _in(told[name].gain_interval, gain) for name in ESTIMATORS},
        naive=float(choices.reward[same].mean() - world.truth) if same.any() else np.nan,
        effective=overlap(choices).effective,
    )


def logged(world: World, lists: int, seed: int) -> tuple[Choices, np.ndarray]:
    """Return logged choices, and where both recommenders agreed on what was shown."""
    generator = np.random.default_rng(seed)
    visitors = generator.integers(0, len(world.click), lists // 2)
    row = np.repeat(visitors, generator.integers(1, 4, len(visitors)))[:lists]
    probabilities = chances(CHOICES, SHARE)
    place = generator.choice(CHOICES, size=len(row), p=probabilities)
    action, wanted = world.candidates[row, place], world.challenger[row]
    reward = (generator.random(len(row)) < world.click[row, action]).astype(np.float64)
    modelled = expected_rewards(row, action.astype(str).tolist(), wanted.astype(str).tolist(), reward)
    same = action == wanted
    return Choices(row, probabilities[place], same.astype(np.float64), reward, *modelled), same


def steps(_sizes: Sizes) -> list[tuple[str, Callable[[], list[Figure]]]]:
    """Return what `python -m benchmarks off_policy` measures."""
    return [(f"off-policy estimates of {WORLDS} logs of {LISTS:,} lists", _figures)]


def _figures() -> list[Figure]:
    worlds = [draw_world(seed, 8_000) for seed in range(WORLDS)]
    told = [log_and_estimate(world, LISTS, 1_000 + seed) for seed, world in enumerate(worlds)]
    truth = float(np.mean([world.truth for world in worlds]))
    naive = abs(float(np.mean([one.naive for one in told])))
    effective = float(np.mean([one.effective for one in told]))
    figures = [
        Figure("off-policy: true clicks per place of the challenger", "clicks", truth),
        Figure("off-policy: effective sample size", "choices", effective),
        Figure("off-policy: bias of the naive answer", "clicks", naive),
    ]
    return figures + [figure for name in ESTIMATORS for figure in _of_estimator(name, told, naive)]


def _of_estimator(name: str, told: Sequence[Told], naive: float) -> list[Figure]:
    errors = np.array([one.errors[name] for one in told])
    held = float(np.mean([one.held[name] for one in told]))
    gain_held = float(np.mean([one.gain_held[name] for one in told]))
    bias, error = abs(float(errors.mean())), float(np.sqrt((errors**2).mean()))
    return [
        Figure(f"off-policy {name}: bias", "clicks", bias, naive, "the naive answer's", 0.5, Bound.AT_MOST),
        Figure(f"off-policy {name}: root mean squared error", "clicks", error),
        Figure(f"off-policy {name}: 95 % intervals that hold the truth", "share", held, bound=0.9),
        Figure(f"off-policy {name}: intervals of the gain that do", "share", gain_held, bound=0.9),
    ]


def _in(interval: tuple[float, float], value: float) -> bool:
    return interval[0] <= value <= interval[1]

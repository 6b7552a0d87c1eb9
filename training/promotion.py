"""The promotion gate: a challenger goes live only if it is better with confidence, calibrated, and fair to all.

Why these rules and no others: docs/adr/0021-one-gate.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist
from typing import NamedTuple

from activity_log.errors import BusflowError, WrongUseError
from feature_repo.watching.checking import named
from feature_repo.watching.findings import Finding
from models.card import Task
from models.registry import CHALLENGER, CHAMPION, ModelRegistry
from training.lifecycle.challenger import COMPARED_WITH, REFRESH
from training.report import Gain, Report
from training.slices import EVERYBODY

MANY_CUSTOMERS = 500
"""From so many customers in the test on, a model that is better must show it."""
CONFIDENCE = 0.95


class PromotionRefusedError(BusflowError):
    """The challenger is not good enough; the text says by which figure."""


class Ruling(NamedTuple):
    """What one rule says. found: the figure; asked: what it is held against."""

    rule: str
    passed: bool
    found: str
    asked: str


@dataclass(frozen=True)
class Verdict:
    """What all rules say of a challenger."""

    rulings: tuple[Ruling, ...]

    @property
    def promoted(self) -> bool:
        """Whether it may go live."""
        return all(ruling.passed for ruling in self.rulings)

    @property
    def reason(self) -> str:
        """The rules that refuse; where none does, what spoke for it."""
        refused = [ruling for ruling in self.rulings if not ruling.passed]
        return "; ".join(f"{one.rule}: {one.found}" for one in refused or self.rulings)


class Standing(NamedTuple):
    """How a challenger stands to the model that is live. live: its version, None: there is none.

    compared_with: the version that was live when the challenger was trained. refresh: the recipes are equal.
    """

    live: str | None = None
    compared_with: str | None = None
    refresh: bool = False


FIRST = Standing()


def judge(report: Report, standing: Standing = FIRST, breaches: Sequence[Finding] = ()) -> Verdict:
    """Judge a challenger by all rules."""
    return Verdict(
        (
            _simple_rules(report, first=standing.live is None),
            _champion(report, standing),
            *_limits(report),
            _slices(report),
            _features(breaches),
        )
    )


def _simple_rules(report: Report, *, first: bool) -> Ruling:
    rule, asked = "better than the best simple rule", "the whole 95 % interval above zero"
    if report.baseline is None:
        return Ruling(rule, True, "the simplest rule is what answers, or nothing could be measured", asked)
    gain = report.gain(report.baseline)
    if gain is None:
        return Ruling(rule, False, f"no gain over {report.baseline} was measured", asked)
    if gain.low > 0:
        return Ruling(rule, True, _told(gain), asked)
    few = first and gain.customers < MANY_CUSTOMERS and gain.value >= 0 and gain.high > 0
    if few:
        found = f"{_told(gain)}: too few customers to be sure, and it is the first model"
        return Ruling(
            rule, True, found, f"of {MANY_CUSTOMERS} customers and more, {asked}; of fewer, not below zero"
        )
    return Ruling(rule, False, _told(gain), asked)


def _champion(report: Report, standing: Standing) -> Ruling:
    rule, asked = "better than the champion", "the whole 95 % interval above zero"
    if standing.live is None:
        return Ruling(rule, True, "none is live", asked)
    if standing.compared_with != standing.live:
        found = f"compared with version {standing.compared_with or 'none'}, but {standing.live} is live: train again"
        return Ruling(rule, False, found, asked)
    if standing.refresh:
        return Ruling(rule, True, "the same recipe on newer data: there is nothing to compare", asked)
    gain = report.gain(report.champion) if report.champion else None
    if gain is None:
        return Ruling(rule, False, "its recipe could not be fitted, so nothing was compared", asked)
    return Ruling(rule, gain.low > 0, _told(gain), asked)


def _limits(report: Report) -> Iterator[Ruling]:
    for limit in report.limits:
        of = "" if limit.slice == EVERYBODY else f" of {limit.slice}"
        yield Ruling(f"{limit.metric}{of}", limit.holds, f"{limit.value:.4f}", f"at most {limit.at_most:.4f}")


def _slices(report: Report) -> Ruling:
    """Refuse where a slice is worse beyond doubt, with all slices looked at together (Bonferroni)."""
    judged = [gain for gain in report.gains if gain.slice != EVERYBODY and gain.metric == report.judged_by]
    rule = "no slice is served worse"
    if not judged:
        return Ruling(
            rule, True, "no slice was judged: the task knows none, or each has too few customers", ""
        )
    asked = f"no interval below zero, {CONFIDENCE:.0%} for all {len(judged)} together"
    behind = [gain for gain in judged if widened(gain, len(judged)) < 0]
    if behind:
        return Ruling(rule, False, "; ".join(f"{gain.slice}: {_told(gain)}" for gain in behind), asked)
    doubtful = [gain.slice for gain in judged if gain.high < 0]
    found = f"none of {len(judged)}" + (f"; to be watched: {', '.join(doubtful)}" if doubtful else "")
    return Ruling(rule, True, found, asked)


def widened(gain: Gain, comparisons: int) -> float:
    """Return the upper end of a gain's interval, widened so that of many comparisons none fails by chance.

    The interval of 95 % is stretched as that of a normal distribution would be (Bonferroni: Dunn 1961).
    """
    normal = NormalDist()
    alone = normal.inv_cdf((1 + CONFIDENCE) / 2)
    together = normal.inv_cdf(1 - (1 - CONFIDENCE) / 2 / comparisons)
    return gain.value + (gain.high - gain.value) * together / alone


def _features(breaches: Sequence[Finding]) -> Ruling:
    found = named(breaches) if breaches else "as defined, and as learned from"
    return Ruling("features are as they should be", not breaches, found, "no breach")


def _told(gain: Gain) -> str:
    return (
        f"{gain.metric} {gain.value:+.4f} over {gain.rival} (95 % interval {gain.low:+.4f} to {gain.high:+.4f}, "
        f"{gain.customers:,} customers)"
    )


@dataclass(frozen=True)
class Case:
    """A challenger at the gate. live: the version that is live, None if none is."""

    task: Task
    version: str
    live: str | None
    verdict: Verdict


def examine(registry: ModelRegistry, operator_id: str, task: Task, breaches: Sequence[Finding] = ()) -> Case:
    """Judge the challenger of a task, and change nothing. Raises PromotionRefusedError if there is none."""
    version = registry.version(operator_id, task, CHALLENGER)
    if version is None:
        raise PromotionRefusedError(f"operator '{operator_id}' has no {task} challenger: train one first")
    report = registry.load(operator_id, task, Report.load, CHALLENGER).model
    live = registry.version(operator_id, task, CHAMPION)
    tags = registry.tags(operator_id, task, version)
    standing = (
        FIRST if live == version else Standing(live, tags.get(COMPARED_WITH), tags.get(REFRESH) == "yes")
    )
    return Case(task, version, live, judge(report, standing, breaches))


def promote(
    registry: ModelRegistry,
    operator_id: str,
    task: Task,
    now: datetime,
    *,
    by: str,
    breaches: Sequence[Finding] = (),
    force: bool = False,
    why: str = "",
) -> str:
    """Make the challenger the champion and return its version; promoting the champion again changes nothing.

    by: who does it. breaches: of the features that the challenger reads, as `training.watching.breaches_for` finds
    them. force: whatever the gate says; why: is then needed. Raises PromotionRefusedError if the gate says no or
    there is no challenger.
    """
    if force and not why:
        raise WrongUseError("--force needs --why: say in a sentence why the gate is overruled")
    case = examine(registry, operator_id, task, breaches)
    verdict = case.verdict
    if not verdict.promoted and not force:
        raise PromotionRefusedError(
            f"{task} challenger {case.version} stays out: {verdict.reason}; "
            "--force with --why promotes it all the same"
        )
    if case.live == case.version:
        registry.settle(operator_id, task)
        return case.version
    forced = force and not verdict.promoted
    reason = f"{why} (the gate refused: {verdict.reason})" if forced else why or verdict.reason
    registry.promote(operator_id, task, case.version, now, by=by, why=reason, forced=forced)
    return case.version

"""The promotion gate: a challenger goes live only if it beats the simple rules, and reads features that are sound."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from activity_log.errors import BusflowError
from feature_repo.watching.checking import named
from feature_repo.watching.findings import Finding
from models.card import Task
from models.registry import CHALLENGER, CHAMPION, ModelRegistry


class PromotionRefusedError(BusflowError):
    """The challenger is not good enough; the text says by which figure."""


class Verdict(NamedTuple):
    """Whether a challenger may go live, and why."""

    promoted: bool
    reason: str


def judge(task: Task, metrics: dict[str, float], breaches: Sequence[Finding] = ()) -> Verdict:
    """Judge a challenger by the features it reads, then by the figures of its held-out window.

    Features: none may be in breach of its definition or have drifted from what the challenger learned from. churn:
    its AUC must not be below, and its Brier score not above, that of the best simple rule. recommender: the
    live rung's 95 % interval on the test window must reach season popularity.
    """
    if breaches:
        return Verdict(False, f"features are not as they should be: {named(breaches)}")
    return _judge_recommender(metrics) if task == "recommender" else _judge_churn(metrics)


def _judge_recommender(metrics: dict[str, float]) -> Verdict:
    if "live" not in metrics:
        return Verdict(True, "nobody booked again in the test window; nothing speaks against it")
    live, floor = metrics["live"], metrics["floor"]
    if metrics["live_high"] < floor:
        return Verdict(False, f"the live rung's {live:.3f} is below season popularity's {floor:.3f}")
    return Verdict(True, f"{live:.3f} against {floor:.3f} of season popularity")


def _judge_churn(metrics: dict[str, float]) -> Verdict:
    rules = sorted({name.removesuffix("_auc") for name in metrics if name.endswith("_auc")} - {"test"})
    rival = max(rules, key=lambda rule: metrics[f"{rule}_auc"])
    ours, theirs = metrics["test_auc"], metrics[f"{rival}_auc"]
    if ours < theirs:
        return Verdict(False, f"AUC {ours:.3f} is below that of {rival} ({theirs:.3f})")
    sharpest = min(metrics[f"{rule}_brier"] for rule in rules)
    if metrics["test_brier"] > sharpest:
        return Verdict(
            False, f"Brier score {metrics['test_brier']:.3f} is above a simple rule's ({sharpest:.3f})"
        )
    return Verdict(True, f"AUC {ours:.3f} against {theirs:.3f} of {rival}")


def promote(
    registry: ModelRegistry,
    operator_id: str,
    task: Task,
    now: datetime,
    *,
    breaches: Sequence[Finding] = (),
    force: bool = False,
) -> str:
    """Make the challenger the champion and return its version; promoting the champion again changes nothing.

    breaches: of the features that the challenger reads, as `training.watching.breaches_for` finds them.
    Raises PromotionRefusedError if the gate says no and `force` is not set, or if there is no challenger.
    """
    version = registry.version(operator_id, task, CHALLENGER)
    if version is None:
        raise PromotionRefusedError(f"operator '{operator_id}' has no {task} challenger: train one first")
    verdict = judge(task, registry.metrics(operator_id, task, version), breaches)
    if not verdict.promoted and not force:
        raise PromotionRefusedError(
            f"{task} challenger {version} stays out: {verdict.reason}; --force promotes it all the same"
        )
    if registry.version(operator_id, task, CHAMPION) != version:
        registry.promote(operator_id, task, version, now)
    return version

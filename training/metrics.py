"""How good probabilities are: the metrics, each with its source, and bootstrap intervals over customers."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

ECE_BINS = 10
SURE = 1e-6
"""For the log loss no probability is nearer to 0 or 1."""
RESAMPLES = 500


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


def classification_metrics(labels: Labels, probabilities: Floats) -> dict[str, float]:
    """Return auc, average_precision, brier, ece, log_loss and accuracy (at 0.5) of (n,) probabilities."""
    return {
        "auc": float(roc_auc_score(labels, probabilities)),
        "average_precision": float(average_precision_score(labels, probabilities)),
        "brier": float(brier_score_loss(labels, probabilities)),
        "ece": expected_calibration_error(labels, probabilities),
        "log_loss": float(log_loss(labels, np.clip(probabilities, SURE, 1 - SURE), labels=[0, 1])),
        "accuracy": float(((probabilities >= 0.5) == labels.astype(bool)).mean()),
    }


def expected_calibration_error(labels: Labels, probabilities: Floats, bins: int = ECE_BINS) -> float:
    """Mean gap between forecast and frequency over equal-count bins (Naeini et al. 2015).

    >>> expected_calibration_error(np.array([0, 1, 0, 1]), np.array([0.5, 0.5, 0.5, 0.5]), bins=1)
    0.0
    """
    order = np.argsort(probabilities, kind="stable")
    gaps = [
        abs(labels[part].mean() - probabilities[part].mean()) * len(part)
        for part in np.array_split(order, bins)
        if len(part)
    ]
    return float(sum(gaps) / len(labels))


def auc_gain_interval(labels: Labels, ours: Floats, theirs: Floats, seed: int) -> Interval:
    """95 % interval of our AUC minus theirs: paired percentile bootstrap over rows, one per customer."""
    generator = np.random.default_rng(seed)
    gains = []
    for _ in range(RESAMPLES):
        sample = generator.integers(0, len(labels), len(labels))
        if 0 < labels[sample].sum() < len(sample):
            gains.append(
                roc_auc_score(labels[sample], ours[sample]) - roc_auc_score(labels[sample], theirs[sample])
            )
    low, high = np.percentile(gains, [2.5, 97.5])
    return Interval(float(low), float(high))

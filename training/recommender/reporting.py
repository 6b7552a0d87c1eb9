"""From each customer's metrics to a report: means with intervals, for everybody and by slice."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from training.metrics import Floats, Interval
from training.recommender.metrics import PerCustomer
from training.report import Figure, Gain, Report
from training.slices import EVERYBODY, Mask

RESAMPLES = 500


@dataclass(frozen=True)
class Measured:
    """Each judged customer's metrics by model, and who is in each slice, (customers,)."""

    models: Mapping[str, PerCustomer]
    slices: Mapping[str, Mask]


def report_of(
    empty: Report, measured: Measured, baseline: str | None, champion: str | None, seed: int
) -> Report:
    """Fill a report: all metrics of all models for everybody, the deciding one by slice, and gains."""
    rivals = [name for name in (baseline, champion) if name is not None]
    shown = {empty.model, *rivals}
    figures = [figure for name in measured.models for figure in _figures(measured, name, EVERYBODY, seed)]
    gains: list[Gain] = []
    for name in measured.slices:
        if name != EVERYBODY:
            figures += [
                figure
                for model in sorted(shown)
                for figure in _figures(measured, model, name, seed, only=empty.judged_by)
            ]
        gains += [_gain(measured, empty, rival, name, seed) for rival in rivals]
    filled = {"figures": tuple(figures), "gains": tuple(gains), "baseline": baseline, "champion": champion}
    return empty.model_copy(update=filled)


def mean_intervals(values: Floats, seed: int, resamples: int = RESAMPLES) -> list[Interval]:
    """95 % intervals of the means of (customers, columns) values: percentile bootstrap over customers.

    All columns see the same draws (Efron and Tibshirani, 1993, chapter 13).
    """
    generator, n = np.random.default_rng(seed), len(values)
    draws = np.stack([np.bincount(generator.integers(0, n, n), minlength=n) for _ in range(resamples)])
    low, high = np.percentile(draws @ values / n, [2.5, 97.5], axis=0)
    return [Interval(*bounds) for bounds in zip(low.tolist(), high.tolist(), strict=True)]


def _figures(measured: Measured, model: str, of: str, seed: int, only: str | None = None) -> Iterator[Figure]:
    mask = measured.slices[of]
    metrics = {name: values[mask] for name, values in measured.models[model].items() if only in (None, name)}
    bounds = mean_intervals(np.column_stack(list(metrics.values())), seed)
    for (metric, values), (low, high) in zip(metrics.items(), bounds, strict=True):
        mean = float(values.mean())
        yield Figure(
            model=model, metric=metric, value=mean, low=low, high=high, customers=int(mask.sum()), slice=of
        )


def _gain(measured: Measured, empty: Report, rival: str, of: str, seed: int) -> Gain:
    metric, mask = empty.judged_by, measured.slices[of]
    gained = (measured.models[empty.model][metric] - measured.models[rival][metric])[mask]
    ((low, high),) = mean_intervals(gained[:, None], seed)
    return Gain(
        rival=rival,
        metric=metric,
        value=float(gained.mean()),
        low=low,
        high=high,
        customers=int(mask.sum()),
        slice=of,
    )


def models_of(figures: Iterable[Figure]) -> list[Figure]:
    """Return the figures of everybody."""
    return [figure for figure in figures if figure.slice == EVERYBODY]

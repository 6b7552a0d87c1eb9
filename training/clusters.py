"""Learning clusters of customers: k-means in robustly scaled features, k by stability and silhouette."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair
import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_samples, silhouette_score
from threadpoolctl import threadpool_limits

from activity_log.errors import NotEnoughDataError
from models.churn import encode
from models.clusters import Cluster, CustomerClusters, Floats, Labels, Scaling, nearest
from training.cluster_names import WORDS, cluster_names
from training.cluster_plots import Tried, choice_chart, profile_chart
from training.report import Figure, Gain, Report
from training.resampling import interval, mean_of

CLUSTER_FEATURES = tuple(WORDS)
"""What clusters are made of: habits that a name can be made of, of everybody who has booked."""

MODEL, TIERS, CHAMPION = "clusters", "revenue_tiers", "champion"
REVENUE = "lifetime_revenue"
"""Not clustered by: customers cut into equal tiers by it are the rule that clusters have to beat."""


class ClustersSpec(BaseModel):
    """The settings of a clustering. k None: chosen between `fewest` and `most`."""

    model_config = ConfigDict(frozen=True)

    k: int | None = Field(default=None, ge=2, le=20)
    fewest: int = Field(default=3, ge=2)
    most: int = Field(default=8, le=20)
    least_stability: float = Field(default=0.75, ge=0, le=1)
    """Agreement (adjusted Rand index) of clusterings of two halves, below which a k is passed over."""
    halvings: int = Field(default=4, ge=1)
    restarts: int = Field(default=4, ge=1)
    most_customers: int = Field(default=20_000, ge=100)
    judged_customers: int = Field(default=2_000, ge=50)
    least_customers: int = Field(default=150, ge=30)
    held_out: float = Field(default=0.25, gt=0, lt=1)
    seed: int = 7


@dataclass(frozen=True)
class TrainedClusters:
    """The clusters of everybody, what their like achieved on customers held out, and every k that was tried."""

    artefact: CustomerClusters
    report: Report
    tried: tuple[Tried, ...]

    @property
    def charts(self) -> dict[str, altair.TopLevelMixin]:
        """Return the drawings by file name."""
        return {
            "clusters.png": profile_chart(self.artefact),
            "number_of_clusters.png": choice_chart(self.tried, len(self.artefact.clusters)),
        }

    @property
    def params(self) -> dict[str, object]:
        """What was chosen."""
        return {"k": len(self.artefact.clusters), "features": ",".join(self.artefact.features)}


def train_clusters(
    rows: pd.DataFrame, spec: ClustersSpec | None = None, champion: ClustersSpec | None = None
) -> TrainedClusters:
    """Cluster the customers who have booked.

    rows: customer_id, event_timestamp, total_bookings, lifetime_revenue and CLUSTER_FEATURES, each customer once per
    moment; those of the newest moment count. champion: the recipe of the live clusters, fitted on the same customers.
    Everything is chosen on customers other than those it is measured on: the mean silhouette (Rousseeuw 1987) of the
    held out, beside tiers of equal size by revenue. Raises NotEnoughDataError.
    """
    spec = spec or ClustersSpec()
    newest = rows[rows["event_timestamp"] == rows["event_timestamp"].max()]
    booked = newest[newest["total_bookings"] > 0].sort_values("customer_id", ignore_index=True)
    if len(booked) < spec.least_customers:
        raise NotEnoughDataError(
            f"{len(booked)} customers have booked; clusters take {spec.least_customers} at least"
        )
    with threadpool_limits(1):
        past, future = _halves(booked, spec)
        tried = choose(past, spec)
        k = spec.k or best_of(tried, spec).k
        report = _report(past, future, spec, k, champion)
        return TrainedClusters(fit(booked, spec, k), report, tuple(tried))


def fit(booked: pd.DataFrame, spec: ClustersSpec, k: int) -> CustomerClusters:
    """Return k clusters of these customers, the largest first; which features stay depends on who has values."""
    scalings = scalings_of(booked)
    matrix = encode(booked, [one.feature for one in scalings])
    points = CustomerClusters(scalings, ()).scaled(matrix)
    centres = _centres(_sample(points, spec.most_customers, spec.seed), k, spec)
    labels = nearest(points, centres)
    sizes = np.bincount(labels, minlength=k)
    order = np.lexsort((np.arange(k), -sizes))
    names = cluster_names([one.feature for one in scalings], centres[order] - points.mean(axis=0))
    return CustomerClusters(
        scalings,
        tuple(
            Cluster(
                name.key,
                name.de,
                name.en,
                round(float(sizes[at] / len(labels)), 4),
                tuple(float(value) for value in centres[at].round(6)),
                _medians(matrix[labels == at]),
            )
            for name, at in zip(names, order, strict=True)
        ),
    )


def scalings_of(booked: pd.DataFrame) -> tuple[Scaling, ...]:
    """Return how each feature is scaled; one that hardly differs between customers is left out."""
    found = (_scaling(name, encode(booked, [name])[:, 0]) for name in CLUSTER_FEATURES if name in booked)
    scalings = tuple(one for one in found if one is not None)
    if len(scalings) < 2:
        raise NotEnoughDataError("customers differ in too few features to be clustered")
    return scalings


def choose(past: pd.DataFrame, spec: ClustersSpec) -> list[Tried]:
    """Return what each k achieves: its silhouette, and how alike the clusterings of two random halves are."""
    points = CustomerClusters(scalings := scalings_of(past), ()).scaled(
        encode(past, [one.feature for one in scalings])
    )
    points = _sample(points, spec.most_customers, spec.seed)
    judged = _sample(points, spec.judged_customers, spec.seed + 1)
    ks = [spec.k] if spec.k else range(spec.fewest, spec.most + 1)
    return [
        Tried(k, _stability(points, judged, k, spec), _silhouette(judged, _centres(points, k, spec)))
        for k in ks
    ]


def best_of(tried: Sequence[Tried], spec: ClustersSpec) -> Tried:
    """Return the k of the clearest clusters among those that are found again, or the steadiest if none is."""
    steady = [one for one in tried if one.stability >= spec.least_stability]
    if steady:
        return max(steady, key=lambda one: (one.silhouette, -one.k))
    return max(tried, key=lambda one: (one.stability, -one.k))


def _scaling(name: str, values: Floats) -> Scaling | None:
    told = values[~np.isnan(values)]
    if len(told) < 0.3 * len(values):
        return None
    low, middle, high = np.percentile(told, [5, 50, 95])
    logarithm = bool(told.min() >= 0 and high - middle > 3 * (middle - low))
    told = np.log1p(told) if logarithm else told
    first, middle, third = np.percentile(told, [25, 50, 75])
    spread = (third - first) / 1.349 or float(np.std(told))
    if spread < 1e-9:
        return None
    return Scaling(name, logarithm, round(float(middle), 9), round(float(spread), 9))


def _centres(points: Floats, k: int, spec: ClustersSpec) -> Floats:
    means = KMeans(k, n_init=spec.restarts, random_state=spec.seed, algorithm="lloyd").fit(points)
    return np.asarray(means.cluster_centers_, np.float64)


def _silhouette(points: Floats, centres: Floats) -> float:
    labels = nearest(points, centres)
    return float(silhouette_score(points, labels)) if len(np.unique(labels)) > 1 else -1.0


def _stability(points: Floats, judged: Floats, k: int, spec: ClustersSpec) -> float:
    """Mean adjusted Rand index (Hubert and Arabie 1985) of clusterings of two halves, on the same customers.

    After Ben-Hur, Elisseeff and Guyon 2002: clusters that are there are found again by whoever looks.
    """
    chance = np.random.default_rng(spec.seed)
    agreements = []
    for _ in range(spec.halvings):
        order = chance.permutation(len(points))
        halves = np.array_split(order, 2)
        one, other = (nearest(judged, _centres(points[np.sort(half)], k, spec)) for half in halves)
        agreements.append(adjusted_rand_score(one, other))
    return float(np.mean(agreements))


def _report(
    past: pd.DataFrame, future: pd.DataFrame, spec: ClustersSpec, k: int, champion: ClustersSpec | None
) -> Report:
    ours = fit(past, spec, k)
    points = ours.scaled(encode(future, ours.features))
    silhouettes = {MODEL: _silhouettes(points, ours.assign(encode(future, ours.features)))}
    silhouettes[TIERS] = _silhouettes(points, _tiers(past, future, k))
    if champion is not None:
        theirs = fit(past, champion, champion.k or best_of(choose(past, champion), champion).k)
        silhouettes[CHAMPION] = _silhouettes(points, theirs.assign(encode(future, theirs.features)))
    moment = future["event_timestamp"].iloc[0].to_pydatetime()
    customers = future["customer_id"].to_numpy()

    def bounded(values: Floats) -> tuple[float, float, float]:
        bounds = interval(mean_of(values), customers, spec.seed)
        return float(values.mean()), bounds.low, bounds.high

    return Report(
        task="clusters",
        model=MODEL,
        judged_by="silhouette",
        test_from=moment,
        test_until=moment,
        baseline=TIERS,
        champion=CHAMPION if champion is not None else None,
        figures=tuple(
            Figure(model=model, metric="silhouette", value=mean, low=low, high=high, customers=len(future))
            for model, values in silhouettes.items()
            for mean, low, high in [bounded(values)]
        ),
        gains=tuple(
            Gain(rival=rival, metric="silhouette", value=mean, low=low, high=high, customers=len(future))
            for rival, values in silhouettes.items()
            if rival != MODEL
            for mean, low, high in [bounded(silhouettes[MODEL] - values)]
        ),
    )


def _silhouettes(points: Floats, labels: Labels) -> Floats:
    if len(np.unique(labels)) < 2:
        return np.full(len(points), -1.0)
    return np.asarray(silhouette_samples(points, labels), np.float64)


def _tiers(past: pd.DataFrame, future: pd.DataFrame, k: int) -> Labels:
    edges = np.quantile(past[REVENUE], np.arange(1, k) / k)
    return np.asarray(np.searchsorted(edges, future[REVENUE].to_numpy(np.float64)), np.int64)


def _halves(booked: pd.DataFrame, spec: ClustersSpec) -> tuple[pd.DataFrame, pd.DataFrame]:
    order = np.random.default_rng(spec.seed).permutation(len(booked))
    held = order[: min(round(spec.held_out * len(booked)), spec.judged_customers)]
    is_held = np.isin(np.arange(len(booked)), held)
    return booked[~is_held].reset_index(drop=True), booked[is_held].reset_index(drop=True)


def _sample(points: Floats, most: int, seed: int) -> Floats:
    if len(points) <= most:
        return points
    return points[np.sort(np.random.default_rng(seed).permutation(len(points))[:most])]


def _medians(matrix: Floats) -> tuple[float | None, ...]:
    told = [column[~np.isnan(column)] for column in matrix.T]
    return tuple(round(float(np.median(values)), 4) if len(values) else None for values in told)

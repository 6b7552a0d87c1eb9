"""How well the recommender does on public interactions, beside the best figures published for the same split."""

import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from benchmarks.figure import Bound, Figure
from benchmarks.sizes import Sizes
from training.recommender.evaluate import POPULARITY, evaluate_recommender

GOWALLA = Path("../shared/data/gowalla_lightgcn")
RECALL, NDCG = 0.1872, 0.1580
"""SimpleX's recall@20 and UltraGCN's ndcg@20: the best of the BARS leaderboard, openbenchmark, gowalla_m1."""
MINUTES, GIGABYTES = 15.0, 12.0


def steps(_sizes: Sizes) -> Iterator[tuple[str, Callable[[], list[Figure]]]]:
    """Yield what is measured, by name; nothing where the data is not at hand."""
    if GOWALLA.exists():
        yield "the recommender on Gowalla, 810,128 interactions", gowalla


def gowalla() -> list[Figure]:
    """Choose within the training file, fit, and judge by the test file; the floor is popularity of the same run."""
    start = perf_counter()
    found = evaluate_recommender(GOWALLA / "train.parquet", GOWALLA / "test.parquet", (20,), print)
    minutes = (perf_counter() - start) / 60
    champion, popular = found["models"][found["champion"]], found["models"][POPULARITY]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    fitted = champion["fit_seconds"] / 60
    return [
        _beside("recall@20", champion["recall@20"], popular["recall@20"], RECALL),
        _beside("ndcg@20", champion["ndcg@20"], popular["ndcg@20"], NDCG),
        Figure("Gowalla: fit of the champion", "min", fitted, bound=MINUTES, direction=Bound.AT_MOST),
        Figure("Gowalla: choosing, fitting and judging all", "min", minutes),
        Figure("Gowalla: most memory", "GB", memory, bound=GIGABYTES, direction=Bound.AT_MOST),
    ]


def _beside(metric: str, value: float, popular: float, published: float) -> Figure:
    """Return a metric of the champion; the bound is the best published value, over popularity as ratios are."""
    return Figure(f"Gowalla: {metric}", "", value, popular, "global popularity", published / popular)

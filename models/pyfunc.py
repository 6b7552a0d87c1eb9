"""MLflow's way to our artefacts, for people who load "models:/nordlicht.churn@champion" in a notebook.

Serving does not come this way: it loads the artefact itself (a pyfunc call costs forty times the prediction).
"""

from pathlib import Path
from typing import Any

import pandas as pd

from models.card import ModelCard
from models.churn import ChurnScorer, encode


class _ChurnFunction:
    def __init__(self, scorer: ChurnScorer):
        self._scorer = scorer

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> list[float]:
        """Return a probability per row of a frame with the model's feature columns."""
        return [float(score) for score in self._scorer.score(encode(frame, self._scorer.features))]


class _RecommenderFunction:
    def __init__(self, recommender: Any):
        self._recommender = recommender

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> list[list[str]]:
        """Return per row of a frame (family_ids, family_counts) the families, best first."""
        from models.recommender import Context, History

        anywhen = Context(month=None)
        return [
            [
                ranked.family
                for ranked in self._recommender.rank(History(tuple(families), tuple(counts)), anywhen)
            ]
            for families, counts in zip(frame["family_ids"], frame["family_counts"], strict=True)
        ]


def _load_pyfunc(path: str) -> Any:
    """Load an artefact for MLflow by the task its card names."""
    from models.recommender import Recommender

    directory = Path(path)
    if ModelCard.load(directory).task == "churn":
        return _ChurnFunction(ChurnScorer.load(directory))
    return _RecommenderFunction(Recommender.load(directory))

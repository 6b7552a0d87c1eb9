"""MLflow's way to our artefacts, for people who load "models:/nordlicht.churn@champion" in a notebook.

Serving does not come this way: it loads the artefact itself (a pyfunc call costs forty times the prediction).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.artefacts import loader_of
from models.card import ModelCard, Task
from models.churn import ChurnScorer, encode


class _ChurnFunction:
    def __init__(self, scorer: ChurnScorer):
        self._scorer = scorer

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> list[float]:
        """Return a probability per row of a frame with event_timestamp (UTC) and the model's feature columns."""
        scores = self._scorer.score(encode(frame, self._scorer.features), _moments(frame))
        return [float(score) for score in scores]


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


class _ValueFunction:
    def __init__(self, model: Any):
        self._model = model

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return bookings and spend with their ranges, and lifetime value, per row of a frame as for churn."""
        moments = [moment.to_pydatetime() for moment in pd.to_datetime(frame["event_timestamp"], utc=True)]
        return pd.DataFrame(self._model.forecast(encode(frame, self._model.features), moments)._asdict())


class _ChannelFunction:
    def __init__(self, model: Any):
        self._model = model

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return per row of a frame with the model's counts the chance that each channel is the customer's own."""
        from models.channel import CHANNELS, cohorts_of, messages_of

        preference = self._model.preference(messages_of(frame), cohorts_of(frame))
        return pd.DataFrame(preference.favourite, columns=list(CHANNELS))


class _ClustersFunction:
    def __init__(self, model: Any):
        self._model = model

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> list[int]:
        """Return the place of each row's cluster in the artefact's list."""
        return [int(place) for place in self._model.assign(encode(frame, self._model.features))]


_FUNCTIONS: Mapping[Task, Callable[[Any], Any]] = {
    "churn": _ChurnFunction,
    "value": _ValueFunction,
    "recommender": _RecommenderFunction,
    "channel": _ChannelFunction,
    "clusters": _ClustersFunction,
}


def _moments(frame: pd.DataFrame) -> npt.NDArray[np.datetime64]:
    """Return the moment of each row as models take it."""
    stamps = pd.to_datetime(frame["event_timestamp"], utc=True).dt.tz_convert(None)
    return np.asarray(stamps.to_numpy("datetime64[us]"))


def _load_pyfunc(path: str) -> Any:
    """Load an artefact for MLflow by the task its card names."""
    directory = Path(path)
    task = ModelCard.load(directory).task
    return _FUNCTIONS[task](loader_of(task)(directory))

"""What became of suggestions, by month and model: clicks, and bookings that go back to them."""

import numpy as np
import pandas as pd

from training.monitoring.judging import RESAMPLES, SEED
from training.report import Figure
from training.resampling import interval, mean_of

CLICKS, BOOKED = "clicked_lists", "booked_lists"


def shown_figures(outcomes: pd.DataFrame) -> list[Figure]:
    """Return the share of lists with a click and, of those seen by customers, with a booking, month by month.

    outcomes: as `off_policy.attribution.outcomes` has them; lists whose window is not over are left out, and so are
    those that no model ranked. The figure's model is the model that ranked, its slice the month.
    """
    mature = outcomes[outcomes["mature"] & outcomes["model"].notna()]
    lists = mature.groupby("recommendation_id", sort=True).agg(
        model=("model", "first"),
        month=("shown_at", lambda moments: f"{moments.min():%Y-%m}"),
        person=("person_id", "first"),
        clicked=("clicked", "any"),
        booked=("bookings", lambda counts: counts.sum() > 0),
    )
    figures: list[Figure] = []
    for (model, month), rows in lists.groupby(["model", "month"], sort=True):
        known = rows[rows["person"].notna()]
        figures.append(_share(CLICKS, str(model), str(month), rows, "clicked"))
        if len(known):
            figures.append(_share(BOOKED, str(model), str(month), known, "booked"))
    return figures


def _share(metric: str, model: str, month: str, rows: pd.DataFrame, column: str) -> Figure:
    visitor = rows["person"].fillna(rows.index.to_series())
    values = rows[column].to_numpy(np.float64)
    low, high = interval(mean_of(values), visitor, SEED, RESAMPLES)
    return Figure(
        model=model, metric=metric, value=float(values.mean()), low=low, high=high,
        customers=visitor.nunique(), slice=month,
    )  # fmt: skip

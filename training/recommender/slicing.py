"""Which judged customers are in which slice: season, tenure, region, party, and whether they tried a new family."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from training.recommender.backtest import Snapshots, Window
from training.recommender.interactions import booked_from
from training.slices import LEAST_CUSTOMERS, Mask, slices_of


def slices_of_window(
    snapshots: Snapshots, window: Window, until: datetime, horizon: timedelta
) -> dict[str, Mask]:
    """Return who of a window's judged customers is in each slice, (m,); small slices are left out.

    season: of the first booking in the window. family=known: booked nothing but families booked before; family=new:
    something else too.
    """
    future = booked_from(snapshots.rows(until), window.moment, horizon)
    first = (
        future.select(["customer_id", "occurred_at"]).to_pandas().groupby("customer_id")["occurred_at"].min()
    )
    rows = pd.DataFrame({"customer_id": list(window.judged)})
    rows["event_timestamp"] = rows["customer_id"].map(first)
    for name, values in snapshots.about(window.moment).items():
        rows[name] = rows["customer_id"].map(values)
    return slices_of(rows) | _families(window)


def _families(window: Window) -> dict[str, Mask]:
    again = np.asarray((window.booked.multiply(window.histories > 0)).sum(axis=1)).ravel()
    only_known = again >= window.wanted
    slices = {"family=known": only_known, "family=new": ~only_known}
    return {name: mask for name, mask in slices.items() if mask.sum() >= LEAST_CUSTOMERS}

"""Whom a model must not serve worse than others: customers by season, tenure, region, party and sales channel."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

Mask = npt.NDArray[np.bool_]

EVERYBODY = "all"
LEAST_CUSTOMERS = 100
"""Slices of fewer customers are not judged: nothing could be told of them."""
MOST_REGIONS = 10

SLICE_COLUMNS = ("days_since_first_booking", "postcode_area", "average_party_size", "usual_sales_channel")
"""The features that slices are made of, beside the moment."""

_SEASONS = {1: "winter", 2: "spring", 3: "summer", 0: "autumn"}


def slices_of(rows: pd.DataFrame, least: int = LEAST_CUSTOMERS) -> dict[str, Mask]:
    """Return who is in each slice, (rows,), under names as "season=spring"; `EVERYBODY` first.

    rows: customer_id, event_timestamp and any of SLICE_COLUMNS; a column that is missing makes no slices, and a
    value that is null belongs to none. Slices with fewer than `least` customers are left out.
    """
    masks: dict[str, Mask] = {EVERYBODY: np.ones(len(rows), np.bool_)}
    for kind, names in _named(rows).items():
        for name in sorted(set(names.dropna())):
            mask = (names == name).to_numpy(np.bool_, na_value=False)
            if rows["customer_id"][mask].nunique() >= least:
                masks[f"{kind}={name}"] = mask
    return masks


def _named(rows: pd.DataFrame) -> Mapping[str, pd.Series]:
    """Return the name of each row's slice, by kind of slice."""
    named = {"season": (rows["event_timestamp"].dt.month % 12 // 3 + 1).mod(4).map(_SEASONS)}
    if "days_since_first_booking" in rows:
        named["tenure"] = _cut(rows["days_since_first_booking"] / 365.25, (1, 3), ("new", "settled", "old"))
    if "average_party_size" in rows:
        named["party"] = _cut(rows["average_party_size"], (1.5, 3.5), ("alone", "pair", "group"))
    if "postcode_area" in rows:
        named["region"] = _common(rows["postcode_area"])
    if "usual_sales_channel" in rows:
        named["channel"] = rows["usual_sales_channel"]
    return {kind: names.astype("object") for kind, names in named.items()}


def _cut(values: pd.Series, edges: tuple[float, float], names: tuple[str, str, str]) -> pd.Series:
    bins = [-np.inf, *edges, np.inf]
    return pd.cut(values.astype("float64"), bins, labels=list(names), right=False)


def _common(areas: pd.Series) -> pd.Series:
    """Keep the areas with most rows."""
    return areas.where(areas.isin(areas.value_counts().index[:MOST_REGIONS]))

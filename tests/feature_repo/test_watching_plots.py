"""What is drawn is what is there."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from feature_repo.watching.plots import BINS, bin_edges, drawing, histogram
from feature_repo.watching.summary import Summary, summarise

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def summary(values: list[object], kind: pa.DataType) -> Summary:
    return summarise("x", pa.chunked_array([pa.array(values, kind)]), NOW)


def test_small_whole_numbers_have_a_bar_each():
    counts = summary([0, 0, 1, 3, None], pa.int64())
    edges = bin_edges(counts)
    assert edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    assert histogram(counts, edges).tolist() == [0.5, 0.25, 0, 0.25]


def test_both_summaries_fit_in_one_drawing():
    now, then = summary([1.0, 2.0], pa.float64()), summary([100.5, 200.0], pa.float64())
    edges = bin_edges(now, then)
    assert (edges[0], edges[-1], len(edges)) == (1, 200, BINS + 1)
    assert histogram(now, edges)[0] == 1
    assert histogram(then, edges)[-1] == 0.5


@given(st.lists(st.floats(-1e6, 1e6) | st.just(0.0), min_size=1, max_size=90))
def test_no_value_is_drawn_twice(values: list[float]):
    told = summary(list(values), pa.float64())
    bars = histogram(told, bin_edges(told))
    assert bars.min() >= 0
    inside = np.array(values)
    edges = bin_edges(told)
    share = ((inside >= edges[0]) & (inside <= edges[-1])).mean()
    assert np.isclose(bars.sum(), share)


def test_texts_are_drawn_by_name_and_nothing_where_nobody_has_a_value():
    stops = drawing(summary(["Husum", "Husum", "<b>Kiel</b>"], pa.string()), title="100% have a value")
    assert stops.startswith("<svg")
    assert "Husum" in stops
    assert "<b>" not in stops
    assert "100% have a value" in stops
    assert drawing(summary([None, None], pa.string())) == ""

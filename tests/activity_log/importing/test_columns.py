from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from activity_log.importing import columns
from activity_log.importing.reading import is_repeated
from activity_log.importing.spec import TableSpec

BERLIN = TableSpec(timezone="Europe/Berlin")


def column(*values: Any, type_: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type=type_)])


@pytest.mark.parametrize(
    "values",
    [
        column(13085.0, None, float("nan")),
        column(13085, None, None),
        column("13085", None, ""),
        column(" 13085.0 ", None, "  "),
        column("13085", None, None).dictionary_encode(),
        column("13085", None, None, type_=pa.large_string()),
    ],
    ids=["float", "int", "text", "float as text", "dictionary", "large text"],
)
def test_however_it_is_written_it_is_the_same_id(values: pa.ChunkedArray):
    assert [None if pd.isna(one) else one for one in columns.ids(values, "customer")] == ["13085", None, None]


def test_ids_that_only_look_like_numbers_stay_as_they_are():
    written = ["007", "1.5", "1.0a", "85123A", "-1.0", "10.00"]
    assert list(columns.ids(column(*written), "item")) == ["007", "1.5", "1.0a", "85123A", "-1", "10"]


def test_numbers_are_finite_or_nothing():
    expected = [1.5, np.nan, np.nan]
    for values in (
        column(1.5, None, float("inf")),
        column("1.5", None, "one"),
        column(Decimal("1.50"), None, None),
    ):
        np.testing.assert_array_equal(columns.numbers(values, "amount"), expected)


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-05-01 10:00", "2026-05-01 08:00"),
        ("2026-01-01T10:00:30.5", "2026-01-01 09:00:30.5"),
        ("2026-05-01", "2026-04-30 22:00"),
        ("20260501T100000", "2026-05-01 08:00"),
        ("2026-05-01T10:00:00Z", "2026-05-01 10:00"),
        ("2026-05-01T10:00:00-05:00", "2026-05-01 15:00"),
        ("2026-03-29 02:30", "2026-03-29 01:00"),  # skipped by summer time: the first moment after
        ("2026-10-25 02:30", "2026-10-25 00:30"),  # twice on that day: the first
        ("1.5.2026", None),
        (None, None),
    ],
)
def test_times_are_moments_of_the_zone(written: str | None, utc: str | None):
    among_others = column(written, "2026-01-01T00:00:00Z", "2026-01-01")
    moments = columns.moments(among_others, "time", BERLIN)
    assert str(moments.dtype) == "datetime64[us, UTC]"
    assert list(moments[1:]) == [pd.Timestamp("2026-01-01 00:00Z"), pd.Timestamp("2025-12-31 23:00Z")]
    assert pd.isna(moments[0]) if utc is None else moments[0] == pd.Timestamp(utc, tz="UTC")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_any_unit(unit: str):
    naive = column(pd.Timestamp("2026-05-01 10:00"), type_=pa.timestamp(unit))
    aware = column(pd.Timestamp("2026-05-01 10:00Z"), type_=pa.timestamp(unit, tz="America/New_York"))
    assert columns.moments(naive, "time", BERLIN)[0] == pd.Timestamp("2026-05-01 08:00Z")
    assert columns.moments(aware, "time", BERLIN)[0] == pd.Timestamp("2026-05-01 10:00Z")
    assert columns.moments(column(date(2026, 5, 1)), "time", BERLIN)[0] == pd.Timestamp("2026-04-30 22:00Z")


def test_days_are_days_of_the_zone():
    written = column("2026-05-01 23:30", "2026-05-01T23:30:00Z", "nie")
    days = columns.days(written, "departure_date", BERLIN)
    assert [day.day for day in days[:2]] == [1, 2]
    assert pd.isna(days[2])


def test_a_row_is_repeated_if_an_earlier_one_is_the_same_in_every_plain_column():
    table = pa.table(
        {
            "a": ["x", "x", None, None, "x"],
            "b": [1.0, 1.0, float("nan"), float("nan"), 2.0],
            "c": [[1], [2], [3], [4], [5]],
        }
    )
    assert is_repeated(table).tolist() == [False, True, False, True, False]

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from activity_log.database import Database
from activity_log.errors import WrongUseError
from activity_log.importing.spec import TableSpec
from activity_log.importing.table import import_table
from activity_log.operators import Operator
from tests.activity_log.stories import NOW, logged_ids

ROW = {
    "customer_id": ["anna"],
    "booking_id": ["1"],
    "item_id": ["nordsee-26"],
    "timestamp": ["2026-01-01"],
    "amount": [10.0],
}

Refused = Callable[..., str]


@pytest.fixture
def refused(database: Database, reisen: Operator) -> Refused:
    """Import a file that does not do; return the one line that says why."""

    def attempt(path: Path, **spec: Any) -> str:
        with pytest.raises(WrongUseError) as error:
            import_table(database, reisen, path, TableSpec(**spec), now=NOW)
        assert logged_ids(database) == []
        assert "\n" not in str(error.value)
        return str(error.value)

    return attempt


def parquet(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(ROW | columns), path / "t.parquet")
    return path / "t.parquet"


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone 'Mars/Olympus' is unknown: use a name like 'Europe/Berlin'"),
        ({"timezone": ""}, "timezone '' is unknown"),
        ({"timezone": "../UTC"}, "timezone '../UTC' is unknown"),
        ({"timezone": "Europe"}, "timezone 'Europe' is unknown"),
        ({"item_pattern": "(["}, "item_pattern '([' is no regular expression"),
        ({"currency": "euro"}, "currency 'euro' is no currency code: use three capitals, like EUR"),
        ({"csv_separator": ";;"}, "csv_separator ';;': use one sign, like ',' or ';'"),
        ({"csv_decimal": "'"}, "csv_decimal ''': use '.' or ','"),
    ],
)
def test_a_setting_that_does_not_do_is_named(spec: dict[str, str], problem: str):
    with pytest.raises(WrongUseError, match=re.escape(problem)):
        TableSpec(**spec)  # type: ignore[arg-type]


def test_a_missing_file(refused: Refused, tmp_path: Path):
    assert "no such file; give a .parquet or .csv file" in refused(tmp_path / "nowhere.parquet")
    assert "no such file" in refused(tmp_path)


@pytest.mark.parametrize("name", ["t.parquet", "t.xlsx", "t", "t.csv.gz"])
def test_a_file_that_is_no_table(refused: Refused, tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"\x00\x01 dear diary\n\n")
    problem = refused(tmp_path / name)
    assert problem.startswith(str(tmp_path / name))
    assert "not a readable table" in problem or "give a .parquet or .csv file" in problem


def test_a_ragged_csv(refused: Refused, tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("customer_id,booking_id,item_id,timestamp,amount\nanna,1,x,2026-01-01,1\nanna,1\n")
    assert "not a readable table: CSV parse error: Expected 5 columns, got 2" in refused(path)


@pytest.mark.parametrize("text", ["", "customer_id,booking_id,item_id,timestamp,amount\n"])
def test_an_empty_csv(refused: Refused, tmp_path: Path, text: str):
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert "Empty CSV file" in refused(path) if not text else "the table has no rows" in refused(path)


def test_an_empty_parquet(refused: Refused, tmp_path: Path):
    path = tmp_path / "t.parquet"
    pd.DataFrame(ROW).iloc[:0].to_parquet(path)
    assert refused(path) == f"{path}: the table has no rows"


@pytest.mark.parametrize(
    "field",
    ["customer", "booking", "item", "time", "amount", "quantity", "description", "departure_date", "family"],
)
def test_a_column_that_is_not_there_is_named_with_those_that_are(
    refused: Refused, tmp_path: Path, field: str
):
    path = parquet(tmp_path)
    assert refused(path, **{field: "Spalte"}) == (
        f"{path}: {field}: there is no column 'Spalte'; "
        "there are customer_id, booking_id, item_id, timestamp, amount"
    )


def test_two_columns_of_one_name(refused: Refused, tmp_path: Path):
    path = tmp_path / "t.csv"
    path.write_text("customer_id,booking_id,item_id,timestamp,amount,amount\nanna,1,x,2026-01-01,1,2\n")
    assert "amount: there are several columns 'amount'; rename all but one" in refused(path)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"timestamp": [20260101]}, "time: its column holds int64; give timestamps, or text like 2026-05-01 10:00"),
        ({"timestamp": [True]}, "time: its column holds bool"),
        ({"timestamp": ["01.05.2026"]}, "time: no value of its column is a time; write ISO 8601 like"),
        ({"timestamp": [None]}, "time: no value of its column is a time"),
        ({"amount": ["zehn"]}, "amount: no value of its column is a number; give plain numbers like 12.50"),
        ({"amount": [True]}, "amount: its column holds bool; give numbers"),
        ({"amount": [[1.0]]}, "amount: its column holds list<"),
        ({"customer_id": [["anna"]]}, "customer: its column holds list<"),
    ],
)  # fmt: skip
def test_a_column_of_the_wrong_type(refused: Refused, tmp_path: Path, columns: dict[str, Any], problem: str):
    assert refused(parquet(tmp_path, **columns)).startswith(problem)


def test_a_format_that_fits_no_value(refused: Refused, tmp_path: Path):
    assert "no value of its column is a time" in refused(parquet(tmp_path), time_format="%d.%m.%Y")

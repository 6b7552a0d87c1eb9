"""Reading the file: which rows and columns are there, before anything is judged."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from activity_log.errors import WrongUseError
from activity_log.importing.spec import TableSpec

_ID_FIELDS = ("customer", "booking", "item", "family", "description")


def read_table(path: Path, spec: TableSpec) -> pa.Table:
    """Read a Parquet or CSV file with all its columns.

    Raises WrongUseError if there is no such file, if it is no table, if it has no row, or if a column that
    `spec` names is not there.
    """
    if not path.is_file():
        raise WrongUseError(f"{path}: no such file; give a .parquet or .csv file")
    try:
        table = _read(path, spec)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise WrongUseError(f"{path}: not a readable table: {first_line}") from error
    _check_columns(table, path, spec)
    if table.num_rows == 0:
        raise WrongUseError(f"{path}: the table has no rows")
    return table


def is_repeated(table: pa.Table) -> NDArray[np.bool_]:
    """Say of each row whether an earlier row is the same in every column (nested ones aside)."""
    plain = [column for column in table.columns if not pa.types.is_nested(column.type)]
    return np.asarray(pd.DataFrame(dict(enumerate(map(_codes, plain)))).duplicated())


def _codes(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Give distinct values of a column distinct numbers; comparing numbers takes a tenth of the memory of text."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode("encode")
    return np.asarray(encoded.combine_chunks().indices)


def _read(path: Path, spec: TableSpec) -> pa.Table:
    name = path.name.lower()
    if name.endswith((".parquet", ".pq")):
        return pyarrow.parquet.read_table(path)
    if name.endswith((".csv", ".csv.gz")):
        return _read_csv(path, spec)
    raise WrongUseError(f"{path}: of a kind that cannot be read; give a .parquet or .csv file")


def _read_csv(path: Path, spec: TableSpec) -> pa.Table:
    as_text = [name for field, name in spec.columns.items() if field in _ID_FIELDS]
    as_text += [spec.time] if spec.time_format else []
    as_text += [spec.departure_date] if spec.departure_date and spec.date_format else []
    return pyarrow.csv.read_csv(
        path,
        parse_options=pyarrow.csv.ParseOptions(delimiter=spec.csv_separator),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(as_text, pa.string()), decimal_point=spec.csv_decimal
        ),
    )


def _check_columns(table: pa.Table, path: Path, spec: TableSpec) -> None:
    for field, name in spec.columns.items():
        if name not in table.column_names:
            there = ", ".join(table.column_names)
            raise WrongUseError(f"{path}: {field}: there is no column '{name}'; there are {there}")
        if table.column_names.count(name) > 1:
            raise WrongUseError(f"{path}: {field}: there are several columns '{name}'; rename all but one")

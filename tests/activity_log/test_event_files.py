"""Files of events: lines, zipped lines and tables, read block by block and from any place on."""

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activity_log import event_files
from activity_log.errors import WrongUseError
from activity_log.event_files import Block, fingerprint, read_blocks

WITH_FILES = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def lines_of(blocks: list[Block]) -> list[bytes]:
    return [line for block in blocks for line in block.text.splitlines()]


def events_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines_of(list(read_blocks(path)))]


def write(folder: Path, lines: list[bytes], *, zipped: bool, ended: bool = True) -> Path:
    path = folder / ("events.jsonl.gz" if zipped else "events.jsonl")
    text = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    path.write_bytes(gzip.compress(text) if zipped else text)
    return path


LINES = st.lists(
    st.binary(min_size=1, max_size=30).filter(lambda line: not {*b"\r\n"} & {*line}), max_size=20
)


@WITH_FILES
@given(lines=LINES, size=st.integers(1, 80), zipped=st.booleans(), ended=st.booleans())
def test_whatever_the_blocks_every_line_comes_once_and_whole(
    tmp_path: Path, lines: list[bytes], size: int, zipped: bool, ended: bool
):
    path = write(tmp_path, lines, zipped=zipped, ended=ended)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(event_files, "BLOCK_BYTES", size)
        blocks = list(read_blocks(path))
        assert lines_of(blocks) == lines
        for place, block in enumerate(blocks):
            rest = list(read_blocks(path, block.position))
            assert lines_of(rest) == lines_of(blocks[place + 1 :])
    assert [block.read for block in blocks[-1:]] == [path.stat().st_size] * bool(lines)


@WITH_FILES
@given(rows=st.integers(0, 30), size=st.integers(1, 9), position=st.integers(0, 30))
def test_a_table_is_read_from_any_row_on(tmp_path: Path, rows: int, size: int, position: int):
    path = tmp_path / "events.parquet"
    pq.write_table(pa.table({"id": [f"e{n}" for n in range(rows)]}), path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(event_files, "_PARQUET_ROWS", size)
        blocks = list(read_blocks(path, position))
    assert [json.loads(line)["id"] for line in lines_of(blocks)] == [f"e{n}" for n in range(position, rows)]
    assert [block.position for block in blocks[-1:]] == [rows] * (position < rows)


def test_data_is_json_text_and_kept_to_the_letter(tmp_path: Path):
    text = '{"total_amount": 10.10,\n "big": 123456789012345678901234567890.5, "name": "Müller"}'
    for name, kind in (("text", pa.string()), ("bytes", pa.binary())):
        path = tmp_path / f"{name}.parquet"
        column = pa.array([text.encode() if name == "bytes" else text], kind)
        pq.write_table(pa.table({"data": column, "id": ["e1"]}), path)
        [line] = lines_of(list(read_blocks(path)))
        assert line.decode() == f'{{"id": "e1", "data": {text.replace(chr(10), " ")}}}'


def test_what_is_no_json_stays_text_for_the_gate_to_refuse(tmp_path: Path):
    path = tmp_path / "events.parquet"
    pq.write_table(pa.table({"id": ["e1", "e2"], "data": ['{}, "operatorid": "fremd"', "NaN"]}), path)
    assert events_in(path) == [{"id": "e1", "data": '{}, "operatorid": "fremd"'}, {"id": "e2", "data": "NaN"}]


def test_an_empty_cell_is_an_attribute_that_is_not_there(tmp_path: Path):
    path = tmp_path / "events.parquet"
    rows = [
        {"id": "e1", "dataversion": 1, "data": {"name": {"de": "Harz", "en": None}, "tags": [{"a": 1}]}},
        {"id": "e2", "dataversion": None, "data": {"name": None, "tags": [{"a": None}]}},
        {"id": "e3", "dataversion": None, "data": None},
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert events_in(path) == [
        {"id": "e1", "dataversion": 1, "data": {"name": {"de": "Harz"}, "tags": [{"a": 1}]}},
        {"id": "e2", "data": {"tags": [{}]}},
        {"id": "e3"},
    ]


def test_moments_days_and_money_of_a_table_are_written_exactly(tmp_path: Path):
    path = tmp_path / "events.parquet"
    moment = datetime(2026, 5, 1, 10, 0, 0, 1, tzinfo=UTC)
    rows = [{"time": moment, "data": {"total_amount": Decimal("10.10"), "departs_on": moment.date()}}]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert events_in(path) == [
        {
            "time": "2026-05-01T10:00:00.000001+00:00",
            "data": {"total_amount": "10.10", "departs_on": "2026-05-01"},
        }
    ]


def test_a_file_is_told_from_another_by_its_size_and_its_ends(tmp_path: Path):
    marks = set()
    for name, content in (("a", b"x" * 200_000), ("b", b"x" * 200_001), ("c", b"y" + b"x" * 199_999)):
        path = tmp_path / name
        path.write_bytes(content)
        marks.add(fingerprint(path))
        path.rename(tmp_path / f"{name}-moved")
        assert fingerprint(tmp_path / f"{name}-moved") in marks
    assert len(marks) == 3


def test_an_endless_line_is_wrong_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(event_files, "BLOCK_BYTES", 100)
    monkeypatch.setattr(event_files, "LONGEST_LINE", 1 << 20)
    path = write(tmp_path, [b"short", b"x" * (2 << 20)], zipped=True)
    with pytest.raises(WrongUseError, match="a line is longer than 1 MB; put one event per line"):
        list(read_blocks(path))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 and no more PAR1", b'{"id": "e1"}'])
def test_what_is_no_parquet_is_wrong_use(tmp_path: Path, content: bytes):
    path = tmp_path / "events.parquet"
    path.write_bytes(content)
    with pytest.raises(WrongUseError, match=r"events\.parquet: cannot be read"):
        list(read_blocks(path))


def test_a_parquet_file_cut_off_is_wrong_use(tmp_path: Path):
    path = tmp_path / "events.parquet"
    pq.write_table(pa.table({"id": [f"e{n}" for n in range(1_000)]}), path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(WrongUseError, match="cannot be read"):
        list(read_blocks(path))

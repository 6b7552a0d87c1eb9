"""Files of events in blocks: JSON lines, gzipped or not, and Parquet.

A block is the text of whole CloudEvents, one per line. `position` tells where the next block starts, so that reading
can be taken up again: bytes of (unzipped) JSON lines, rows of Parquet.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from activity_log.errors import WrongUseError
from activity_log.json_texts import parse_json

BLOCK_BYTES = 2 * 1024 * 1024
LONGEST_LINE = 16 * 1024 * 1024
_PARQUET_ROWS = 5_000
_SAMPLE_BYTES = 65_536


class Block(NamedTuple):
    """Lines of CloudEvents. `position`: where the next block starts. `read`: bytes of the file read so far."""

    text: bytes
    position: int
    read: int


def fingerprint(path: Path) -> str:
    """Return what tells this file from others, from its size and ends: a file that has grown is another one."""
    with _readable(path), path.open("rb") as file:
        size = path.stat().st_size
        head = file.read(_SAMPLE_BYTES)
        file.seek(max(0, size - _SAMPLE_BYTES))
        return hashlib.sha256(b"%d\n%b\n%b" % (size, head, file.read())).hexdigest()


def read_blocks(path: Path, position: int = 0) -> Iterator[Block]:
    """Yield the blocks of a `.jsonl`, `.gz` or `.parquet` file from a position on. Raises WrongUseError."""
    with _readable(path):
        if path.suffix == ".parquet":
            yield from _parquet_blocks(path, position)
        else:
            with path.open("rb") as file:
                yield from _line_blocks(path, file, position)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise WrongUseError(f"{path}: cannot be read: {error}") from error


def _line_blocks(path: Path, file: IO[bytes], position: int) -> Iterator[Block]:
    stream = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
    stream.seek(position)
    while text := stream.read(BLOCK_BYTES):
        if not text.endswith(b"\n"):
            rest = stream.readline(LONGEST_LINE)
            if len(rest) == LONGEST_LINE:
                raise WrongUseError(
                    f"{path}: a line is longer than {LONGEST_LINE >> 20} MB; put one event per line"
                )
            text += rest
        position += len(text)
        yield Block(text, position, file.tell())


def _parquet_blocks(path: Path, position: int) -> Iterator[Block]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            size, rows = path.stat().st_size, file.metadata.num_rows
            done = 0
            for batch in file.iter_batches(_PARQUET_ROWS):
                done += batch.num_rows
                if done > position:
                    skipped = max(0, position - (done - batch.num_rows))
                    lines = (_line(row) for row in batch.slice(skipped).to_pylist())
                    yield Block(b"\n".join(lines), done, size * done // max(rows, 1))
    except pa.ArrowException as error:
        raise WrongUseError(f"{path}: cannot be read as Parquet: {error}") from error


def _line(row: dict[str, Any]) -> bytes:
    """Write a row as CloudEvent: `data` is JSON text, kept as it is, or a struct."""
    data = row.pop("data", None)
    text = data.decode(errors="replace") if isinstance(data, bytes) else data
    if isinstance(text, str) and _is_json(text):
        on_one_line = text.replace("\r", " ").replace("\n", " ")  # neither can be within a string
        line = f"{_json(row | {'data': 0})[:-2]}{on_one_line}}}"
    else:
        line = _json(row | {"data": text})
    return line.encode(errors="surrogatepass")


def _is_json(text: str) -> bool:
    try:
        parse_json(text.encode(errors="surrogatepass"))
    except ValueError:
        return False
    return True


def _json(value: dict[str, Any]) -> str:
    return json.dumps(_without_empty(value), default=_text, ensure_ascii=False)


def _without_empty(value: Any) -> Any:
    """Leave out empty cells: attributes that are not there."""
    if isinstance(value, dict):
        return {name: _without_empty(inner) for name, inner in value.items() if inner is not None}
    return [_without_empty(one) for one in value] if isinstance(value, list) else value


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value.isoformat() if isinstance(value, date | datetime) else str(value)

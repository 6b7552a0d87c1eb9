"""Where segments overlap, as a table of the largest: how much of each row is in each column too."""

from collections.abc import Sequence
from dataclasses import dataclass

from serving.crm.records import SegmentLine, SegmentOverview

MOST_SEGMENTS = 8
SHADES = 5


@dataclass(frozen=True)
class Shared:
    """How many members of the row's segment are in the column's; share: of the row, 0-1; shade: 0 to SHADES."""

    both: int
    share: float

    @property
    def shade(self) -> int:
        """Return how dark the cell is: 0 only for nobody."""
        return min(SHADES, int(self.share * SHADES) + 1) if self.both else 0


@dataclass(frozen=True)
class SharedMembers:
    """The largest segments, and a row for each of them; null where a segment meets itself."""

    segments: Sequence[SegmentLine]
    rows: Sequence[Sequence[Shared | None]]


def shared_members(overview: SegmentOverview) -> SharedMembers:
    """Count what the MOST_SEGMENTS largest segments that have members share."""
    largest = [one for one in overview.segments if one.size][:MOST_SEGMENTS]
    both = {(pair.one.segment_id, pair.other.segment_id): pair.both for pair in overview.overlaps}
    both |= {(other, one): count for (one, other), count in both.items()}
    return SharedMembers(
        largest,
        [
            [
                None if row is column else _shared(row, both.get((row.segment_id, column.segment_id), 0))
                for column in largest
            ]
            for row in largest
        ],
    )


def _shared(row: SegmentLine, both: int) -> Shared:
    return Shared(both, min(1.0, both / row.size))

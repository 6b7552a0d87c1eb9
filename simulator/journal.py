"""What happened, in the order it was simulated; `delivery` turns it into what arrived."""

from typing import Any, NamedTuple

Data = dict[str, Any]


class Entry(NamedTuple):
    """One event before it travels. delay: seconds until it was recorded; None: as things go."""

    time: int
    type: str
    data: Data
    delay: int | None = None


class Journal:
    """The growing list of entries; whatever would happen at or after `until` is not written."""

    def __init__(self, until: int) -> None:
        self.until = until
        self.entries: list[Entry] = []

    def add(self, time: int, name: str, data: Data, delay: int | None = None) -> None:
        """Write that `name` happened at `time` (seconds UTC)."""
        if time < self.until:
            self.entries.append(Entry(time, name, data, delay))


def euros(cents: int) -> str:
    """Return `cents` as money text: 34900 is "349.00"."""
    return f"{cents // 100}.{cents % 100:02d}"

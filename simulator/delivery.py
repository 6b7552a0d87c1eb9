"""How events arrive: a little late, a few very late, some twice, not quite in order."""

from typing import Any

import numpy as np
import numpy.typing as npt

from activity_log.contracts.types import TYPES
from simulator.chance import arrays
from simulator.journal import Entry, Journal
from simulator.moments import DAY, HOUR, MINUTE, iso_times
from simulator.spec import SimulationSpec

USUAL_DELAY_MEAN = 90
LATE, VERY_LATE = 0.02, (DAY, 24 * DAY)
LATE_PROFILE = 0.06
DUPLICATES = 0.005
SHUFFLE = 5 * MINUTE
PROFILES = ("PersonProfileUpdated", "PassengerProfileUpdated")
SOURCES = {**{name: known.source for name, known in TYPES.items()}, "PassengerProfileUpdated": "backoffice"}
"""Which context sends what; the old name of a profile still occurs."""

Event = dict[str, Any]
Seconds = npt.NDArray[np.int64]


def deliver(spec: SimulationSpec, journal: Journal) -> list[Event]:
    """Return the journal as CloudEvents in order of arrival, duplicates included."""
    entries = sorted(journal.entries, key=lambda entry: entry.time)
    rng = arrays(spec, "delivery")
    times = np.array([entry.time for entry in entries], dtype=np.int64)
    recorded = _recorded(rng, entries, times, journal.until)
    events = _envelopes(spec, entries, times, recorded)
    return _arrive(rng, events, recorded, journal.until)


def _recorded(rng: np.random.Generator, entries: list[Entry], times: Seconds, until: int) -> Seconds:
    """Return when each event was recorded: soon, sometimes weeks later, never at or after `until`."""
    n = len(entries)
    usual = np.minimum(1 + rng.exponential(USUAL_DELAY_MEAN, n), 2 * HOUR)
    very_late = rng.integers(*VERY_LATE, n)
    share = np.array([LATE_PROFILE if entry.type in PROFILES else LATE for entry in entries])
    delay = np.where(rng.random(n) < share, very_late, usual).astype(np.int64)
    fixed = np.array([-1 if entry.delay is None else entry.delay for entry in entries], dtype=np.int64)
    recorded: Seconds = np.minimum(times + np.where(fixed >= 0, fixed, delay), until - 1)
    return recorded


def _envelopes(spec: SimulationSpec, entries: list[Entry], times: Seconds, recorded: Seconds) -> list[Event]:
    return [
        {
            "specversion": "1.0",
            "id": f"evt-{spec.operator_id}-{number:08d}",
            "source": SOURCES[entry.type],
            "type": entry.type,
            "time": time,
            "operatorid": spec.operator_id,
            "dataversion": 1,
            "recordedtime": known,
            "data": entry.data,
        }
        for number, (entry, time, known) in enumerate(
            zip(entries, iso_times(times), iso_times(recorded), strict=True), start=1
        )
    ]


def _arrive(rng: np.random.Generator, events: list[Event], recorded: Seconds, until: int) -> list[Event]:
    """Return the events by time of recording, shuffled within minutes, some a second time later on."""
    n = len(events)
    arrival = recorded + rng.integers(-SHUFFLE, SHUFFLE, n)
    again = np.flatnonzero(rng.random(n) < DUPLICATES)
    second = np.maximum(
        arrival[again] + 1, np.minimum(arrival[again] + rng.integers(HOUR, 5 * DAY, len(again)), until)
    )
    which = np.concatenate([np.arange(n), again])
    order = np.argsort(np.concatenate([arrival, second]), kind="stable")
    return [events[index] for index in which[order].tolist()]

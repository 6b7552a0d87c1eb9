"""The world on disk: events as JSON lines (gzip when the name ends in .gz), the truth as one JSON file.

The truth file holds `spec`, `partners`, `people`, `merged`, and `hazards` by columns (person_profile_id, as_of,
p_no_booking_365d).
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from simulator.delivery import Event
from simulator.spec import SimulationSpec
from simulator.truth import HazardRow, PersonTruth, Truth
from simulator.world import Simulation


def write(simulation: Simulation, events_path: Path, truth_path: Path) -> None:
    """Write both files, each complete or not at all; the same simulation gives the same bytes.

    Raises OSError when a folder is missing or not writable.
    """
    _replace(events_path, lambda file: _write_events(file, simulation.events, events_path.suffix == ".gz"))
    text = json.dumps(_truth_json(simulation.truth), ensure_ascii=False, separators=(",", ":"))
    _replace(truth_path, lambda file: file.write(text.encode()))


def read_truth(path: Path) -> Truth:
    """Return the truth that `write` left at `path`."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    hazards = zip(*raw["hazards"].values(), strict=True)
    return Truth(
        spec=SimulationSpec.model_validate(raw["spec"]),
        partners=tuple((left, right) for left, right in raw["partners"]),
        people=tuple(_person(person) for person in raw["people"]),
        hazards=tuple(HazardRow(who, date.fromisoformat(day), chance) for who, day, chance in hazards),
        merged=raw["merged"],
    )


def _replace(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Fill a file beside `path`, then put it in its place."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("wb") as file:
            fill(file)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write_events(file: BinaryIO, events: list[Event], compressed: bool) -> None:
    if compressed:
        # no name and no clock in the header: same events, same bytes
        with gzip.GzipFile("", "wb", compresslevel=5, fileobj=file, mtime=0) as packed:
            packed.writelines(_lines(events))
    else:
        file.writelines(_lines(events))


def _lines(events: list[Event]) -> "map[bytes]":
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    return map(lambda event: f"{encode(event)}\n".encode(), events)  # noqa: C417 - lazy, a line at a time


def _truth_json(truth: Truth) -> dict[str, Any]:
    return {
        "spec": truth.spec.model_dump(mode="json"),
        "partners": truth.partners,
        "people": [_person_json(person) for person in truth.people],
        "merged": truth.merged,
        "hazards": {
            "person_profile_id": [row.person_profile_id for row in truth.hazards],
            "as_of": [row.as_of.isoformat() for row in truth.hazards],
            "p_no_booking_365d": [row.p_no_booking_365d for row in truth.hazards],
        },
    }


def _person_json(person: PersonTruth) -> dict[str, Any]:
    lapsed = None if person.lapsed_on is None else person.lapsed_on.isoformat()
    return {**asdict(person), "lapsed_on": lapsed}


def _person(raw: dict[str, Any]) -> PersonTruth:
    lapsed = None if raw["lapsed_on"] is None else date.fromisoformat(raw["lapsed_on"])
    return PersonTruth(**{**raw, "travel_months": tuple(raw["travel_months"]), "lapsed_on": lapsed})

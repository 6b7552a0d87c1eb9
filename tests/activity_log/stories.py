"""Small stories about people who travel by coach, told as the CloudEvents their bookings would send."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from activity_log import schema
from activity_log.contracts.types import TYPES
from activity_log.database import Database
from activity_log.gate import Admission, Gate
from activity_log.ingestion import Receipt, ingest

Event = dict[str, Any]
OpenFresh = Callable[[], Database]

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY = b"a key for tests only, 32 bytes.."


@dataclass(frozen=True)
class Books:
    """What the contexts of one operator would send. Event ids say what happened, so that equal stories are equal."""

    operator_id: str = "reisen"

    def event(self, type_: str, when: str, data: dict[str, Any], *, id_: str = "") -> Event:
        source = TYPES[type_].source if type_ in TYPES else "backoffice"
        return {
            "specversion": "1.0",
            "id": id_ or f"{type_}-{when}-{'-'.join(str(value) for value in list(data.values())[:2])}",
            "source": source,
            "type": type_,
            "time": f"{when}T09:00:00Z",
            "operatorid": self.operator_id,
            "data": data,
        }

    def knows(self, person: str, given: str, family: str, when: str = "2020-01-01", **more: Any) -> Event:
        data = {"person_profile_id": person, "given_name": given, "family_name": family, **more}
        return self.event("PersonProfileUpdated", when, data, id_=f"profile-{person}-{when}")

    def books(self, who: str, tour: str, when: str, *others: str, amount: str = "499.00") -> Event:
        return self.event(
            "BookingConfirmed",
            when,
            {
                "booking_id": f"b-{who}-{tour}-{when}",
                "booker_profile_id": who,
                "tour_id": tour,
                "departure_id": f"{tour}-d",
                "departure_date": "2026-09-01",
                "total_amount": amount,
                "currency": "EUR",
                "sales_channel": "phone",
                "travellers": [
                    {"person_profile_id": one, "seat_position": "aisle"} for one in (who, *others)
                ],
            },
        )

    def cancels(self, who: str, tour: str, booked: str, when: str) -> Event:
        data = {"booking_id": f"b-{who}-{tour}-{booked}", "booker_profile_id": who, "refund_amount": "400.00"}
        return self.event("BookingCancelled", when, data)

    def writes(self, contact: str, when: str, person: str | None = None, type_: str = "MessageRead") -> Event:
        data = {"message_id": f"m-{contact}", "contact_id": contact, "channel": "letter"}
        return self.event(type_, when, data | ({"person_profile_id": person} if person else {}))

    def merges(self, surviving: str, merged: str, when: str) -> Event:
        return self.event("PersonProfilesMerged", when, {"surviving_id": surviving, "merged_id": merged})

    def publishes(self, tour: str, when: str, name: str, price: str = "399.00") -> Event:
        data = {
            "tour_id": tour,
            "family_id": tour.split("-")[0],
            "name": {"de": name},
            "region": "Küste",
            "theme": "Erholung",
            "nights": 4,
            "price_from": price,
        }
        return self.event("TourPublished", when, data)

    def departs(self, tour: str, on: str, when: str, left: int, type_: str = "DepartureScheduled") -> Event:
        data = {
            "departure_id": f"{tour}-{on}",
            "tour_id": tour,
            "departs_on": on,
            "boarding_point_ids": ["Bremen", "Oldenburg"],
            "seats_total": 48,
            "seats_left": left,
            "price": "399.00",
        }
        return self.event(type_, when, data)


def anna_and_bernd(books: Books) -> list[Event]:
    """Anna books Nordsee every May; Bernd travels with her and never books. Their neighbour Carla is two people."""
    return [
        books.knows("anna", "Anna", "Müller", email="anna.mueller@example.org", phone="0421 555 0101"),
        books.knows("anna", "Anna", "Müller-Lüdenscheidt", "2024-08-01", phone="+49 421 5550101"),
        books.knows("bernd", "Bernd", "Annaberg"),
        books.knows("carla", "Carla", "Öztürk", "2021-03-01", email="c_100%@example.org"),
        books.knows("carla2", "Karla", "Oeztuerk", "2023-03-01"),
        books.publishes("nordsee-26", "2025-10-01", "Nordsee 2026"),
        books.publishes("nordsee-26", "2025-12-01", "Nordsee für Genießer", "429.00"),
        books.departs("nordsee-26", "2026-09-01", "2025-10-02", 48),
        books.departs("nordsee-26", "2026-09-01", "2026-05-03", 46, "DepartureUpdated"),
        books.books("anna", "nordsee-24", "2024-05-02", "bernd"),
        books.books("anna", "nordsee-25", "2025-05-02", "bernd"),
        books.books("anna", "nordsee-26", "2026-05-02", "bernd"),
        books.books("carla2", "harz-25", "2025-02-01", amount="120.50"),
        books.cancels("carla2", "harz-25", "2025-02-01", "2025-02-20"),
        books.merges("carla", "carla2", "2025-06-01"),
        books.writes("contact-anna", "2026-04-01", "anna"),
        books.writes("contact-nobody", "2026-04-01"),
        books.books("stranger", "nordsee-26", "2026-05-04"),
    ]


def admitted(events: Iterable[Event], *operators: str, now: datetime = NOW) -> list[Admission]:
    gate = Gate(set(operators or ("reisen",)), now)
    return [gate.admit(json.dumps(event).encode()) for event in events]


def send(database: Database, *events: Event, now: datetime = NOW) -> Receipt:
    """Send events of any registered operator as one batch."""
    operators = {event["operatorid"] for event in events}
    return ingest(database, admitted(events, *operators, now=now), now)


def write_lines(path: Path, events: Sequence[Event]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def read_models(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all read models without seq, which is the order of arrival itself."""
    with database.reading() as connection:
        return {
            table.name: sorted(
                (tuple(row) for row in connection.execute(select(*[c for c in table.c if c.name != "seq"]))),
                key=repr,
            )
            for table in (*schema.READ_MODELS, schema.discarded)
        }


def logged_ids(database: Database, operator_id: str = "reisen") -> list[str]:
    """The ids of an operator's events in the order of arrival."""
    query = select(schema.event.c.event_id).where(schema.event.c.operator_id == operator_id)
    with database.reading() as connection:
        return list(connection.execute(query.order_by(schema.event.c.seq)).scalars())

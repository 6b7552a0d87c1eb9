"""Lives of a few customers, told as the events of one operator, and what the features see of them at a moment."""

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from activity_log.contracts.types import TYPES
from activity_log.database import open_database
from activity_log.facts.export import FactFiles
from activity_log.facts.tables import FACT_TABLES, MOMENT
from activity_log.gate import Gate
from activity_log.ingestion import ingest
from activity_log.operators import Operator, register_operator
from activity_log.vault import Vault
from feature_repo.definitions import FeatureGroup
from feature_repo.expressions.clocks import ROW, Facts, Known, population
from feature_repo.groups import GROUPS
from feature_repo.sources import IDENTITIES, connect_duckdb, moments_table, open_facts

Event = dict[str, Any]
Row = dict[str, Any]

NOW = datetime(2030, 1, 1, tzinfo=UTC)
AS_OF = pa.schema({"operator_id": pa.string(), "customer_id": pa.string(), "as_of": MOMENT})
KEY = b"a key for tests only, 32 bytes.."


def utc(text: str) -> datetime:
    """A moment; of a day alone: its first."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Story:
    """The events of one operator, in the order told. A day alone stands for ten o'clock of it."""

    operator_id: str = "reisen"
    events: list[Event] = field(default_factory=list)

    def tell(
        self,
        type_: str,
        when: str | datetime,
        *,
        known: str | datetime | None = None,
        id_: str = "",
        **data: Any,
    ) -> None:
        """Add an event that happened at `when` and was recorded then, or at `known`."""
        event = {
            "id": id_ or f"{len(self.events) + 1:04d}",
            "source": TYPES[type_].source,
            "type": type_,
            "time": _at_ten(when).isoformat(),
            "recordedtime": _at_ten(known or when).isoformat(),
            "operatorid": self.operator_id,
            "data": data,
        }
        self.events.append(event)

    def knows(self, *people: str, when: str = "2020-01-01", known: str | None = None, **more: Any) -> None:
        """Profiles."""
        for person in people:
            names = {"given_name": person.title(), "family_name": "Petersen"}
            self.tell("PersonProfileUpdated", when, known=known, person_profile_id=person, **names, **more)

    def publishes(
        self,
        tour: str,
        family: str,
        when: str = "2020-01-01",
        *,
        region: str = "Küste",
        theme: str = "coast",
        nights: int = 5,
        **clocks: Any,
    ) -> None:
        """A tour of a family."""
        about = {
            "name": {"de": tour},
            "region": region,
            "theme": theme,
            "nights": nights,
            "price_from": "300.00",
        }
        self.tell("TourPublished", when, **clocks, tour_id=tour, family_id=family, **about)

    def books(
        self,
        who: str,
        when: str | datetime,
        departs: str = "2029-05-10",
        *,
        tour: str = "nordsee-24",
        amount: str = "400.00",
        travellers: Sequence[Any] = (),
        booking: str = "",
        currency: str = "EUR",
        channel: str = "phone",
        **clocks: Any,
    ) -> str:
        """A booking; travellers are people, or (person, seat, stop). Returns its id."""
        booking = booking or f"b{len(self.events) + 1}"
        seats = [one if isinstance(one, tuple) else (one, None, None) for one in travellers or [who]]
        self.tell(
            "BookingConfirmed",
            when,
            **clocks,
            booking_id=booking,
            booker_profile_id=who,
            tour_id=tour,
            departure_id=f"{tour}@{departs}",
            departure_date=departs,
            total_amount=amount,
            currency=currency,
            sales_channel=channel,
            travellers=[
                {"person_profile_id": person, "seat_position": seat, "boarding_point_id": stop}
                for person, seat, stop in seats
            ],
        )
        return booking

    def cancels(self, who: str, booking: str, when: str | datetime, **clocks: Any) -> None:
        """A booking given back."""
        self.tell(
            "BookingCancelled",
            when,
            **clocks,
            booking_id=booking,
            booker_profile_id=who,
            refund_amount="0.00",
        )

    def merges(self, surviving: str, merged: str, when: str, **clocks: Any) -> None:
        """Two profiles become one."""
        self.tell("PersonProfilesMerged", when, **clocks, surviving_id=surviving, merged_id=merged)

    def unmerges(self, surviving: str, merged: str, when: str, **clocks: Any) -> None:
        """Their merge is taken back."""
        self.tell("PersonProfilesUnmerged", when, **clocks, surviving_id=surviving, merged_id=merged)


def _at_ten(when: str | datetime) -> datetime:
    if isinstance(when, datetime):
        return when
    return utc(when if "T" in when else f"{when}T10:00:00")


class Engine:
    """A DuckDB in which all expressions are compiled once; Ibis takes seconds for that, and a story a blink."""

    def __init__(self) -> None:
        self.connection = connect_duckdb()
        self.connection.raw_sql("SET threads = 1")  # a few rows are not worth waking others for
        schemas = {name: FACT_TABLES.get(name, IDENTITIES) for name in Facts.__dataclass_fields__}
        for name, schema in {**schemas, "as_of": AS_OF, "moments": AS_OF.remove(0).remove(0)}.items():
            self.connection.con.register("filling", schema.empty_table())
            self.connection.raw_sql(f"CREATE TABLE {name} AS SELECT * FROM filling")
        facts = Facts(**{name: self.connection.table(name) for name in schemas})
        as_of = self.connection.table("as_of")
        self._population = self._compile(population(facts, self.connection.table("moments")))
        self._kept: dict[str, str] = {}
        known = Known.of(facts, as_of, rest=self._keep)
        self._groups = {group.name: self._compile(group.expression(facts, as_of, known)) for group in GROUPS}
        self._states = [self._compile(group.state(facts, as_of, known).order_by(ROW)) for group in GROUPS]

    def rows(self, facts: Facts, moments: Iterable[datetime], groups: Iterable[FeatureGroup]) -> list[Row]:
        """Return the rows of each group, of everybody at each moment."""
        self._look(facts, moments)
        return [row for group in groups for row in self._run(self._groups[group.name]).to_pylist()]

    def states(self, facts: Facts, moment: datetime) -> pa.Table:
        """Return the state of everybody at a moment, as `pack` takes it, in the order of their ids."""
        self._look(facts, [moment])
        parts = [self._run(sql) for sql in self._states]
        columns = {name: part[name] for part in parts for name in part.column_names}
        return pa.table(columns)

    def _look(self, facts: Facts, moments: Iterable[datetime]) -> None:
        for name in Facts.__dataclass_fields__:
            self._fill(name, self.connection.to_pyarrow(getattr(facts, name)))
        self._fill("moments", self.connection.to_pyarrow(moments_table(moments)))
        self._fill("as_of", self._run(self._population))
        for name, sql in self._kept.items():
            self.connection.raw_sql(f"TRUNCATE {name}; INSERT INTO {name} {sql}")

    def _keep(self, name: str, table: ir.Table) -> ir.Table:
        """Keep what all groups start from in a table of its own."""
        self._kept[name] = self._compile(table)
        return self.connection.create_table(name, table)

    def _compile(self, table: ir.Table) -> str:
        sql: str = self.connection.compile(table)
        return sql

    def _fill(self, table: str, rows: pa.Table) -> None:
        self.connection.con.register("filling", rows)
        self.connection.raw_sql(f"TRUNCATE {table}; INSERT INTO {table} BY NAME SELECT * FROM filling")

    def _run(self, sql: str) -> pa.Table:
        return self.connection.con.sql(sql).to_arrow_table()


engine = cache(Engine)


@dataclass(frozen=True)
class Logged:
    """A story in the log, its facts exported."""

    files: FactFiles
    operator: Operator

    def facts(self, connection: Any) -> Facts:
        return open_facts(connection, self.files, self.operator.operator_id)

    def at(
        self,
        *moments: str | datetime,
        groups: Iterable[FeatureGroup] = GROUPS,
        seen: Callable[[Facts], Facts] = lambda facts: facts,
    ) -> "Sight":
        """Compute the features of everybody at each moment, of the facts as `seen`."""
        asked = [utc(one) if isinstance(one, str) else one for one in moments]
        rows: dict[tuple[str, datetime], Row] = {}
        for row in engine().rows(seen(self.facts(engine().connection)), asked, groups):
            key = (row["customer_id"], row["as_of"].astimezone(UTC))
            assert not rows.get(key, {}).keys() & row.keys() - set(ROW), f"two rows of {key}"
            rows.setdefault(key, {}).update(row)
        return Sight(self.operator, rows)


@dataclass(frozen=True)
class Sight:
    """Feature rows by customer and moment."""

    operator: Operator
    rows: dict[tuple[str, datetime], Row]

    def of(self, person: str, when: str | datetime) -> Row:
        """The features of a person alone, without the keys."""
        row = self.rows[self._key(person, when)]
        return {name: value for name, value in row.items() if name not in ("customer_id", "as_of")}

    def knows(self, person: str, when: str | datetime) -> bool:
        return self._key(person, when) in self.rows

    def _key(self, person: str, when: str | datetime) -> tuple[str, datetime]:
        return self.operator.pseudonym(person), utc(when) if isinstance(when, str) else when


LogOf = Callable[..., Logged]


def log_stories(template: Path, home: Path, *stories: Story, batches: int = 1) -> list[Logged]:
    """Ingest stories, a story per operator, into a fresh log under `home`; in `batches`, each exported at once."""
    home.mkdir(parents=True)
    shutil.copy(template, home / "log.db")
    database = open_database(f"sqlite:///{home / 'log.db'}", Vault(bytes(32)))
    gate = Gate({story.operator_id for story in stories}, NOW, keep_recorded_time=True)
    logged = []
    for story in stories:
        operator = register_operator(database, story.operator_id, now=NOW, pseudonym_key=KEY)
        files = FactFiles(home / "facts", story.operator_id)
        size = max(1, -(-len(story.events) // batches))
        for start in range(0, max(1, len(story.events)), size):
            raw = [json.dumps(event).encode() for event in story.events[start : start + size]]
            receipt = ingest(database, [gate.admit(line) for line in raw], NOW)
            assert not receipt.quarantined, receipt.quarantined
            files.refresh(database, operator)
        logged.append(Logged(files, operator))
    database.close()
    return logged

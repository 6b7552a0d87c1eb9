"""What segments cost: evaluating the starter rules, and refreshing their memberships, for many customers."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import insert

from activity_log import schema
from activity_log.bulk import batches
from activity_log.database import Database, open_log
from activity_log.facts.export import FactFiles
from activity_log.operators import register_operator
from activity_log.segments.definitions import Draft, Segment, define
from activity_log.segments.membership import Found, write_refresh
from benchmarks.figure import Bound, Figure
from benchmarks.ingestion import NOW
from benchmarks.many_facts import copied_facts, simulated_facts
from benchmarks.simulated import OPERATOR
from benchmarks.sizes import Sizes
from benchmarks.stores import Store, stores
from feature_repo.build import build_features, rows_path
from feature_repo.groups import GROUPS
from feature_repo.segments.rows import CustomerRows
from feature_repo.segments.rules import read_rule
from feature_repo.segments.starters import STARTERS
from feature_repo.sources import connect_duckdb

Step = tuple[str, Callable[[], list[Figure]]]
FLOOR = "one SQL statement written by hand for the same ten rules, checked to find the same people"

BY_HAND = """
WITH r AS (SELECT * FROM '{booking}' AS booking JOIN '{travel}' AS travel USING (customer_id)
           JOIN '{engagement}' AS engagement USING (customer_id) JOIN '{taste}' AS taste USING (customer_id)),
b AS (SELECT customer_id, rank() OVER (ORDER BY lifetime_revenue DESC) AS place,
             count(*) OVER (PARTITION BY lifetime_revenue) AS tied, count(*) OVER () AS n
      FROM r WHERE total_bookings > 0)
SELECT r.customer_id,
  coalesce(family_counts[list_position(family_ids, 'nordsee')], 0) >= 3,
  coalesce((b.place + b.tied - 1) * 10 <= b.n, false) AND coalesce(days_since_last_booking > 540, false),
  no_show_count >= 2,
  total_bookings >= 3 AND coalesce(median_booking_gap_days BETWEEN 270 AND 460, false)
      AND coalesce(overdue_ratio <= 1.5, false),
  total_bookings > 0 AND coalesce(days_since_first_booking <= 180, false),
  coalesce(average_party_size >= 4, false) AND total_bookings >= 2,
  conversations_365d >= 1 AND (complaints_365d >= 1 OR coalesce(last_satisfaction <= 2, false)
      OR coalesce(last_nps <= 6, false)),
  coalesce(days_since_last_abandoned_checkout <= 30, false) AND NOT coalesce(days_since_last_booking <= 30, false),
  total_bookings = 0 AND total_trips = 0,
  total_trips >= 2 AND total_bookings = 0
FROM r LEFT JOIN b USING (customer_id) ORDER BY 1
"""


def steps(sizes: Sizes) -> Iterator[Step]:
    """Yield what there is to measure, by name; take one after the other, while the iterator lives."""
    with TemporaryDirectory(prefix="busflow-bench-") as folder:
        bench = _Bench(Path(folder))
        yield f"features of {sizes.customers:,} customers", partial(bench.build, sizes.customers)
        yield "the starter rules", bench.rules
        for store in stores():
            yield f"{store.name}: refreshing segments", partial(bench.refresh, store)


class _Bench:
    """What the steps leave to each other."""

    def __init__(self, home: Path):
        self._home = home
        self._found: dict[str, list[str]] = {}

    def build(self, customers: int) -> list[Figure]:
        """Compute the features of about so many customers once."""
        source, events = simulated_facts(self._home)
        each = events / 47
        facts = copied_facts(source, self._home / "many", copies=max(1, round(customers / each)))
        build_features(FactFiles(facts, OPERATOR), self._home, OPERATOR, [NOW])
        return []

    def rules(self) -> list[Figure]:
        """Return what evaluating the ten starters takes, beside SQL written by hand."""
        rules = {one.segment_id: read_rule(one.rule) for one in STARTERS}
        with closing((connection := connect_duckdb()).con):
            rows = CustomerRows(connection, self._home, OPERATOR, NOW, GROUPS)
            seconds = min(_seconds(lambda: self._found.update(rows.matching(rules))) for _ in range(3))
            customers = rows.customers()
        by_hand = min(_seconds(self._by_hand) for _ in range(3))
        self._everybody = self._by_hand().column(0).to_pylist()
        name = f"ten starter rules over {customers:,} customers"
        return [Figure(name, "s", seconds, by_hand, FLOOR, 2.0, Bound.AT_MOST)]

    def refresh(self, store: Store) -> list[Figure]:
        """Return what a first refresh of the ten takes, the same again, and one by which few people move."""
        with store.fresh() as settings, closing(open_log(settings)) as database:
            segments = self._prepare(database)
            members = sum(map(len, self._found.values()))
            first = [self._write(database, one, 0, self._found[one.segment_id]) for one in segments]
            again = [self._write(database, one, 1, self._found[one.segment_id]) for one in segments]
            moved = [self._write(database, one, 2, self._some(one)) for one in segments]
        about = f"of ten segments with {members:,} members"
        most = Bound.AT_MOST
        return [
            Figure(f"first refresh {about}", "s", sum(first), store=store.name),
            Figure(f"first refresh {about}: longest transaction", "s", max(first), bound=30, direction=most,
                   store=store.name),
            Figure(f"refresh without a change {about}", "s", sum(again), bound=10, direction=most, store=store.name),
            Figure(f"refresh by which a tenth leaves {about}", "s", sum(moved), store=store.name),
        ]  # fmt: skip

    def _prepare(self, database: Database) -> list[Segment]:
        register_operator(database, OPERATOR, now=NOW)
        with database.writing() as connection:
            for some in batches(self._everybody, 5_000):
                connection.execute(insert(schema.person_profile), [_profile(one) for one in some])
            return [
                define(
                    connection,
                    OPERATOR,
                    Draft(one.segment_id, "rule", one.name_de, one.name_en, one.rule),
                    NOW,
                )
                for one in STARTERS
            ]

    def _some(self, segment: Segment) -> list[str]:
        return [one for place, one in enumerate(self._found[segment.segment_id]) if place % 10]

    @staticmethod
    def _write(database: Database, segment: Segment, day: int, customers: list[str]) -> float:
        """Return the seconds of one segment's transaction."""

        def write() -> None:
            with database.writing() as connection:
                write_refresh(connection, Found(segment, NOW + timedelta(days=day), customers), NOW)

        return _seconds(write)

    def _by_hand(self) -> "object":
        paths = {
            group.name.removeprefix("customer_"): str(rows_path(self._home, group, OPERATOR, NOW))
            for group in GROUPS
        }
        with closing((connection := connect_duckdb()).con):
            table = connection.con.execute(BY_HAND.format(**paths)).fetch_arrow_table()
        if self._found:
            self._check(table)
        return table

    def _check(self, table: "object") -> None:
        ids = table.column(0)  # type: ignore[attr-defined]
        for place, starter in enumerate(STARTERS, start=1):
            found = ids.filter(table.column(place)).to_pylist()  # type: ignore[attr-defined]
            if found != self._found[starter.segment_id]:
                raise AssertionError(f"{starter.segment_id}: the statement by hand finds other people")


def _profile(customer_id: str) -> dict[str, object]:
    return {
        "operator_id": OPERATOR,
        "person_profile_id": f"p-{customer_id}",
        "customer_id": customer_id,
        "given_name": "Anna",
        "family_name": "Arndt",
        "locale": "de-DE",
        "marketing_consent": True,
        "occurred_at": NOW,
        "event_id": "e",
        "search_text": "",
    }


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started

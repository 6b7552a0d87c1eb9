"""What training the recommender takes for a large operator: run in a process of its own, it prints seconds and GB."""

import json
import resource
import sys
from datetime import timedelta
from decimal import Decimal
from time import perf_counter

import numpy as np
import pyarrow as pa

from activity_log.facts.tables import FACT_TABLES
from activity_log.operators import Operator
from benchmarks.simulated_facts import END, SimulatedFacts, opened
from training.recommender.spec import RecommenderSpec
from training.recommender.train import train_recommender

OPERATOR = "large"
SEASONS, DAYS = 5, 5 * 365
SEED = 7
THEMES, REGIONS, STOPS = 8, 30, 16
COMPANIONS = 0.5
"""Of the bookings with a second named traveller."""


def main(customers: int, bookings: int, tours: int) -> None:
    """Make the facts, train, and print what the training took."""
    facts = drawn_facts(customers, bookings, tours)
    before, start = _peak_gb(), perf_counter()
    trained = train_recommender(facts.connection, facts.facts, END, RecommenderSpec())
    seconds = perf_counter() - start
    told = {"seconds": seconds, "peak_gb": _peak_gb(), "facts_gb": before, "live": trained.recommender.live}
    sys.stdout.write(json.dumps(told | {"why": trained.why, "judged": trained.judged}) + "\n")


def drawn_facts(customers: int, bookings: int, tours: int) -> SimulatedFacts:
    """Draw bookings of customers who have two tastes each and mostly keep to them; tours come back each season."""
    rng, families = np.random.default_rng(SEED), max(1, tours // SEASONS)
    booker = rng.integers(0, customers, bookings)
    tastes = _popular(rng, families, (customers, 2))
    kept = rng.random(bookings) < 0.8
    own = tastes[booker, rng.integers(0, 2, bookings)]
    family = np.where(kept, own, _popular(rng, families, bookings))
    day = np.sort(rng.integers(0, DAYS, bookings))
    season = np.minimum(day * SEASONS // DAYS, SEASONS - 1)
    companion = np.where(
        rng.random(bookings) < COMPANIONS, (booker + 1 + rng.integers(0, 3, bookings)) % customers, -1
    )
    begin = END - timedelta(days=DAYS)
    moment = np.datetime64(begin.replace(tzinfo=None), "us") + day * np.timedelta64(86_400_000_000, "us")
    names = {
        "customer_id": _ids("c", booker),
        "booking_id": _ids("b", np.arange(bookings)),
        "tour_id": _ids("t", family * SEASONS + season),
        "departure_date": pa.array((moment + np.timedelta64(120, "D")).astype("datetime64[D]")),
        "boarding_point_id": _ids("stop", tastes[booker, 0] % STOPS),
        "event_id": _ids("e", np.arange(bookings)),
    }
    alone = {**names, "party_size": pa.array(np.where(companion >= 0, 2, 1).astype(np.int32))}
    with_other = np.flatnonzero(companion >= 0)
    others = {name: column.take(pa.array(with_other)) for name, column in names.items()}
    others["customer_id"] = _ids("c", companion[with_other])
    trips = pa.concat_tables([_table("trips", names, moment), _table("trips", others, moment[with_other])])
    filled = {
        "bookings": _table("bookings", alone, moment),
        "trips": trips,
        "profiles": _profiles(customers, begin),
        "tours": _tours(families, begin),
    }
    tables = {name: filled.get(name, schema.empty_table()) for name, schema in FACT_TABLES.items()}
    return opened(Operator(OPERATOR, OPERATOR, False, b"a key for benchmarks only"), tables)


def _popular(rng: np.random.Generator, families: int, size: object) -> np.ndarray:
    weights = 1.0 / (np.arange(families) + 5.0)
    drawn: np.ndarray = rng.choice(families, size, p=weights / weights.sum())  # type: ignore[call-overload]
    return drawn


def _profiles(customers: int, begin: object) -> pa.Table:
    moments = np.full(customers, np.datetime64(begin.replace(tzinfo=None), "us"))  # type: ignore[attr-defined]
    columns = {"customer_id": _ids("c", np.arange(customers)), "event_id": _ids("p", np.arange(customers))}
    columns["postcode_area"] = _ids("", np.arange(customers) % 90 + 10)
    return _table("profiles", columns, moments)


def _tours(families: int, begin: object) -> pa.Table:
    number = np.arange(families * SEASONS)
    family, season = np.divmod(number, SEASONS)
    first = np.datetime64(begin.replace(tzinfo=None), "us")  # type: ignore[attr-defined]
    moments = first + season * np.timedelta64(365 * 86_400_000_000, "us")
    price = pa.array([Decimal(200 + 10 * (one % 60)) for one in family.tolist()])
    columns = {
        "tour_id": _ids("t", number),
        "family_id": _ids("f", family),
        "region": _ids("r", family % REGIONS),
        "theme": _ids("theme", family % THEMES),
        "nights": pa.array((1 + family % 9).astype(np.int32)),
        "price_from": price,
        "event_id": _ids("tour", number),
    }
    return _table("tours", columns, moments)


def _ids(kind: str, numbers: np.ndarray) -> pa.Array:
    return pa.array(np.char.add(f"{kind}", numbers.astype("U8")))


def _table(name: str, columns: dict[str, pa.Array], moments: np.ndarray) -> pa.Table:
    """Give columns the types of a fact table; what is missing is null."""
    known = columns | {
        "occurred_at": pa.array(moments, pa.timestamp("us", "UTC")),
        "recorded_at": pa.array(moments, pa.timestamp("us", "UTC")),
        "operator_id": pa.array([OPERATOR] * len(moments)),
    }
    filled = [
        known[field.name].cast(field.type) if field.name in known else pa.nulls(len(moments), field.type)
        for field in FACT_TABLES[name]
    ]
    return pa.Table.from_arrays(filled, schema=FACT_TABLES[name])


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))

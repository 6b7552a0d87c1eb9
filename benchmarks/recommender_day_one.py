"""Tours of a new season on the day after their catalogue came out, beside the same season in its middle.

Two seasons of simulated operators: the share of the season's tours booked next that were among the first five shown,
on the morning after the catalogue was out, when none of them had a booking, and in February. And families that were
wholly new with the catalogue, as if they had never been sold before: how often they were among the first five of
those who booked them next.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.figure import Figure
from benchmarks.simulated_facts import SimulatedFacts, opened, simulated_facts
from benchmarks.sizes import Sizes
from training.recommender.backtest import Snapshots, Window, open_window
from training.recommender.choice import choose
from training.recommender.interactions import booked_from
from training.recommender.spec import RecommenderSpec
from training.recommender.train import validation_windows

FIRST, CATALOGUE_OUT = 5, timedelta(days=12)
BOOKED_WITHIN = RecommenderSpec(horizon_days=120)
"""Judged by what is booked in the four months after the moment."""

SEASONS = (2025, 2026)
OPERATORS = ((2_000, 7, 12), (2_000, 8, 20), (1_000, 9, 16), (3_000, 10, 12))
"""Customers, seed and families of each."""
NEW_FAMILIES = 2
"""Of the first operator, each made new in turn."""

Step = tuple[str, Callable[[], list[Figure]]]


def steps(_sizes: Sizes) -> Iterator[Step]:
    """Yield what is measured, by name."""
    yield "a new season's tours on day one", new_season
    yield "families that are new on day one", new_families


def new_season() -> list[Figure]:
    """Return recall@5 on day one beside that of mid-season, over all customers of all operators and seasons."""
    day_one, middle = [], []
    for operator in OPERATORS:
        simulated = simulated_facts(*operator)
        for season in map(Season, SEASONS):
            day_one.append(recalls(simulated, season, season.day_one))
            middle.append(recalls(simulated, season, season.middle))
    found, later = (float(np.concatenate(parts).mean()) for parts in (day_one, middle))
    name = f"tours of a new season on day one: recall@{FIRST}"
    return [Figure(name, "", found, later, "the same season in February", bound=0.9)]


def new_families() -> list[Figure]:
    """Return how often a family that came out with the catalogue is among the first of who books it next."""
    found: dict[str, list[np.ndarray]] = {"final": [], "season_popularity": []}
    simulated = simulated_facts(*OPERATORS[0])
    families = sorted(set(simulated.tables["tours"]["family_id"].to_pylist()))[:NEW_FAMILIES]
    for season in map(Season, SEASONS):
        for family in families:
            as_new = without_past(simulated, family, season)
            for model, hits in found_of_family(as_new, family, season.day_one).items():
                found[model].append(hits)
    final, popular = (float(np.concatenate(parts).mean()) for parts in found.values())
    name = f"new families on day one: among the first {FIRST} of who books them next"
    return [Figure(name, "share", final), Figure(f"{name}, by season popularity alone", "share", popular)]


@dataclass(frozen=True)
class Season:
    """A catalogue of autumn: out within twelve days from 1 October; its middle is the first of February."""

    year: int

    @property
    def begin(self) -> datetime:
        """When the first of its tours may come out."""
        return datetime(self.year - 1, 10, 1, tzinfo=UTC)

    @property
    def day_one(self) -> datetime:
        """The morning after the last of them came out."""
        return self.begin + CATALOGUE_OUT + timedelta(days=1)

    @property
    def middle(self) -> datetime:
        """Four months after it began."""
        return datetime(self.year, 2, 1, tzinfo=UTC)


def recalls(simulated: SimulatedFacts, season: Season, moment: datetime) -> np.ndarray:
    """Return the share of the season's tours each customer booked after `moment` that were among the first 5 shown.

    Shown is one tour of a family, the one leaving nearest to the customer's usual month, as serving does; on sale is
    all that leaves after the moment and came out before. The model knows what was known at the moment. (customers,)
    """
    snapshots = Snapshots(simulated.connection, simulated.facts)
    window = open_window(snapshots, moment, moment + BOOKED_WITHIN.horizon, BOOKED_WITHIN)
    if window is None:
        return np.zeros(0)
    scores = _scores(snapshots, window, moment)
    sale = _on_sale(simulated.tables, moment)
    wanted = _wanted(simulated.tables, snapshots, season, moment)
    found = []
    for row, customer in enumerate(window.judged):
        tours = wanted.get(customer, set()) & set(sale["tour_id"])
        if tours:
            shown = _shown(scores[row], window, sale, int(window.contexts.months[row]))
            found.append(len(tours & shown) / len(tours))
    return np.array(found)


def without_past(simulated: SimulatedFacts, family: str, season: Season) -> SimulatedFacts:
    """Return the operator as if `family` came out with this season's catalogue: neither sold nor published before."""
    tours = simulated.tables["tours"]
    early = pc.less(tours["occurred_at"], pa.scalar(season.begin, tours["occurred_at"].type))
    old = pc.and_(pc.equal(tours["family_id"], family), early)
    gone = tours.filter(old)["tour_id"]
    kept = {
        name: simulated.tables[name].filter(
            pc.invert(pc.is_in(simulated.tables[name]["tour_id"], gone.combine_chunks()))
        )
        for name in ("tours", "bookings", "trips", "departures")
    }
    return opened(simulated.operator, simulated.tables | kept)


def found_of_family(simulated: SimulatedFacts, family: str, moment: datetime) -> dict[str, np.ndarray]:
    """Return for each customer who booked `family` next whether it was among the first 5 families, by model.

    final: what went live. season_popularity: alone.
    """
    snapshots = Snapshots(simulated.connection, simulated.facts)
    window = open_window(snapshots, moment, moment + BOOKED_WITHIN.horizon, BOOKED_WITHIN)
    if window is None or family not in window.bookings.families:
        return {"final": np.zeros(0), "season_popularity": np.zeros(0)}
    place = window.bookings.families.index(family)
    takers = np.flatnonzero(window.booked[:, [place]].toarray().ravel())
    popular = window.season.score_many(window.histories, window.contexts)
    models = {"final": _scores(snapshots, window, moment), "season_popularity": popular}
    return {
        name: (scores[takers] > scores[takers, place][:, None]).sum(axis=1) < FIRST
        for name, scores in models.items()
    }


def _scores(snapshots: Snapshots, window: Window, moment: datetime) -> np.ndarray:
    spec = RecommenderSpec()
    choice = choose(validation_windows(snapshots, moment, spec), spec)
    live = choice.candidates[choice.live]
    answer = window.answer(live.rung.fit(window.bookings, live.settings), live.mixing)
    return answer.chances(window.seen(live.mixing), window.histories, window.contexts)


def _on_sale(tables: Mapping[str, pa.Table], moment: datetime) -> pd.DataFrame:
    """Return tour_id, family_id and month of the departures ahead of the moment and known by then."""
    tours = _before(tables["tours"], moment).to_pandas().drop_duplicates("tour_id", keep="last")
    departures = _before(tables["departures"], moment).to_pandas()
    departures = departures.drop_duplicates("departure_id", keep="last")
    ahead = departures[pd.to_datetime(departures["departs_on"]) > pd.Timestamp(moment.date())]
    sale = ahead.merge(tours[["tour_id", "family_id"]], on="tour_id")
    return sale.assign(month=pd.to_datetime(sale["departs_on"]).dt.month).sort_values("departs_on")


def _before(table: pa.Table, moment: datetime) -> pa.Table:
    return table.filter(pc.less(table["occurred_at"], pa.scalar(moment, table["occurred_at"].type)))


def _wanted(
    tables: Mapping[str, pa.Table], snapshots: Snapshots, season: Season, moment: datetime
) -> dict[str, set[str]]:
    """Return the tours of the season's catalogue that each customer booked after the moment."""
    tours = tables["tours"].to_pandas()
    out = tours["occurred_at"].between(season.begin, season.day_one)
    of_season = set(tours.loc[out, "tour_id"])
    bookings = tables["bookings"].to_pandas()
    tour_of = dict(zip(bookings["booking_id"], bookings["tour_id"], strict=True))
    rows = booked_from(snapshots.rows(moment + BOOKED_WITHIN.horizon), moment, BOOKED_WITHIN.horizon)
    wanted: dict[str, set[str]] = {}
    for customer, booking in zip(
        rows["customer_id"].to_pylist(), rows["booking_id"].to_pylist(), strict=True
    ):
        if tour_of[booking] in of_season:
            wanted.setdefault(customer, set()).add(tour_of[booking])
    return wanted


def _shown(scores: np.ndarray, window: Window, sale: pd.DataFrame, month: int) -> set[str]:
    families = window.bookings.families
    offered = set(sale["family_id"])
    best = [families[place] for place in np.argsort(-scores, kind="stable") if families[place] in offered]
    apart = (sale["month"] - month).abs() if month else sale["month"] * 0
    apart = np.minimum(apart, 12 - apart)
    nearest = sale.loc[apart.groupby(sale["family_id"]).idxmin()].set_index("family_id")["tour_id"]
    return {nearest[family] for family in best[:FIRST]}

"""What was shown, and what came of it: Anna signs in and books the Nordsee, Bernd only looks, a stranger clicks."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from activity_log.facts.export import FactFiles
from activity_log.facts.tables import FACT_TABLES
from feature_repo.expressions.clocks import Facts
from feature_repo.sources import IDENTITIES, connect_duckdb
from training.off_policy.attribution import outcomes, suggestions_of

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SHOWN = datetime(2026, 3, 1, 18, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
FAMILIES = {"nordsee-26": "nordsee", "nordsee-27": "nordsee", "harz-26": "harz"}


def stamped(event_id, occurred_at, who, known=None):
    return {
        "operator_id": "o", "customer_id": who, "event_id": event_id,
        "occurred_at": occurred_at, "recorded_at": known or occurred_at,
    }  # fmt: skip


def shown(tour, at=SHOWN, who="anna", position=1, in_list="r1", clicked=False, known=None, **drawn):
    return stamped(f"{in_list}:{position}:{clicked}", at, who, known) | {
        "recommendation_id": in_list, "tour_id": tour, "position": position, "propensity": 1.0, "clicked": clicked,
    } | drawn  # fmt: skip


def clicked(tour, at, **more):
    return shown(tour, at, clicked=True, **more)


def books(tour, at, who="anna", booking="b1", known=None):
    about = {"booking_id": booking, "tour_id": tour, "amount": Decimal("100.00")}
    return stamped(f"{booking} {at}", at, who, known) | about


def told(suggestions, bookings=(), cancellations=(), merges=(), until=NOW):
    tours = [stamped(tour, datetime(2025, 1, 1, tzinfo=UTC), None) | {"tour_id": tour, "family_id": family}
             for tour, family in FAMILIES.items()]  # fmt: skip
    rows = {"bookings": list(bookings), "cancellations": list(cancellations), "tours": tours}
    names = [field.name for field in fields(Facts) if field.name != "identities"]
    tables = {name: pa.Table.from_pylist(rows.get(name, []), schema=FACT_TABLES[name]) for name in names}
    facts = Facts(
        **{name: ibis.memtable(table) for name, table in tables.items()},
        identities=ibis.memtable(pa.Table.from_pylist(list(merges), schema=IDENTITIES)),
    )
    table = ibis.memtable(pa.Table.from_pylist(list(suggestions), schema=FACT_TABLES["suggestions"]))
    found = connect_duckdb().to_pyarrow(outcomes(table, facts, until)).to_pylist()
    return {(row["recommendation_id"], row["position"]): row for row in found}


def booked(found):
    return {place: row["bookings"] for place, row in found.items() if row["bookings"]}


@pytest.mark.parametrize(
    ("at", "counts"),
    [(SHOWN - SECOND, 0), (SHOWN, 1), (SHOWN + 30 * DAY - SECOND, 1), (SHOWN + 30 * DAY, 0)],
)
def test_a_booking_counts_from_the_showing_to_the_end_of_the_window(at, counts):
    row = told([shown("nordsee-26")], [books("nordsee-26", at)])["r1", 1]
    assert (row["bookings"], row["booked_amount"]) == (counts, 100.0 * counts)
    assert (row["family_id"], row["person_id"], row["shown_at"]) == ("nordsee", "anna", SHOWN)


def test_another_season_of_the_family_counts_another_family_and_another_customer_do_not():
    assert booked(told([shown("nordsee-26")], [books("nordsee-27", SHOWN + DAY)])) == {("r1", 1): 1}
    assert not booked(told([shown("nordsee-26")], [books("harz-26", SHOWN + DAY)]))
    assert not booked(told([shown("nordsee-26")], [books("nordsee-26", SHOWN + DAY, who="bernd")]))


def test_each_booking_counts_once_for_the_last_suggestion_of_it():
    lists = [shown("nordsee-26", SHOWN + day * DAY, in_list=f"r{day}", position=place)
             for day in (1, 2, 9) for place in (1, 2)]  # fmt: skip
    twice = [books("nordsee-26", SHOWN + 5 * DAY), books("nordsee-27", SHOWN + 6 * DAY, booking="b2")]
    again = books("nordsee-26", SHOWN + 20 * DAY)  # the first one, confirmed again
    found = told(lists, [*twice, again])
    assert booked(found) == {("r2", 2): 2}
    assert found["r2", 2]["booked_amount"] == 200.0


def test_a_booking_given_back_is_none():
    back = stamped("back", SHOWN + 3 * DAY, "anna") | {"booking_id": "b1"}
    assert not booked(told([shown("nordsee-26")], [books("nordsee-26", SHOWN + DAY)], [back]))


def test_what_was_not_known_yet_does_not_count_and_counts_once_it_is():
    late = SHOWN + 200 * DAY
    sight, click = shown("nordsee-26"), clicked("nordsee-26", SHOWN + SECOND, known=late)
    booking = books("nordsee-26", SHOWN + DAY, known=late)
    before = told([sight, click], [booking], until=late)["r1", 1]
    after = told([sight, click], [booking], until=late + SECOND)["r1", 1]
    assert (before["clicked"], before["bookings"]) == (False, 0)
    assert (after["clicked"], after["bookings"]) == (True, 1)
    assert not told([shown("nordsee-26", known=late)], until=late)


def test_a_click_belongs_to_its_place_and_to_a_window():
    sights = [shown("nordsee-26"), shown("harz-26", position=2)]
    found = told([*sights, clicked("harz-26", SHOWN + 2 * SECOND, position=2)])
    assert [row["clicked"] for row in found.values()] == [place == ("r1", 2) for place in found]
    assert not told([*sights, clicked("harz-26", SHOWN + 30 * DAY, position=2)])["r1", 2]["clicked"]
    assert not told([clicked("harz-26", SHOWN)])  # a click on what nobody saw


def test_it_is_mature_when_the_window_is_over():
    assert not told([shown("harz-26")], until=SHOWN + 30 * DAY - SECOND)["r1", 1]["mature"]
    assert told([shown("harz-26")], until=SHOWN + 30 * DAY)["r1", 1]["mature"]


def test_who_did_not_sign_in_clicks_but_books_under_no_name():
    found = told(
        [shown("harz-26", who=None), clicked("harz-26", SHOWN + SECOND, who=None)],
        [books("harz-26", SHOWN + DAY, who=None)],
    )
    assert (found["r1", 1]["clicked"], found["r1", 1]["bookings"], found["r1", 1]["person_id"]) == (
        True,
        0,
        None,
    )


def test_people_who_are_one_by_now_are_one_visitor():
    forever = {"valid_from": SHOWN + 90 * DAY, "valid_to": datetime(9999, 1, 1, tzinfo=UTC)}
    merge = {"operator_id": "o", "customer_id": "anne", "canonical_id": "anna"} | forever
    found = told([shown("harz-26", who="anne")], [books("harz-26", SHOWN + DAY)], merges=[merge])
    assert (found["r1", 1]["bookings"], found["r1", 1]["person_id"]) == (1, "anna")


def test_what_was_drawn_comes_along():
    row = told([shown("harz-26", model="o.recommender/3", alternatives=["harz", "nordsee"])])["r1", 1]
    assert (row["model"], row["alternatives"], row["propensity"]) == (
        "o.recommender/3",
        ["harz", "nordsee"],
        1.0,
    )


def test_files_of_before_the_new_columns_are_read_beside_newer_ones(tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    new = pa.Table.from_pylist([shown("harz-26", in_list="r2", model="m")], schema=FACT_TABLES["suggestions"])
    old = pa.Table.from_pylist([shown("harz-26")], schema=FACT_TABLES["suggestions"])
    pq.write_table(old.drop_columns(["model", "alternatives"]), tmp_path / "1.parquet")
    pq.write_table(new, tmp_path / "2.parquet")
    paths = [str(tmp_path / "1.parquet")]
    monkeypatch.setattr(FactFiles, "paths", lambda _self, _table: paths)
    files = FactFiles(tmp_path, "o")
    connection = connect_duckdb()
    assert connection.to_pyarrow(suggestions_of(connection, files))["model"].to_pylist() == [None]
    paths.append(str(tmp_path / "2.parquet"))
    assert set(connection.to_pyarrow(suggestions_of(connection, files))["model"].to_pylist()) == {None, "m"}

import os
import signal
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activity_log import ledger, reading
from activity_log.contracts.commerce import BookingCancelled, BookingConfirmed
from activity_log.database import Database
from activity_log.importing import table as importing
from activity_log.importing.reading import read_table
from activity_log.importing.rows import FATES, Fate, judge
from activity_log.importing.spec import TableSpec
from activity_log.importing.table import ImportReport, import_table
from activity_log.importing.trade import trade_of
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator, find_operator
from tests.activity_log.stories import NOW, Books, OpenFresh, logged_ids, read_models, send

SHOP = TableSpec(
    quantity="quantity", description="description", cancellation_prefix="C", item_pattern=r"\d{5}[A-Z]?"
)

COLUMNS = ("customer_id", "booking_id", "item_id", "timestamp", "amount", "quantity", "description")

STORY: list[tuple[tuple[Any, ...], Fate]] = [
    # Anna buys two mugs and, on another line of the same bill, one more
    ((13085, "501", "10001", "2026-01-05 10:00", 20.0, 2, "MUG"), Fate.BOOKED),
    ((13085, "501", "10001", "2026-01-05 10:01", 9.99, 1, "MUG, BLUE"), Fate.BOOKED),
    ((13085, "501", "10002B", "2026-01-05 10:00", 5.0, 1, None), Fate.BOOKED),
    ((13085, "501", "10002B", "2026-01-05 10:00", 5.0, 1, None), Fate.DUPLICATE),
    ((13085, "501", "POST", "2026-01-05 10:00", 4.9, 1, "POSTAGE"), Fate.ODD_ITEM),
    # ... and again in February, but gives those back; then one of the first three; then what she never bought
    ((13085, "502", "10001", "2026-02-05 10:00", 30.0, 3, "MUG"), Fate.BOOKED),
    ((13085, "C503", "10001", "2026-02-06 10:00", -45.0, -4, "MUG"), Fate.CANCELLED),
    ((13085, "C504", "10001", "2026-02-07 10:00", -10.0, -1, "MUG"), Fate.PARTIAL_RETURN),
    ((13085, "C505", "10003", "2026-02-07 10:00", -10.0, -1, "TEAPOT"), Fate.CANCELLATION_WITHOUT_BOOKING),
    # a return before the booking, and by somebody else, is none of it
    ((13085, "C500", "10002B", "2026-01-04 10:00", -5.0, -1, None), Fate.CANCELLATION_WITHOUT_BOOKING),
    ((14000, "C506", "10002B", "2026-02-08 10:00", -5.0, -1, None), Fate.CANCELLATION_WITHOUT_BOOKING),
    # what cannot be counted
    ((None, "507", "10001", "2026-03-01 10:00", 10.0, 1, "MUG"), Fate.NO_CUSTOMER),
    ((14000, None, "10001", "2026-03-01 10:00", 10.0, 1, "MUG"), Fate.NO_BOOKING_OR_ITEM),
    ((14000, "508", " ", "2026-03-01 10:00", 10.0, 1, "MUG"), Fate.NO_BOOKING_OR_ITEM),
    ((14000, "508", "10001", "in March", 10.0, 1, "MUG"), Fate.UNREADABLE_TIME),
    ((14000, "508", "10001", "2066-03-01 10:00", 10.0, 1, "MUG"), Fate.TIME_OUT_OF_RANGE),
    ((14000, "508", "10001", "1966-03-01 10:00", 10.0, 1, "MUG"), Fate.TIME_OUT_OF_RANGE),
    ((14000, "508", "10001", "2026-03-01 10:00", float("inf"), 1, "MUG"), Fate.UNREADABLE_NUMBER),
    ((14000, "508", "10001", "2026-03-01 10:00", 10.0, None, "MUG"), Fate.UNREADABLE_NUMBER),
    ((14000, "508", "10001", "2026-03-01 10:00", 0.0, 1, "MUG"), Fate.NOT_A_SALE),
    ((14000, "508", "10001", "2026-03-01 10:00", -1.0, 1, "bad debt"), Fate.NOT_A_SALE),
    ((14000, "501", "10001", "2026-01-05 10:02", 10.0, 1, "MUG"), Fate.OTHER_CUSTOMER),
]


def parquet(path: Path, rows: list[tuple[Any, ...]]) -> Path:
    pd.DataFrame(rows, columns=list(COLUMNS)).to_parquet(path)
    return path


@pytest.fixture
def shop_table(tmp_path: Path) -> Path:
    return parquet(tmp_path / "shop.parquet", [row for row, _ in STORY])


def run(database: Database, operator: Operator, path: Path, spec: TableSpec = SHOP) -> ImportReport:
    report = import_table(database, operator, path, spec, now=NOW)
    receipt = report.receipt
    assert sum(report.rows.values()) == report.rows_read
    assert sum(report.events.values()) == receipt.accepted + receipt.duplicates + receipt.quarantined
    return report


def events_of(database: Database) -> list[LoggedEvent]:
    with database.reading() as connection:
        return [event for chunk in ledger.read(connection, "reisen") for event in chunk]


def bookings_of(database: Database) -> dict[str, BookingConfirmed]:
    payloads = [event.payload for event in events_of(database)]
    return {one.booking_id: one for one in payloads if isinstance(one, BookingConfirmed)}


def test_every_row_has_the_fate_the_story_says(database: Database, reisen: Operator, shop_table: Path):
    report = run(database, reisen, shop_table)
    assert report.rows_read == len(STORY)
    assert report.rows == {fate: Counter(fate for _, fate in STORY)[fate] for fate in Fate}
    assert report.events == {
        "PersonProfileUpdated": 1,
        "TourPublished": 2,
        "BookingConfirmed": 3,
        "BookingCancelled": 1,
    }
    assert report.receipt.accepted == 7


def test_row_by_row(shop_table: Path):
    fates = trade_of(judge(read_table(shop_table, SHOP), SHOP, NOW)).fates
    assert [FATES[place] for place in fates] == [fate for _, fate in STORY]


def test_the_booking_of_anna_by_hand(database: Database, reisen: Operator, shop_table: Path):
    run(database, reisen, shop_table)
    bookings = bookings_of(database)
    assert bookings.keys() == {"501:10001", "501:10002B", "502:10001"}
    mugs = bookings["501:10001"]
    assert mugs.model_dump(mode="json") == {
        "booking_id": "501:10001",
        "booker_profile_id": "13085",
        "tour_id": "10001",
        "departure_id": "10001:2026-01-05",
        "departure_date": "2026-01-05",
        "total_amount": "29.99",
        "currency": "EUR",
        "sales_channel": "import",
        "travellers": [{"person_profile_id": "13085", "seat_position": None, "boarding_point_id": None}],
    }


def test_the_latest_booking_is_given_back_and_no_more_refunded_than_was_paid(
    database: Database, reisen: Operator, shop_table: Path
):
    run(database, reisen, shop_table)
    [cancelled] = [event for event in events_of(database) if isinstance(event.payload, BookingCancelled)]
    assert cancelled.payload.booking_id == "502:10001"
    assert cancelled.payload.refund_amount == Decimal("30.00")
    assert cancelled.occurred_at == pd.Timestamp("2026-02-06 10:00Z")


def test_the_books_knew_it_when_it_happened(database: Database, reisen: Operator, shop_table: Path):
    run(database, reisen, shop_table)
    events = events_of(database)
    assert [event.recorded_at for event in events] == [event.occurred_at for event in events]


def test_a_placeholder_stands_for_the_customer_until_the_backoffice_tells_more(
    database: Database, reisen: Operator, shop_table: Path
):
    run(database, reisen, shop_table)
    customer = reisen.pseudonym("13085")
    with database.reading() as connection:
        assert reading.all_customers(connection, "reisen") == [customer]
        profile = reading.find_profile(connection, "reisen", customer)
        first = reading.timeline(connection, "reisen", customer)[-1].event
    assert profile is not None
    assert (profile.given_name, profile.family_name) == ("Customer", "13085")
    assert first.occurred_at == pd.Timestamp("2026-01-05 10:00Z")
    send(database, Books().knows("13085", "Anna", "Müller", "2026-04-01"))
    with database.reading() as connection:
        known = reading.find_profile(connection, "reisen", customer)
    assert known is not None
    assert known.family_name == "Müller"


def test_items_are_named_and_priced(database: Database, reisen: Operator, shop_table: Path):
    run(database, reisen, shop_table)
    with database.reading() as connection:
        tours = reading.catalogue(connection, "reisen").tours
    named = {id_: (tour.name.de, tour.price_from, tour.family_id, tour.region) for id_, tour in tours.items()}
    assert named == {
        "10001": ("MUG", Decimal("10.00"), "10001", "-"),
        "10002B": ("10002B", Decimal("5.00"), "10002B", "-"),
    }


def test_a_price_that_came_later_is_not_known_at_first(database: Database, reisen: Operator, tmp_path: Path):
    rows = [
        (1, "1", "10001", "2026-01-01", 10.0, 1, "MUG"),
        *((1, str(n), "10001", "2026-02-01", 99.0, 1, "MUG") for n in range(2, 9)),
    ]
    run(database, reisen, parquet(tmp_path / "t.parquet", rows))
    with database.reading() as connection:
        assert reading.catalogue(connection, "reisen").tours["10001"].price_from == Decimal("10.00")


def test_without_quantities_money_decides_whether_a_return_is_whole(
    database: Database, reisen: Operator, tmp_path: Path
):
    table = pd.DataFrame(
        [
            ("a", "1", "x", "2026-01-01", "10.10"),
            ("a", "C2", "x", "2026-01-02", "-10.09"),
            ("a", "C3", "x", "2026-01-03", "-10.10"),
            ("a", "C4", "x", "2026-01-04", "-10.10"),
        ],
        columns=list(COLUMNS[:5]),
    )
    table.to_csv(tmp_path / "t.csv", index=False)
    report = run(database, reisen, tmp_path / "t.csv", TableSpec(cancellation_prefix="C"))
    returns = (Fate.PARTIAL_RETURN, Fate.CANCELLED, Fate.CANCELLATION_WITHOUT_BOOKING)
    assert [report.rows[fate] for fate in returns] == [1, 1, 1]
    assert "TourPublished" not in report.events


def test_a_table_with_all_columns_and_a_zone(database: Database, reisen: Operator, tmp_path: Path):
    text = (
        "Kunde;Vorgang;Reise;Zeit;Preis;Abfahrt;Familie;Name\n"
        "0815;7;nordsee-26;31.01.2026 23:30;1499,50;01.05.2026;nordsee;Nordsee 2026\n"
        "0815;8;nordsee-26;31.01.2026 23:30;1,00;;nordsee;Nordsee 2026\n"
        "0815;9;nordsee-26;31.01.2026 23:30;1,00;im Mai;nordsee;Nordsee 2026\n"
    )
    path = tmp_path / "t.csv"
    path.write_text(text)
    spec = TableSpec(
        customer="Kunde", booking="Vorgang", item="Reise", time="Zeit", amount="Preis", departure_date="Abfahrt",
        family="Familie", description="Name", currency="CHF", timezone="Europe/Berlin", region="Küste",
        time_format="%d.%m.%Y %H:%M", date_format="%d.%m.%Y", csv_separator=";", csv_decimal=",",
    )  # fmt: skip
    report = run(database, reisen, path, spec)
    assert report.rows[Fate.UNREADABLE_DEPARTURE_DATE] == 1
    bookings = bookings_of(database)
    assert bookings["7:nordsee-26"].departure_id == "nordsee-26:2026-05-01"
    assert bookings["7:nordsee-26"].total_amount == Decimal("1499.50")
    assert bookings["7:nordsee-26"].currency == "CHF"
    assert bookings["7:nordsee-26"].booker_profile_id == "0815"
    assert str(bookings["8:nordsee-26"].departure_date) == "2026-01-31", "the day in Berlin"
    assert {event.occurred_at for event in events_of(database)} == {pd.Timestamp("2026-01-31 22:30Z")}
    with database.reading() as connection:
        tour = reading.catalogue(connection, "reisen").tours["nordsee-26"]
    assert (tour.family_id, tour.name.de, tour.region) == ("nordsee", "Nordsee 2026", "Küste")


def test_csv_and_parquet_bring_the_same(open_fresh: OpenFresh, shop_table: Path, tmp_path: Path):
    by_parquet, by_csv = open_fresh(), open_fresh()
    csv = tmp_path / "shop.csv"
    pd.read_parquet(shop_table).to_csv(csv, index=False)
    reports = [
        run(database, find_operator(database, "reisen"), path)
        for database, path in ((by_parquet, shop_table), (by_csv, csv))
    ]
    assert reports[0] == reports[1]
    assert logged_ids(by_parquet) == logged_ids(by_csv)
    assert read_models(by_parquet) == read_models(by_csv)


def test_a_second_run_brings_nothing_new(database: Database, reisen: Operator, shop_table: Path):
    first, before = run(database, reisen, shop_table), read_models(database)
    second = run(database, reisen, shop_table)
    assert (second.receipt.accepted, second.receipt.duplicates) == (0, first.receipt.accepted)
    assert second.rows == first.rows
    assert read_models(database) == before


def test_the_order_of_rows_does_not_matter(open_fresh: OpenFresh, tmp_path: Path):
    straight, turned = open_fresh(), open_fresh()
    rows = [row for row, _ in STORY]
    for database, order in ((straight, rows), (turned, rows[::-1])):
        path = parquet(tmp_path / "t.parquet", order)
        run(database, find_operator(database, "reisen"), path)
    assert sorted(logged_ids(straight)) == sorted(logged_ids(turned))
    assert read_models(straight) == read_models(turned)


def test_operators_import_the_same_table_apart(database: Database, reisen: Operator, shop_table: Path):
    for operator in (reisen, find_operator(database, "konkurrenz")):
        assert run(database, operator, shop_table).receipt.accepted == 7
    assert not set(logged_ids(database, "reisen")) & set(logged_ids(database, "konkurrenz"))


def test_progress_is_told_with_the_total(
    database: Database, reisen: Operator, shop_table: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(importing, "BATCH", 3)
    told: list[tuple[int, int]] = []
    import_table(database, reisen, shop_table, SHOP, now=NOW, progress=lambda *done: told.append(done))
    assert told == [(3, 7), (6, 7), (7, 7)]


ROWS = st.tuples(
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, "1", "2", "3", "C4", "C5"]),
    st.sampled_from([None, "10001", "10002", "POST"]),
    st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03 12:00", "soon", None]),
    st.sampled_from([None, 0.0, 0.1, 10.0, 33.33, -10.0, -20.0]),
    st.sampled_from([None, 1, 2, -1, -2]),
    st.sampled_from([None, "MUG", "CUP"]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, max_size=30))
def test_rows_add_up_and_money_is_conserved(
    open_fresh: OpenFresh, tmp_path: Path, rows: list[tuple[Any, ...]]
):
    readable = (9, "9", "10001", "2026-01-01", 1.0, 1, "MUG")
    path = parquet(tmp_path / "t.parquet", [readable, *rows])
    database = open_fresh()
    report = run(database, find_operator(database, "reisen"), path)
    assert report.rows_read == len(rows) + 1
    assert report.receipt.quarantined == 0
    bookings = bookings_of(database)
    cancelled = [
        event.payload for event in events_of(database) if isinstance(event.payload, BookingCancelled)
    ]
    assert len(bookings) == report.events["BookingConfirmed"] <= report.rows[Fate.BOOKED]
    assert len(cancelled) == report.rows[Fate.CANCELLED] == len({one.booking_id for one in cancelled})
    for one in cancelled:
        assert one.booking_id in bookings
        assert one.refund_amount <= bookings[one.booking_id].total_amount
    table = pd.read_parquet(path).drop_duplicates().dropna(subset=[*COLUMNS[:6]])
    table["time"] = pd.to_datetime(table["timestamp"], format="ISO8601", errors="coerce")
    sales = table[
        table["item_id"].str.match(r"\d{5}")
        & ~table["booking_id"].str.startswith("C")
        & table["time"].notna()
        & (table["amount"] > 0)
    ].sort_values("time", kind="stable")
    owner = sales.groupby(["booking_id", "item_id"])["customer_id"].transform("first")
    own = sales[sales["customer_id"] == owner]
    paid = sum((Decimal(str(amount)) for amount in own["amount"]), Decimal(0))
    assert sum(one.total_amount for one in bookings.values()) == paid
    assert report.rows[Fate.BOOKED] == len(own)


KILLED_WHILE_IMPORTING = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from activity_log.database import open_database
from activity_log.importing import table
from activity_log.importing.spec import TableSpec
from activity_log.operators import find_operator
from activity_log.vault import Vault

table.BATCH = 50

def die_half_way(done, total):
    if done > total / 2:
        os.kill(os.getpid(), signal.SIGKILL)

database = open_database(sys.argv[1], Vault(bytes(32)))
operator = find_operator(database, "reisen")
spec = TableSpec.model_validate_json(sys.argv[3])
table.import_table(database, operator, Path(sys.argv[2]), spec, now=datetime.now(UTC), progress=die_half_way)
"""


def test_after_a_kill_a_second_run_completes_without_doubles(open_fresh: OpenFresh, tmp_path: Path):
    many = [(n % 40, str(n), "10001", f"2026-01-{n % 28 + 1:02}", 10.0, 1, "MUG") for n in range(400)]
    returned = [(n, f"C{n}", "10001", "2026-02-20", -10.0, -1, "MUG") for n in range(40)]
    path = parquet(tmp_path / "t.parquet", [*many, *returned])
    killed, undisturbed = open_fresh(), open_fresh()
    command = [sys.executable, "-c", KILLED_WHILE_IMPORTING]
    arguments = [str(killed.engine.url), str(path), SHOP.model_dump_json()]
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    process = subprocess.run([*command, *arguments], check=False, env=environment)
    assert process.returncode == -signal.SIGKILL
    assert len(logged_ids(killed)) == 250
    second = run(killed, find_operator(killed, "reisen"), path)
    whole = run(undisturbed, find_operator(undisturbed, "reisen"), path)
    assert second.receipt.duplicates == 250
    assert second.receipt.accepted == whole.receipt.accepted - 250
    assert second.rows == whole.rows
    assert logged_ids(killed) == logged_ids(undisturbed)
    assert read_models(killed) == read_models(undisturbed)

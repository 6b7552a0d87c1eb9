"""What is watched: values against their definitions, and now against then, in large and small operators."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_repo.definitions import (
    COUNT,
    DAYS,
    FLAG,
    MOMENT,
    MONEY,
    MONTH,
    SHARE,
    TEXT,
    TEXTS,
    Feature,
    FeatureGroup,
)
from feature_repo.watching.checking import Check, check, named
from feature_repo.watching.drift import drifts
from feature_repo.watching.reference import Reference, Season
from feature_repo.watching.summary import KNOTS, summarise

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LAST_YEAR, YEAR_BEFORE = NOW - timedelta(days=365), NOW - timedelta(days=730)

FEATURES = (
    Feature("bookings", "int64", COUNT, "bookings"),
    Feature("no_shows", "int64", COUNT, "trips missed, by few"),
    Feature("revenue", "float64", MONEY, "amount, of the third who booked"),
    Feature("onboard_spend", "float64", MONEY, "amount, of the tenth who bought"),
    Feature("days_since", "float64", DAYS, "days", "never booked"),
    Feature("month", "int64", MONTH, "usual month", "never booked"),
    Feature("read_rate", "float64", SHARE, "share read", "none was sent"),
    Feature("consent", "bool", FLAG, "consent"),
    Feature("stop", "string", TEXT, "boarding point", "none was named"),
    Feature("last_at", "timestamp", MOMENT, "moment", "never booked"),
    Feature("families", "array<string>", TEXTS, "families", "none"),
)
GROUP = FeatureGroup("customer_tests", "Made up.", FEATURES)


def customers(count: int, seed: int, moment: datetime = NOW) -> pa.Table:
    """Customers of one and the same kind, whatever the seed."""
    draw = np.random.default_rng(seed)
    booked = draw.random(count) < 0.7
    ages = draw.gamma(2, 120, count)
    stops = draw.choice(["Husum", "Kiel", "Flensburg", "Heide"], count, p=[0.5, 0.3, 0.15, 0.05])
    lists = [["nordsee"] * number for number in draw.poisson(2, count)]
    return pa.table(
        {
            "operator_id": ["reisen"] * count,
            "customer_id": [f"c{number:06d}" for number in range(count)],
            "bookings": draw.poisson(2, count),
            "no_shows": (draw.random(count) < 0.06).astype(int),
            "revenue": draw.lognormal(6, 0.6, count) * (draw.random(count) < 0.33),
            "onboard_spend": draw.lognormal(3, 0.6, count) * (draw.random(count) < 0.1),
            "days_since": pa.array(ages, mask=~booked),
            "month": pa.array(draw.integers(1, 13, count), mask=~booked),
            "read_rate": pa.array(draw.beta(2, 3, count), mask=draw.random(count) < 0.2),
            "consent": draw.random(count) < 0.6,
            "stop": pa.array(stops, mask=~booked),
            "last_at": pa.array([moment - timedelta(days=age) for age in ages], pa.timestamp("us", "UTC")),
            "families": pa.array(lists, pa.list_(pa.string())),
        }
    )


def reference(count: int = 400, seed: int = 10_000, *moments: datetime) -> Reference:
    kept = [
        summarise(one.name, customers(count, seed + place, moment)[one.name], moment)
        for place, moment in enumerate(moments or (LAST_YEAR, YEAR_BEFORE))
        for one in FEATURES
    ]
    return Reference(kept)


THEN = reference()


def checked(rows: pa.Table, against: Reference = THEN, group: FeatureGroup = GROUP) -> Check:
    return check([group], lambda _: rows, "reisen", NOW, against, "reisen.churn version 1")


def breached(found: Check) -> dict[str, str]:
    return {finding.feature: finding.kind for finding in found.breaches()}


def changed(rows: pa.Table, name: str, values: object) -> pa.Table:
    kind = rows.schema.field(name).type
    return rows.set_column(rows.column_names.index(name), name, pa.array(values, kind))


def times(rows: pa.Table, name: str, factor: float) -> pa.Table:
    return changed(rows, name, [None if one is None else one * factor for one in rows[name].to_pylist()])


@pytest.mark.parametrize("count", [50, 1_000])
def test_who_did_not_change_raises_no_alarm_in_95_of_100_draws(count: int):
    alarms = [seed for seed in range(100) if checked(customers(count, seed)).breaches()]
    assert len(alarms) <= 5, alarms


@pytest.mark.parametrize("count", [50, 1_000])
def test_nor_where_nothing_is_known_of_the_year_before(count: int):
    kept = reference(400, 20_000, LAST_YEAR)
    assert sum(bool(checked(customers(count, seed), kept).breaches()) for seed in range(50)) <= 2


def everybody(rows: pa.Table, value: object) -> list[object]:
    return [value] * len(rows)


BROKEN = {
    "cents for euros": ("revenue", lambda rows: times(rows, "revenue", 100)),
    "hours for days": ("days_since", lambda rows: times(rows, "days_since", 24)),
    "euros for thousands": ("revenue", lambda rows: times(rows, "revenue", 0.001)),
    "nobody has it any more": ("days_since", lambda rows: changed(rows, "days_since", everybody(rows, None))),
    "the same for all": ("read_rate", lambda rows: changed(rows, "read_rate", everybody(rows, 0.4))),
    "one stop for all": ("stop", lambda rows: changed(rows, "stop", everybody(rows, "Kiel"))),
    "none booked": ("bookings", lambda rows: changed(rows, "bookings", everybody(rows, 0))),
    "all said yes": ("consent", lambda rows: changed(rows, "consent", everybody(rows, True))),
    "another clock": (
        "last_at",
        lambda rows: changed(
            rows, "last_at", [at - timedelta(days=3650) for at in rows["last_at"].to_pylist()]
        ),
    ),
    "lists run on": ("families", lambda rows: changed(rows, "families", [["x"] * 90] * len(rows))),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("count", [50, 1_000])
def test_what_is_broken_is_found_even_among_fifty(name: str, count: int):
    feature, broken = BROKEN[name]
    found = [breached(checked(broken(customers(count, seed)))) for seed in range(10)]
    assert sum(one == {feature: "drift"} for one in found) >= 10, found


def test_what_few_have_is_watched_as_well():
    """A tenth buys on board: the nine tenths of zeros do not hide that theirs are cents."""
    assert breached(checked(times(customers(1_000, 1), "onboard_spend", 100))) == {"onboard_spend": "drift"}
    nobody = changed(customers(1_000, 1), "no_shows", [0] * 1_000)
    found = checked(nobody)
    assert breached(found) == {"no_shows": "drift"}
    assert "all 1,000 values are the same, 7% differed on 2025-11-01" in named(found.breaches())


def test_what_moves_every_year_may_move_again():
    """Ages grew fourfold in a year and do so again; a hundredfold is no growth."""
    summaries = [
        summarise("days_since", times(customers(500, place), "days_since", factor)["days_since"], moment)
        for place, (factor, moment) in enumerate([(1, YEAR_BEFORE), (4, LAST_YEAR)])
    ]
    grown, hundredfold = (times(customers(500, 9), "days_since", factor) for factor in (16, 400))
    assert not checked(grown, Reference(summaries)).breaches()
    assert breached(checked(grown, reference(500, 1, LAST_YEAR, YEAR_BEFORE))) == {"days_since": "drift"}
    assert breached(checked(hundredfold, Reference(summaries))) == {"days_since": "drift"}


def test_values_are_held_against_the_same_season_never_against_another():
    kept = reference(100, 1, NOW - timedelta(days=180), NOW - timedelta(days=545))
    found = checked(times(customers(500, 1), "revenue", 100), kept)
    assert found.season.then is None
    assert not found.breaches()
    near = reference(100, 1, *(NOW - timedelta(days=days) for days in (60, 345, 390, 700)))
    newest, year_before = NOW - timedelta(days=345), NOW - timedelta(days=700)
    assert near.season(NOW) == Season(newest, year_before)


OUT_OF_RANGE = {
    "month": (
        lambda rows: [13, *rows["month"].to_pylist()[1:]],
        "1 values are above 12 (month (1-12)), as 13",
    ),
    "revenue": (lambda rows: [-5.0, *rows["revenue"].to_pylist()[1:]], "1 values are below 0 (money"),
    "bookings": (
        lambda rows: [None, *rows["bookings"].to_pylist()[1:]],
        "1 are missing; it is said never to be",
    ),
    "read_rate": (
        lambda rows: [float("nan"), *rows["read_rate"].to_pylist()[1:]],
        "1 values are no finite number",
    ),
    "stop": (
        lambda rows: [f"c{place}" for place in range(len(rows))],
        "500 different texts among 500 customers",
    ),
}


@pytest.mark.parametrize("name", OUT_OF_RANGE)
def test_one_impossible_value_is_enough(name: str):
    rows = customers(500, 1)
    spoilt, text = OUT_OF_RANGE[name]
    found = checked(changed(rows, name, spoilt(rows)), Reference([]))
    assert list(breached(found)) == [name]
    assert text in named(found.breaches())
    assert not checked(rows, Reference([])).breaches()


def test_a_constant_is_remarked_on_where_nothing_says_it_ever_varied():
    rows = changed(customers(500, 1), "stop", ["Kiel"] * 500)
    found = checked(rows, Reference([]))
    assert not found.breaches()
    assert [(one.feature, one.text) for one in found.findings] == [("stop", "all 500 values are Kiel")]


def test_every_customer_has_one_row_in_every_group():
    rows = customers(50, 1)
    assert breached(checked(pa.concat_tables([rows, rows.slice(0, 1)]))) == {"customer_tests": "rows"}
    other = replace(GROUP, name="customer_more", features=())
    short = check(
        [GROUP, other], lambda group: rows if group is GROUP else rows.slice(1), "reisen", NOW, THEN
    )
    assert [one.text for one in short.rows] == ["49 rows, while another group has 50"]
    foreign = checked(changed(rows, "operator_id", ["seewind"] * 50))
    assert "rows of another operator" in named(foreign.breaches())


def test_only_the_features_asked_for_speak_against_a_model():
    found = checked(times(customers(500, 1), "revenue", 100))
    assert [one.feature for one in found.breaches({"revenue", "month"})] == ["revenue"]
    assert not found.breaches({"month"})


def test_without_customers_nothing_is_said():
    nobody = customers(5, 1).slice(0, 0)
    assert not checked(nobody).findings
    assert checked(nobody).customers == 0


def test_a_reference_comes_back_from_its_file_as_it_was(tmp_path: Path):
    THEN.save(tmp_path)
    again = Reference.load(tmp_path)
    rows = times(customers(300, 3), "revenue", 100)
    assert checked(rows, again).findings == checked(rows, THEN).findings
    assert again.moments == THEN.moments
    assert Reference.load(tmp_path / "nowhere").moments == []


def test_a_summary_names_no_customer(tmp_path: Path):
    THEN.save(tmp_path)
    assert b"c0000" not in (tmp_path / "reference.parquet").read_bytes()


@given(st.lists(st.floats(-1e6, 1e6) | st.just(0.0) | st.none(), max_size=600))
def test_a_summary_tells_shares_to_half_a_percent(values: list[float | None]):
    summary = summarise("x", pa.chunked_array([pa.array(values, pa.float64())]), NOW)
    told = [one for one in values if one]
    assert (summary.rows, summary.nulls) == (len(values), values.count(None))
    assert summary.others == len(told)
    assert len(summary.values) <= KNOTS
    points = np.array(sorted(told))
    exact = np.searchsorted(points, points, side="right") / max(len(points), 1)
    assert np.abs(summary.at_most(points) - exact).max(initial=0.0) <= 1 / KNOTS + 1e-9


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_nothing_lies_away_from_itself(seed: int):
    for feature in FEATURES:
        summary = summarise(feature.name, customers(30, seed)[feature.name], NOW)
        assert not any(one.distance for one in drifts(summary, summary, None, 10)), feature.name

"""Rules of segments: what is read, what is refused and where, and that the expression says what the rule says."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity_log.errors import WrongUseError
from activity_log.facts.tables import MOMENT
from feature_repo.groups import GROUPS
from feature_repo.segments.compiling import compiled
from feature_repo.segments.labels import LABELS, NULLS_DE
from feature_repo.segments.problems import RuleError
from feature_repo.segments.rules import read_rule
from feature_repo.segments.starters import STARTERS
from feature_repo.segments.syntax import All, AnyOf, Arithmetic, Compare, Name, Not, Number
from feature_repo.segments.tokens import KEYWORDS
from feature_repo.segments.unheard import unheard
from feature_repo.segments.vocabulary import FEATURE_TERMS, VOCABULARY
from feature_repo.segments.wording import in_words, remarks
from feature_repo.sources import connect_duckdb
from tests.feature_repo.stories import utc

Row = dict[str, Any]

COLUMNS = {
    "customer_id": pa.string(),
    "total_bookings": pa.int64(),
    "lifetime_revenue": pa.float64(),
    "days_since_last_booking": pa.float64(),
    "last_booking_at": MOMENT,
    "favourite_region": pa.string(),
    "marketing_consent": pa.bool_(),
    "family_ids": pa.list_(pa.string()),
    "family_counts": pa.list_(pa.int64()),
}

ANNA = {
    "customer_id": "anna", "total_bookings": 6, "lifetime_revenue": 5400.0, "days_since_last_booking": 100.0,
    "last_booking_at": utc("2026-02-01"), "favourite_region": "Friesland", "marketing_consent": True,
    "family_ids": ["nordsee", "prag"], "family_counts": [4, 2],
}  # fmt: skip
BERND = {
    "customer_id": "bernd", "total_bookings": 2, "lifetime_revenue": 900.0, "days_since_last_booking": 700.0,
    "last_booking_at": utc("2024-07-01"), "favourite_region": "Böhmen", "marketing_consent": False,
    "family_ids": ["prag"], "family_counts": [2],
}  # fmt: skip
CLARA = {
    "customer_id": "clara", "total_bookings": 0, "lifetime_revenue": 0.0, "days_since_last_booking": None,
    "last_booking_at": None, "favourite_region": None, "marketing_consent": True,
    "family_ids": None, "family_counts": None,
}  # fmt: skip
DORA = {
    "customer_id": "dora", "total_bookings": 1, "lifetime_revenue": 900.0, "days_since_last_booking": 540.0,
    "last_booking_at": utc("2025-01-01"), "favourite_region": None, "marketing_consent": False,
    "family_ids": ["nordsee"], "family_counts": [1],
}  # fmt: skip
PEOPLE = [ANNA, BERND, CLARA, DORA]


def matching(rule: str, people: list[Row] = PEOPLE) -> list[str]:
    with closing((connection := connect_duckdb()).con):
        rows = ibis.memtable(pa.Table.from_pylist(people, schema=pa.schema(COLUMNS)))
        held = compiled(read_rule(rule).test, rows)
        told = connection.to_pyarrow(
            rows.select("customer_id", held=held).order_by("customer_id")
        ).to_pylist()
    assert all(row["held"] is not None for row in told), "a rule holds or does not"
    return [row["customer_id"] for row in told if row["held"]]


@pytest.mark.parametrize(
    ("rule", "who"),
    [
        ("trips with family 'nordsee' >= 3", ["anna"]),
        ("trips with family in ('nordsee', 'prag') >= 2", ["anna", "bernd"]),
        ("trips with family 'nordsee' = 0", ["bernd", "clara"]),
        ("days_since_last_booking > 540 days", ["bernd"]),
        ("days_since_last_booking >= 18 months", ["bernd", "dora"]),
        ("not days_since_last_booking > 540", ["anna", "clara", "dora"]),
        ("days_since_last_booking is missing", ["clara"]),
        ("days_since_last_booking is known and not marketing_consent", ["bernd", "dora"]),
        ("favourite_region = 'Friesland' or total_bookings = 0", ["anna", "clara"]),
        ("favourite_region != 'Friesland'", ["bernd"]),
        ("favourite_region not in ('Friesland')", ["bernd"]),
        ("favourite_region starts with 'B'", ["bernd"]),
        ("family_ids has 'prag'", ["anna", "bernd"]),
        ("family_ids has all of ('prag', 'nordsee')", ["anna"]),
        ("total_bookings between 1 and 2", ["bernd", "dora"]),
        ("last_booking_at >= 2025-01-01", ["anna", "dora"]),
        ("last_booking_at < 2025-01-01", ["bernd"]),
        ("lifetime_revenue / total_bookings >= 900", ["anna", "dora"]),
        ("lifetime_revenue >= percentile 50 of lifetime_revenue", ["anna", "bernd", "dora"]),
        ("TOTAL_BOOKINGS >= 1 AND marketing_consent".replace("TOTAL_BOOKINGS", "total_bookings"), ["anna"]),
        ("(total_bookings >= 1 or marketing_consent) and (total_bookings) < 2", ["clara", "dora"]),
    ],
)
def test_who_matches(rule: str, who: list[str]):
    assert matching(rule) == who


def test_the_top_share_is_never_more_than_it_says_and_ties_are_out_together():
    assert matching("lifetime_revenue in the top 25 %") == ["anna"]
    assert matching("lifetime_revenue in top 50 %") == ["anna"], (
        "Bernd and Dora are equal; both would be 75 %"
    )
    assert matching("lifetime_revenue in top 75 %") == ["anna", "bernd", "dora"]
    assert matching("lifetime_revenue in bottom 25 %") == ["clara"]


def test_a_share_counts_only_who_has_a_value_and_who_is_among_them():
    assert matching("days_since_last_booking in top 34 %") == ["bernd"], "one of three, not of four"
    assert matching("lifetime_revenue in bottom 70 % among (total_bookings > 0)") == ["bernd", "dora"]


@pytest.mark.parametrize(
    ("rule", "place", "said"),
    [
        ("", "column 1", "the rule is empty"),
        ("total_bokings >= 3", "column 1", "did you mean total_bookings?"),
        ("no_show_count >= 2 and\n  Gesamtumsatz > 3", "line 2, column 3", "did you mean lifetime_revenue?"),
        ("total_bookings", "column 1", "total_bookings is a number: test it"),
        ("total_bookings >= 'x'", "column 1", "a number is compared with a text"),
        ("marketing_consent = 1", "column 1", "yes or no is not compared"),
        ("family_ids = 'nordsee'", "column 1", "a list is asked with `has`"),
        ("family_counts >= 3", "column 1", "write `trips with family '...'`"),
        ("total_bookings has 'x'", "column 1", "`has` is asked of a list of texts"),
        ("read_rate > 30", "column 1", "so this holds for nobody; 30 % is 0.3"),
        ("usual_travel_month = 13", "column 1", "from 1 to 12, so this holds for nobody"),
        ("total_bookings >= 0", "column 1", "holds for everybody"),
        ("last_nps >= 0", "column 1", "write `last_nps is known`"),
        ("total_bookings = 1.5", "column 1", "is a whole number"),
        ("total_bookings between 5 and 2", "column 1", "the lesser one"),
        ("lifetime_revenue > 3 days", "column 1", "an amount of money is compared with a value in days"),
        ("lifetime_revenue + tenure_days > 3", "column 1", "do not add up"),
        ("total_bookings is missing", "column 1", "is never missing"),
        ("total_bookings > 3 > 2", "column 20", "one comparison at a time"),
        ("(total_bookings > 3", "column 20", "`)` is missing before the end"),
        ("total_bookings > 3)", "column 19", "')' is too much"),
        ("lifetime_revenue in top 110 %", "column 25", "a share between 0 % and 100 %"),
        ("lifetime_revenue in top 10", "column 25", "a share between 0 % and 100 %"),
        ("lifetime_revenue in top 10 % among (tenure_days in top 5 %)", "column 37", "within `among`"),
        ("3 > 2", "column 1", "compares no feature"),
        ("favourite_region = „Harz“", "column 20", "straight quotes"),
        ("favourite_region = 'Harz", "column 20", "not closed"),
        ("last_booking_at >= 2025-02-30", "column 20", "no day of the calendar"),
        ("trips with famly 'x' > 3", "column 12", "family, region or theme"),
        ("total_bookings > 3; drop table person_profile", "column 19", "has no meaning"),
        ("__import__('os')", "column 11", "'(' is too much here"),
        ("total_bookings.__class__ > 1", "column 15", "has no meaning"),
        ("() > 1", "column 2", "is missing before ')'"),
        ("(" * 30 + "marketing_consent" + ")" * 30, "column 22", "nested more than 20 deep"),
        ("not " * 30 + "marketing_consent", "column 85", "nested more than 20 deep"),
        ("(" + "+".join(["tenure_days"] * 200) + ") > 1", "column", "more than 300 parts"),
        ("x" * 5000, "column 1", "5,000 characters"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(rule: str, place: str, said: str):
    with pytest.raises(RuleError) as refused:
        read_rule(rule)
    assert str(refused.value).startswith(place)
    assert said in str(refused.value)
    assert isinstance(refused.value, WrongUseError)


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(RuleError) as refused:
        read_rule("no_shows >= 2 and locale > 'de' and usual_travel_month in (5, 14)")
    assert [problem.at.start for problem in refused.value.problems] == [0, 18, 62]


def test_and_binds_closer_than_or_and_calculating_closer_than_both():
    test = read_rule("total_bookings > 1 + 2 * 3 or not no_show_count > 1 and marketing_consent").test
    assert isinstance(test, AnyOf)
    compared, every = test.tests
    six = Arithmetic("*", Number(Decimal(2)), Number(Decimal(3)))
    assert compared == Compare(">", Name("total_bookings"), Arithmetic("+", Number(Decimal(1)), six))
    assert isinstance(every, All)
    assert isinstance(every.tests[0], Not)


# In words


def test_a_rule_in_words():
    rule = read_rule(
        "lifetime_revenue in the top 10 % and not marketing_consent and usual_travel_month in (5, 6)"
    )
    assert in_words(rule, "de") == (
        "Gesamtumsatz: unter den obersten 10 % aller Kunden mit einem Wert und Einwilligung in Werbung: nein und "
        "üblicher Reisemonat: Mai oder Juni"
    )
    assert in_words(rule, "en") == (
        "lifetime revenue: in the top 10 % of all customers with a value and consent to marketing: no and usual "
        "travel month: May or June"
    )
    assert remarks(rule, "en") == (
        "Without a value (never booked a departure with a date) no condition on “usual travel month” holds.",
    )


def test_mixed_and_and_or_are_told_apart_in_words():
    rule = read_rule("total_bookings > 1000 and (no_show_count = 0 or last_booking_at < 2025-03-01)")
    assert in_words(rule, "de") == (
        "Buchungen: mehr als 1.000 und (nicht angetretene Reisen: genau 0 oder letzte Buchung: vor dem 1. März 2025)"
    )


def test_every_feature_a_rule_may_name_has_words_in_both_languages():
    names = {feature.name for group in GROUPS for feature in group.features}
    assert {term.name for term in FEATURE_TERMS} <= LABELS.keys() & names
    assert not [one.name for one in FEATURE_TERMS if one.feature.null and one.feature.null not in NULLS_DE]
    assert not KEYWORDS & set(VOCABULARY)


def test_the_starters_can_be_read_and_said():
    for starter in STARTERS:
        rule = read_rule(starter.rule)
        assert in_words(rule, "de") != in_words(rule, "en")


def test_a_family_that_was_never_published_is_remarked():
    rule = read_rule("trips with family ('nordsee', 'nordse') >= 3 or trips with region 'Mond' >= 1")
    published = {"family": {"nordsee", "ostsee"}, "region": {"Friesland"}}
    first, second = unheard(rule, published, "en")
    assert first == "No tour with family 'nordse' was ever published; perhaps 'nordsee' was meant."
    assert second == "No tour with region 'Mond' was ever published."


# Always: what the expression says is what the rule says, computed here by hand

Holds = Callable[[Row], bool]
Said = tuple[str, Holds]

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


def compares(name: str, operator: str, bound: int) -> Said:
    def holds(row: Row) -> bool:
        return row[name] is not None and OPERATORS[operator](row[name], bound)

    return f"{name} {operator} {bound}", holds


def trips(family: str, operator: str, bound: int) -> Said:
    def holds(row: Row) -> bool:
        counts = dict(zip(row["family_ids"] or [], row["family_counts"] or [], strict=True))
        return OPERATORS[operator](counts.get(family, 0), bound)

    return f"trips with family '{family}' {operator} {bound}", holds


TESTS: st.SearchStrategy[Said] = st.one_of(
    st.builds(compares, st.sampled_from(["total_bookings", "lifetime_revenue", "days_since_last_booking"]),
              st.sampled_from(sorted(OPERATORS)), st.integers(1, 900)),
    st.builds(trips, st.sampled_from(["nordsee", "prag", "harz"]), st.sampled_from(sorted(OPERATORS)),
              st.integers(1, 4)),
    st.sampled_from(["Friesland", "O'Neill"]).map(
        lambda text: ("favourite_region = '{}'".format(text.replace("'", "''")),
                      lambda row: row["favourite_region"] == text)),
    st.just(("marketing_consent", lambda row: row["marketing_consent"] is True)),
    st.just(("favourite_region is missing", lambda row: row["favourite_region"] is None)),
)  # fmt: skip


def joined(parts: list[Said], word: str) -> Said:
    test = all if word == "and" else any
    return f"({f' {word} '.join(text for text, _ in parts)})", lambda row: test(
        held(row) for _, held in parts
    )


RULES = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        inner.map(lambda one: (f"not ({one[0]})", lambda row: not one[1](row))),
        st.builds(joined, st.lists(inner, min_size=2, max_size=3), st.sampled_from(["and", "or"])),
    ),
    max_leaves=6,
)


@st.composite
def people(draw: st.DrawFn) -> list[Row]:
    families = st.none() | st.lists(st.sampled_from(["harz", "nordsee", "prag"]), unique=True, min_size=1)
    rows = []
    for place in range(draw(st.integers(1, 6))):
        ids = draw(families)
        rows.append(
            {
                "customer_id": f"c-{place}",
                "total_bookings": draw(st.integers(0, 6)),
                "lifetime_revenue": float(draw(st.integers(0, 900))),
                "days_since_last_booking": draw(st.none() | st.integers(0, 900).map(float)),
                "last_booking_at": None,
                "favourite_region": draw(st.sampled_from([None, "Friesland", "O'Neill"])),
                "marketing_consent": draw(st.booleans()),
                "family_ids": ids,
                "family_counts": ids and [draw(st.integers(1, 4)) for _ in ids],
            }
        )
    return rows


@settings(max_examples=40, deadline=None)
@given(rule=RULES, rows=people())
def test_always_what_the_expression_says_is_what_the_rule_says(rule: Said, rows: list[Row]):
    text, holds = rule
    expected = [row["customer_id"] for row in rows if holds(row)]
    found, others = matching(text, rows), matching(f"not ({text})", rows)
    assert found == expected
    assert sorted(found + others) == [row["customer_id"] for row in rows]


def problems_in(text: str) -> list[int]:
    try:
        read_rule(text)
    except RuleError as error:
        return [problem.at.start for problem in error.problems]
    return []


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("abc()'\"<>=%.,-+*/ 01_„\n")) | st.characters(), max_size=60))
def test_always_any_text_is_a_rule_or_an_error_with_a_place_in_it(text: str):
    assert all(0 <= start <= len(text) for start in problems_in(text))


@pytest.mark.slow
def test_spark_finds_the_same_people(tmp_path_factory: pytest.TempPathFactory):
    pytest.importorskip("pyspark")
    from feature_repo.engines.on_spark import spark_session

    connection: Any = ibis.pyspark.connect(spark_session("local[1]"))
    plain = pa.schema(COLUMNS | {"last_booking_at": pa.timestamp("us")})
    rows = pa.Table.from_pylist(
        [row | {"last_booking_at": _plain(row["last_booking_at"])} for row in PEOPLE], schema=plain
    )
    path = tmp_path_factory.mktemp("spark") / "people.parquet"
    pq.write_table(rows, path)
    table = connection.read_parquet(str(path), table_name="people_of_rules")
    rules = [
        "trips with family in ('nordsee', 'prag') >= 2",
        "lifetime_revenue in top 50 % among (total_bookings > 0) or days_since_last_booking is missing",
        "lifetime_revenue >= percentile 50 of lifetime_revenue and not favourite_region starts with 'B'",
        "family_ids has all of ('prag', 'nordsee') or lifetime_revenue / total_bookings > 800",
    ]
    held = {f"r{place}": compiled(read_rule(rule).test, table) for place, rule in enumerate(rules)}
    told = connection.to_pyarrow(table.select("customer_id", **held).order_by("customer_id")).to_pylist()
    for place, rule in enumerate(rules):
        assert [row["customer_id"] for row in told if row[f"r{place}"]] == matching(rule), rule


def _plain(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(tzinfo=None)

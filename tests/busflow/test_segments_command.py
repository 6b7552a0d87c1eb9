"""`busflow segments` in marketing: Anna loves the Nordsee, Bernd is dear and long gone, Clara never booked."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from activity_log.database import open_log
from activity_log.ingestion import ingest_events
from activity_log.operators import Operator, register_operator
from activity_log.segments.definitions import Draft, define
from activity_log.settings import load_settings
from busflow.segmenting import Segmenting
from models.card import ModelCard
from models.clusters import Cluster, CustomerClusters, Scaling
from models.registry import Loaded
from tests.activity_log.stories import KEY, NOW, Books

BOOKS = Books()
JUNE = "2026-06-02"


@pytest.fixture
def operator(home: Path) -> Operator:
    events = [
        BOOKS.publishes("nordsee-25", "2020-01-01", "Nordsee"),
        BOOKS.publishes("prag-23", "2020-01-01", "Prag"),
        BOOKS.knows(
            "anna", "Anna", "Arndt", email="anna@example.org", marketing_consent=True, locale="de-DE"
        ),
        BOOKS.knows("bernd", "Bernd", "Brandt", locale="de-DE", marketing_consent=False),
        BOOKS.knows("clara", "Clara", "Claus", locale="de-DE", marketing_consent=True),
        *(BOOKS.books("anna", "nordsee-25", f"{year}-03-01") for year in (2024, 2025, 2026)),
        BOOKS.books("bernd", "prag-23", "2023-03-01", amount="9000.00"),
    ]
    with closing(open_log(load_settings())) as database:
        operator = register_operator(database, "reisen", now=NOW, pseudonym_key=KEY)
        ingest_events(
            database, [json.dumps(one).encode() for one in events], now=NOW, keep_recorded_time=True
        )
    return operator


def told(ended: Any) -> Any:
    assert ended.code == 0, ended.stderr
    return json.loads(ended.stdout)


def test_from_a_rule_to_who_is_in_it(busflow, operator: Operator, tmp_path: Path):
    """One story, since each refresh computes features."""
    anna, bernd, clara = map(operator.pseudonym, ("anna", "bernd", "clara"))
    rule = "trips with family 'nordsee' >= 3"
    busflow("segments", "starters", "-o", "reisen")
    dear = (
        "lifetime_revenue in the top 50 % among (total_bookings > 0) and days_since_last_booking > 540 days"
    )
    told(busflow("segments", "define", "dear", "-o", "reisen", "--rule", dear, "--json"))
    told(
        busflow(
            "segments", "define", "nordsee", "-o", "reisen", "--rule", rule, "--name-de", "Nordsee", "--json"
        )
    )
    seen = told(busflow("segments", "preview", "nordsee", "-o", "reisen", "--as-of", JUNE, "--json"))
    assert (seen["members"], seen["customers"], seen["contactable"]) == (1, 3, 1)
    assert seen["contactable_by"] == {"email": 1, "letter": 0, "phone": 0, "sms": 0, "whatsapp": 0}
    assert seen["examples"] == [anna]
    path = tmp_path / "fair.csv"
    path.write_text("name;customer_id\nx;bernd\ny;c-gone\n")
    refused = busflow("segments", "define", "fair", "-o", "reisen", "--list", path)
    assert (refused.code, refused.last_word) == (
        2, f"busflow: {path}: nobody has these ids: c-gone; --skip-unknown leaves them out",
    )  # fmt: skip
    listed = told(
        busflow("segments", "define", "fair", "-o", "reisen", "--list", path, "--skip-unknown", "--json")
    )
    assert (listed["customers"], listed["unknown"]) == (1, ["c-gone"])

    changes = {
        one["segment_id"]: one
        for one in told(busflow("segments", "refresh", "-o", "reisen", "--as-of", JUNE, "--json"))
    }
    assert [changes[one]["size"] for one in ("nordsee", "fair", "known-never-booked", "dear")] == [
        1, 1, 1, 1,
    ]  # fmt: skip
    again = told(busflow("segments", "refresh", "-o", "reisen", "--as-of", JUNE, "--json"))
    assert not any(one["is_new"] or one["messages"] for one in again)
    older = busflow("segments", "refresh", "nordsee", "-o", "reisen", "--as-of", "2026-05-01")
    assert older.code == 2
    assert "history is written forward only" in older.last_word

    assert [
        one["customer_id"]
        for one in told(busflow("segments", "members", "nordsee", "-o", "reisen", "--json"))
    ] == [anna]
    assert told(busflow("segments", "members", "fair", "-o", "reisen", "--contactable", "--json")) == []
    by_mail = told(busflow("segments", "members", "nordsee", "-o", "reisen", "--channel", "email", "--json"))
    assert len(by_mail) == 1
    shown = told(busflow("segments", "show", "nordsee", "-o", "reisen", "--json"))
    assert (shown["members"], shown["de"]) == (1, "Reisen der Familie „nordsee“: mindestens 3")
    history = told(busflow("segments", "history", bernd, "-o", "reisen", "--json"))
    assert [one["segment_id"] for one in history] == ["dear", "fair"]
    assert told(busflow("segments", "history", clara, "-o", "reisen", "--json"))[0]["valid_to"] is None
    overlaps = told(busflow("segments", "overlaps", "-o", "reisen", "--json"))
    assert {"fair", "dear"} in [{one["one"], one["other"]} for one in overlaps]
    moved = told(
        busflow("segments", "transitions", "-o", "reisen", "--from", "2026-05-01", "-s", "nordsee", "--json")
    )
    assert moved == [{"before": "", "after": "nordsee", "customers": 1}]
    for kind in ("png", "html"):
        drawn = told(busflow("segments", "plot", tmp_path, "-o", "reisen", "--format", kind, "--json"))
        assert len(drawn["written"]) == 2
        assert all(Path(one).stat().st_size > 10_000 for one in drawn["written"])
    messages = told(busflow("outbox", "list", "-o", "reisen", "--json", "--limit", "10000"))
    assert len([one for one in messages if one["type"] == "CustomerSegmentChanged"]) == sum(
        one["messages"] for one in changes.values()
    )
    assert told(busflow("segments", "archive", "fair", "-o", "reisen", "--json"))["left"] == 1
    assert busflow("segments", "delete", "fair", "-o", "reisen").code == 2
    assert told(busflow("segments", "delete", "fair", "-o", "reisen", "--yes", "--json"))["left"] == 0
    names = [
        one["segment_id"] for one in told(busflow("segments", "list", "-o", "reisen", "--archived", "--json"))
    ]
    assert "fair" not in names
    assert "nordsee" in names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("check", "lifetime_revenu > 3"),
            "column 1: 'lifetime_revenu' is no feature: did you mean lifetime_revenue?",
        ),
        (("define", "x", "-o", "reisen"), "give either --rule or --list"),
        (("define", "X y", "-o", "reisen", "--rule", "no_show_count >= 2"), "segment id 'X y'"),
        (("show", "x", "-o", "reisen"), "operator 'reisen' has no segment 'x'"),
        (("refresh", "x", "-o", "reisen"), "operator 'reisen' has no segment 'x'"),
        (("refresh", "-o", "nobody"), "unknown operator 'nobody'"),
        (("preview", "-o", "reisen"), "give either a segment's id or --rule"),
        (("define", "x", "-o", "reisen", "--list", "nowhere.csv"), "nowhere.csv: no such file"),
        (("transitions", "-o", "reisen", "--from", "2099-01-01"), "is not before"),
        (("plot", ".", "-o", "reisen"), "has no segment that was refreshed"),
    ],
)
def test_wrong_use_is_one_line_and_code_two(
    busflow, operator: Operator, arguments: tuple[str, ...], said: str
):
    ended = busflow("segments", *arguments)
    assert ended.code == 2
    assert said in ended.last_word
    assert "Traceback" not in ended.stderr


def test_a_check_says_the_rule_in_words(busflow):
    checked = told(busflow("segments", "check", "no_show_count >= 2 and last_nps <= 6", "--json"))
    assert checked["en"] == "no-shows: at least 2 and latest willingness to recommend: at most 6"
    assert checked["remarks"] == [
        "Without a value (never answered) no condition on “latest willingness to recommend” holds."
    ]


def test_a_score_that_nobody_predicted_is_a_failure_with_its_name(busflow, operator: Operator):
    ended = busflow(
        "segments", "preview", "-o", "reisen", "--rule", "churn_probability >= 65 %", "--as-of", JUNE
    )
    assert ended.code == 1
    assert "no churn_probability was predicted" in ended.last_word
    assert "`busflow score`" in ended.last_word


def test_a_rule_that_cannot_be_evaluated_keeps_no_other_from_its_refresh(busflow, operator: Operator):
    told(
        busflow(
            "segments", "define", "risky", "-o", "reisen", "--rule", "churn_probability >= 65 %", "--json"
        )
    )
    told(
        busflow("segments", "define", "dear", "-o", "reisen", "--rule", "lifetime_revenue >= 9000", "--json")
    )
    with closing(open_log(load_settings())) as database, database.writing() as connection:
        define(connection, "reisen", Draft("of-old", "rule", "Alt", "Old", "shoe_size > 40"), NOW)

    ended = busflow("segments", "refresh", "-o", "reisen", "--as-of", JUNE)
    assert ended.code == 1
    assert "segment 'risky': no churn_probability was predicted" in ended.last_word
    assert "segment 'of-old': column 1: 'shoe_size' is no feature" in ended.last_word
    members = told(busflow("segments", "members", "dear", "-o", "reisen", "--json"))
    assert [one["customer_id"] for one in members] == [operator.pseudonym("bernd")]
    for name in ("risky", "of-old"):
        assert told(busflow("segments", "members", name, "-o", "reisen", "--json")) == []


def test_a_table_without_ids_is_refused_with_its_columns(busflow, operator: Operator, tmp_path: Path):
    path = tmp_path / "fair.csv"
    path.write_text("name,city\nAnna,Kiel\n")
    ended = busflow("segments", "define", "fair", "-o", "reisen", "--list", path)
    assert (ended.code, ended.last_word) == (
        2, f"busflow: {path}: has no column customer_id; its columns are name, city",
    )  # fmt: skip


def test_learned_clusters_become_segments_and_old_ones_are_archived(operator: Operator):
    scaling = (Scaling("total_bookings", False, 1.0, 1.0),)

    def live(*names: str) -> Loaded[CustomerClusters]:
        clusters = [
            Cluster(name, name, name, 0.5, (float(place),), (None,)) for place, name in enumerate(names)
        ]
        card = ModelCard(operator_id="reisen", task="clusters", feature_service="insight_v1", as_of=NOW,
                         trained_at=NOW, horizon_days=365)  # fmt: skip
        return Loaded(CustomerClusters(scaling, tuple(clusters)), card, "reisen.clusters", "3")

    at = datetime(2026, 6, 2, tzinfo=UTC)
    with closing(open_log(load_settings())) as database:
        segmenting = Segmenting.open(load_settings(), database, "reisen")
        segmenting.adopt_clusters(live("few", "several"), NOW)
        sizes = {one.segment_id: one.size for one in segmenting.refresh(at, NOW)}
        assert sizes == {"cluster-few": 1, "cluster-several": 1}, "Clara never booked and is in none"
        kept = [one.segment_id for one in segmenting.adopt_clusters(live("few", "many"), NOW)]
        assert kept == ["cluster-few", "cluster-many"]
        assert {one.segment_id for one in segmenting.refresh(at, NOW)} == set(kept)

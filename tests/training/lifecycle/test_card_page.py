"""The model card says in both languages what the report says, and no more."""

from datetime import UTC, datetime

import pytest

from models.card import ModelCard
from models.recommender import RUNGS
from training.baselines import BASELINES
from training.lifecycle.card_page import pages
from training.lifecycle.card_words import WORDS
from training.lifecycle.code_version import CodeVersion
from training.lifecycle.snapshot import Snapshot
from training.report import Figure, Gain, Limit, Report

NOW = datetime(2026, 2, 3, tzinfo=UTC)
CARD = ModelCard(
    operator_id="nordlicht", task="churn", feature_service="churn_v1", as_of=NOW, trained_at=NOW, horizon_days=365
)  # fmt: skip
SNAPSHOT = Snapshot(operator_id="nordlicht", as_of=NOW, level=4_711, facts=9, fingerprint="00ff")
CODE = CodeVersion(commit="abc123", package="0.1.0", source="f00d")


def gain(low: float, high: float, rival: str = "recency_rule", of: str = "all") -> Gain:
    value = (low + high) / 2
    return Gain(rival=rival, metric="auc", value=value, low=low, high=high, customers=1_200, slice=of)


def report(*gains: Gain, customers: int = 1_200, limits: tuple[Limit, ...] = ()) -> Report:
    figures = (
        Figure(model="lightgbm", metric="auc", value=0.7681, low=0.7464, high=0.7876, customers=customers),
        Figure(model="recency_rule", metric="auc", value=0.7076, customers=customers),
    )
    champion = "champion" if any(one.rival == "champion" for one in gains) else None
    return Report(
        task="churn", model="lightgbm", judged_by="auc", test_from=NOW, test_until=NOW, baseline="recency_rule",
        champion=champion, figures=figures, gains=gains, limits=limits,
    )  # fmt: skip


def card(told: Report, language: str = "de", **charts: bytes) -> str:
    drawn = {f"{name}.png": png for name, png in charts.items()}
    return pages(CARD, told, SNAPSHOT, CODE, drawn)[f"model_card.{language}.html"]


@pytest.mark.parametrize(
    ("language", "verdict", "number", "day"),
    [
        ("de", "nachweislich besser als „Regel: Zeit seit der letzten Buchung“", "0,768", "03.02.2026"),
        ("en", "better than “rule: time since the last booking” beyond doubt", "0.768", "03 February 2026"),
    ],
)
def test_a_manager_reads_verdict_figures_and_origin_in_their_language(language, verdict, number, day):
    page = card(report(gain(0.03, 0.09)), language)
    for told in (verdict, number, day, "4711", "00ff", "abc123"):
        assert told in page, told


def test_what_is_not_sure_or_worse_is_said_so():
    assert "lässt sich nicht sicher sagen" in card(report(gain(-0.01, 0.09)))
    assert "ist schlechter als das bisherige Modell" in card(report(gain(-0.05, -0.01, "champion")))
    assert "nichts gemessen" in card(report())


def test_a_test_on_few_customers_is_called_rough():
    assert "an nur 80 Kunden" in card(report(gain(0.03, 0.09), customers=80))
    assert "an nur" not in card(report(gain(0.03, 0.09)))


def test_groups_that_are_served_worse_are_named_in_words():
    behind, ahead = gain(-0.09, -0.01, of="party=alone"), gain(0.01, 0.05, of="season=spring")
    page = card(report(gain(0.03, 0.09), behind, ahead))
    assert "Reisegesellschaft: allein" in page
    assert "Frühling" not in page
    assert "Keine Gruppe liegt nachweislich hinter" in card(report(gain(0.03, 0.09), ahead))


def test_a_broken_limit_is_marked():
    limits = (Limit(metric="ece", value=0.05, at_most=0.03, slice="season=winter"),)
    page = card(report(limits=limits))
    assert "(Jahreszeit: Winter)" in page
    assert "<td>nein</td>" in page


def test_pictures_stand_in_the_page_with_a_sentence_that_says_what_they_show():
    page = card(report(), lift=b"png", calibration=b"png", of_tomorrow=b"png")
    assert page.count("data:image/png;base64,cG5n") == 3
    assert page.index("Stimmen die Vorhersagen?") < page.index("Was bringt die Reihenfolge?")
    assert "of_tomorrow.png" in page, "what has no caption is shown all the same"


def test_names_cannot_break_the_page():
    odd = CARD.model_copy(update={"operator_id": "<script>"})
    assert "<script>" not in pages(odd, report(), SNAPSHOT, CODE, {})["model_card.de.html"]


def test_every_rung_and_every_simple_rule_has_a_name():
    named = WORDS["de"].models.keys()
    assert {rung.name for rung in RUNGS} <= named
    assert set(BASELINES) <= named


def test_both_languages_name_the_same_things():
    german, english = WORDS["de"], WORDS["en"]
    assert german.models.keys() == english.models.keys()
    assert german.metrics.keys() == english.metrics.keys()
    assert list(german.captions) == list(english.captions)

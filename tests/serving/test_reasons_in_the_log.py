"""Every sentence of a suggestion is read back word by word and counted again in the bookings it speaks of."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.recommender import (
    RUNGS,
    AlsoBookedSettings,
    ALSSettings,
    Attributes,
    AttributeSettings,
    BookingCounts,
    Context,
    GraphFilterSettings,
    History,
    Newcomer,
    Recommender,
    RepeatOrNew,
    SeasonSettings,
    bookings_of,
    with_catalogue,
)
from models.recommender.recommender import Mixing
from serving.languages import MONTHS
from serving.suggestion_reasons import suggestion_reason

CATALOGUE = {
    "nordsee": ("Küste", "Meer"), "ostsee": ("Küste", "Meer"), "sylt": ("Küste", "Radeln"),
    "dolomiten": ("Alpen", "Berge"), "suedtirol": ("Alpen", "Wein"), "mosel": ("Rhein", "Wein"),
    "prag": ("Städte", "Kultur"), "usedom": ("Küste", "Radeln"), "zugspitze": ("Alpen", "Berge"),
}  # fmt: skip
"""Usedom has never been booked; Zugspitze came out after the training."""

NAMES = {family: f"{family.title()} {number}" for number, family in enumerate(sorted(CATALOGUE))}
BOOKED, PUBLISHED = sorted(CATALOGUE)[:-2], sorted(set(CATALOGUE) - {"zugspitze"})
NEW = Newcomer("zugspitze", *CATALOGUE["zugspitze"], 7, 759)

SETTINGS = {
    "season_popularity": SeasonSettings(), "repeat_or_new": SeasonSettings(),
    "attributes": AttributeSettings(), "also_booked": AlsoBookedSettings(), "als": ALSSettings(factors=3),
    "graph_filter": GraphFilterSettings(factors=2),
}  # fmt: skip

SAID = {
    "de": [
        ("own", r"(?P<times>\d+)-mal unter Ihren gebuchten Reisen: (?P<itself>.+)\."),
        ("own", r"Unter Ihren gebuchten Reisen: (?P<itself>.+)\."),
        ("both", r"(?P<both>\d+) von (?P<of>\d+) Gästen, die für (?P<booked>.+) gebucht waren, "
                 r"waren es auch für diese Reise\."),
        ("looked", r"Diese Reise haben Sie sich angesehen\."),
        ("both", r"Sie haben sich (?P<viewed>.+) angesehen: (?P<both>\d+) von (?P<of>\d+) Gästen, "
                 r"die dafür gebucht waren, waren es auch für diese Reise\."),
        ("popular", r"Beliebt im (?P<month>\w+): (?P<guests>\d+) (?:Gast war oder ist|Gäste waren oder sind) "
                    r"für diesen Monat gebucht\."),
        ("popular", r"Beliebt: (?P<guests>\d+) (?:Gast war oder ist|Gäste waren oder sind) dafür schon gebucht\."),
        ("alike", r"Wie (?P<booked>.+) unter Ihren Reisen: (?P<shared>.+)\."),
        ("alike", r"Sie haben sich (?P<viewed>.+) angesehen; gemeinsam ist (?P<shared>.+)\."),
        ("listed", r"Aus dem aktuellen Programm: (?P<shared>.+)\."),
    ],
    "en": [
        ("own", r"(?P<times>\d+) times among your booked trips: (?P<itself>.+)\."),
        ("own", r"Among your booked trips: (?P<itself>.+)\."),
        ("both", r"(?P<both>\d+) of (?P<of>\d+) guests booked on (?P<booked>.+) were booked on this tour too\."),
        ("looked", r"You have looked at this tour\."),
        ("both", r"You looked at (?P<viewed>.+): (?P<both>\d+) of (?P<of>\d+) guests booked on it "
                 r"were booked on this tour too\."),
        ("popular", r"Popular in (?P<month>\w+): (?P<guests>\d+) (?:guest was or is|guests were or are) "
                    r"booked for that month\."),
        ("popular", r"Popular: (?P<guests>\d+) (?:guest was or is|guests were or are) booked on it\."),
        ("alike", r"Like (?P<booked>.+) among your trips: (?P<shared>.+)\."),
        ("alike", r"You looked at (?P<viewed>.+); they share (?P<shared>.+)\."),
        ("listed", r"From the current programme: (?P<shared>.+)\."),
    ],
}  # fmt: skip
"""What a sentence may claim, first match first; nothing else may be said."""


class Booked(NamedTuple):
    """A row of the log: who booked which family for which month."""

    customer: int
    family: str
    month: int


def trained(log: list[Booked], live: str) -> Recommender:
    months = np.array([row.month for row in log])
    customers, families = [f"c{row.customer}" for row in log], [row.family for row in log]
    about = [*zip(*(CATALOGUE[family] for family in PUBLISHED), strict=True)]
    numbers = [[float(place + 1) for place in range(len(PUBLISHED))]] * 3
    plain = bookings_of(customers, families, months, np.arange(len(log), dtype=float))
    bookings = with_catalogue(plain, PUBLISHED, Attributes.of(*about, *numbers))
    return Recommender(
        families=bookings.families,
        rungs={rung.name: rung.fit(bookings, SETTINGS[rung.name]) for rung in RUNGS},
        live=live,
        why="",
        repeat=RepeatOrNew.fit(bookings),
        mixing=Mixing(),
        counts=BookingCounts.of(bookings),
        stops=(),
        trained_as_of=datetime(2026, 1, 1, tzinfo=UTC),
        n_customers=bookings.n_customers,
    )


def claimed(text: str, language: str) -> tuple[str, dict[str, str]]:
    """Read a sentence back: what kind of claim it makes, with which words and numbers."""
    for kind, pattern in SAID[language]:
        found = re.fullmatch(pattern, text)
        if found:
            return kind, {name: value for name, value in found.groupdict().items() if value is not None}
    return pytest.fail(f"a sentence that claims something else: {text}")


def check(text: str, language: str, family: str, history: History, log: list[Booked]) -> str:
    """Count every claim of a sentence again, in the log, the history and the catalogue."""
    kind, words = claimed(text, language)
    family_of = {name: one for one, name in NAMES.items()}
    takers = {one: {row.customer for row in log if row.family == one} for one in CATALOGUE}
    booked, viewed = family_of.get(words.get("booked", "")), family_of.get(words.get("viewed", ""))
    if kind == "own":
        assert family_of[words["itself"]] == family
        assert int(words.get("times", 1)) == dict(zip(history.families, history.counts, strict=True))[family]
    if kind == "looked":
        assert family in history.viewed
    if kind in ("both", "alike"):
        assert (booked in history.families) != (viewed in history.viewed)
    if kind == "both":
        other = booked or viewed
        assert int(words["both"]) == len(takers[other] & takers[family]) > 0
        assert int(words["of"]) == len(takers[other])
    if kind == "popular":
        month = MONTHS[language].index(words["month"]) + 1 if "month" in words else None
        for_it = {row.customer for row in log if row.family == family and month in (None, row.month)}
        assert int(words["guests"]) == len(for_it) > 0
    if kind in ("alike", "listed"):
        of_family = dict(
            zip(("region", "theme", "thema"), (*CATALOGUE[family], CATALOGUE[family][1]), strict=True)
        )
        for part in words["shared"].split(", "):
            what, value = part.split(" ", 1)
            assert value == of_family[what.lower()]
            assert booked is viewed is None or value in CATALOGUE[booked or viewed]
    return kind


ROWS = st.builds(Booked, st.integers(0, 14), st.sampled_from(BOOKED), st.integers(1, 12))
HISTORIES = st.builds(
    lambda times, viewed: History(tuple(times), tuple(times.values()), tuple(viewed)),
    st.dictionaries(st.sampled_from(PUBLISHED), st.integers(1, 9), max_size=3),
    st.lists(st.sampled_from(sorted(CATALOGUE)), max_size=2, unique=True),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(ROWS, min_size=5, max_size=60),
    HISTORIES,
    st.sampled_from([None, *range(1, 13)]),
    st.sampled_from([rung.name for rung in RUNGS]),
    st.sampled_from(["de", "en"]),
)
def test_every_sentence_is_true_in_the_log(log, history, month, live, language):
    for suggestion in trained(log, live).rank(history, Context(month=month), new=[NEW]):
        reason = suggestion_reason(suggestion.evidence, NAMES, language)
        check(reason.text, language, suggestion.family, history, log)


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_kind_of_claim_is_made_and_checked(language):
    """Everybody books both coasts in May, some the mountains; one visitor has booked, one has looked, one is new."""
    log = [Booked(n, family, 5) for n in range(12) for family in ("nordsee", "ostsee")]
    log += [Booked(n, "dolomiten", 6) for n in range(3)] + [Booked(12, "mosel", 9), Booked(13, "prag", 4)]
    recommender = trained(log, "also_booked")
    visitors = [
        History(("nordsee",), (3,), viewed=("sylt",)), History((), (), viewed=("ostsee",)), History(),
        History((), (), viewed=("zugspitze",)),
    ]  # fmt: skip
    kinds = {
        check(suggestion_reason(one.evidence, NAMES, language).text, language, one.family, history, log)
        for history in visitors
        for one in recommender.rank(history, Context(month=5), new=[NEW])
    }
    assert kinds == {kind for kind, _ in SAID[language]}


def test_a_false_sentence_is_found_out():
    log = [Booked(1, "nordsee", 5), Booked(1, "ostsee", 5), Booked(2, "nordsee", 5)]
    history = History(("nordsee",), (1,))
    true = f"1 of 2 guests booked on {NAMES['nordsee']} were booked on this tour too."
    assert check(true, "en", "ostsee", history, log) == "both"
    for false in (true.replace("1 of", "2 of"), true.replace("of 2", "of 3"), true.replace("Nord", "Ost")):
        with pytest.raises((AssertionError, KeyError)):
            check(false, "en", "ostsee", history, log)

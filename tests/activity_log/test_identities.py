"""Who counts as whom at every moment, against a reference that replays every moment from nothing."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity_log.facts.identities import (
    END_OF_TIME,
    MERGED,
    UNMERGED,
    Identity,
    IdentityLink,
    identities,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = "abcdef"


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def link(kind: str, surviving: str, merged: str, happened: float, known: float | None = None) -> IdentityLink:
    effective = happened if known is None else max(happened, known)
    return IdentityLink(
        kind,
        surviving,
        merged,
        day(happened),
        day(effective),
        f"{kind}-{surviving}{merged}-{happened}-{known}",
    )


def counted_as(links: Iterable[IdentityLink], moment: datetime) -> dict[str, str]:
    """The reference: the merges known before the moment and not taken back, in the order they happened."""
    known = sorted(
        (one for one in links if one.effective_at < moment), key=lambda one: (one.occurred_at, one.event_id)
    )
    holding: list[IdentityLink] = []
    for one in known:
        if one.kind == UNMERGED:
            pair = {one.surviving, one.merged}
            holding = [held for held in holding if {held.surviving, held.merged} != pair]
        else:
            holding.append(one)
    counted = {one: one for link in known for one in (link.surviving, link.merged)}
    for held in holding:
        root, gone = counted[held.surviving], counted[held.merged]
        counted = {one: root if other == gone else other for one, other in counted.items()}
    return {one: other for one, other in counted.items() if one != other}


def at(intervals: Iterable[Identity], moment: datetime) -> dict[str, str]:
    covering = [one for one in intervals if one.valid_from < moment <= one.valid_to]
    assert len({one.customer_id for one in covering}) == len(covering), "two identities at once"
    return {one.customer_id: one.canonical_id for one in covering}


people = st.sampled_from(PEOPLE)
hours = st.integers(0, 12).map(lambda hour: hour / 2)
links = st.lists(
    st.builds(link, st.sampled_from([MERGED, MERGED, UNMERGED]), people, people, hours, st.none() | hours),
    max_size=14,
    unique_by=lambda one: one.event_id,
)
EVERY_QUARTER = [day(quarter / 4) for quarter in range(30)] + [END_OF_TIME]


@given(links, st.randoms(use_true_random=False))
def test_in_any_order_of_arrival_everybody_counts_as_the_reference_says(
    said: list[IdentityLink], chance: Random
):
    expected = [counted_as(said, moment) for moment in EVERY_QUARTER]
    arriving = chance.sample(said, len(said))
    intervals = identities(arriving)
    assert [at(intervals, moment) for moment in EVERY_QUARTER] == expected
    assert intervals == identities(said)
    assert all(one.valid_from < one.valid_to and one.customer_id != one.canonical_id for one in intervals)


@given(links, people, people, hours)
def test_after_unmerging_all_is_as_if_never_merged(
    said: list[IdentityLink], surviving: str, merged: str, when: float
):
    before = [one for one in said if {one.surviving, one.merged} != {surviving, merged}]
    mistake = [link(MERGED, surviving, merged, when), link(UNMERGED, merged, surviving, when + 1)]
    never, taken_back = identities(before), identities([*before, *mistake])
    for moment in EVERY_QUARTER:
        if not day(when) < moment <= day(when + 1):
            assert at(taken_back, moment) == at(never, moment)


@pytest.mark.parametrize(
    ("said", "now"),
    [
        ([link(MERGED, "b", "a", 1), link(MERGED, "c", "b", 2)], {"a": "c", "b": "c"}),
        (
            [link(MERGED, "b", "a", 1), link(MERGED, "c", "b", 2), link(UNMERGED, "b", "a", 3)],
            {"b": "c"},
        ),
        (
            [link(MERGED, "b", "a", 1), link(MERGED, "c", "b", 2), link(UNMERGED, "c", "b", 3)],
            {"a": "b"},
        ),
        (
            [
                link(MERGED, "b", "a", 1),
                link(MERGED, "c", "b", 2),
                link(MERGED, "c", "a", 2.5),
                link(UNMERGED, "b", "a", 3),
            ],
            {"a": "c", "b": "c"},
        ),
        ([link(MERGED, "b", "a", 1), link(UNMERGED, "a", "b", 2)], {}),
        ([link(MERGED, "b", "a", 1), link(UNMERGED, "b", "a", 2), link(MERGED, "a", "b", 3)], {"b": "a"}),
        ([link(MERGED, "b", "a", 1, known=9), link(UNMERGED, "b", "a", 2)], {}),
        ([link(MERGED, "a", "a", 1), link(UNMERGED, "a", "b", 2)], {}),
    ],
    ids=[
        "chain",
        "first of a chain taken back",
        "last of a chain taken back",
        "held together by another merge",
        "named the other way round",
        "merged again, the other way",
        "unmerged before the merge was known",
        "nothing to take back",
    ],
)
def test_who_counts_as_whom_in_the_end(said: list[IdentityLink], now: dict[str, str]):
    assert at(identities(said), END_OF_TIME) == now


def test_two_before_one_between_two_after():
    said = [link(MERGED, "anna", "anna-2", 10), link(UNMERGED, "anna", "anna-2", 20)]
    assert identities(said) == [Identity("anna-2", "anna", day(10), day(20))]


def many_pairs(count: int) -> list[IdentityLink]:
    merges = [link(MERGED, f"s{n}", f"m{n}", n / count) for n in range(count // 2)]
    return merges + [link(UNMERGED, f"s{n}", f"m{n}", 2 + n / count) for n in range(count // 2)]


def one_collector(count: int) -> list[IdentityLink]:
    return [link(MERGED, "all", f"m{n}", n / count) for n in range(count)]


def short_chains(count: int) -> list[IdentityLink]:
    return [link(MERGED, f"p{n + 1}", f"p{n}", n / count) for n in range(count) if n % 10]


@pytest.mark.parametrize("told", [many_pairs, one_collector, short_chains])
def test_the_time_grows_with_the_merges_not_with_their_square(told):
    said = told(20_000)
    Random(1).shuffle(said)
    start = time.process_time()
    assert identities(said)
    assert time.process_time() - start < 5, "the square of 20,000 merges takes minutes"

"""What holds whoever the people are."""

from collections.abc import Sequence
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from activity_log import merging
from activity_log.duplicates import Findings, find_duplicates, known_apart
from activity_log.facts.identities import MERGED, UNMERGED
from tests.activity_log.duplicates.crowd import Profile, save, say

IDS = [f"c-{n}" for n in range(12)]
PEOPLE = st.builds(
    Profile,
    customer_id=st.sampled_from(IDS),
    given_name=st.sampled_from(["Anna", "Anni", "A.", "Hans", "Johannes", "Müller", "Karl-Heinz", "", "李"]),
    family_name=st.sampled_from(
        ["Müller", "Mueller", "Müller-Koch", "Koch", "Meier", "Mayer", "Anna", "M.", "?"]
    ),
    email=st.sampled_from(
        [None, "info@example.org", "INFO@example.org", "info@example.com", "anna@example.org"]
    ),
    phone=st.sampled_from([None, "0171 1234567", "+49 171 1234567", "0421 555010", "keines"]),
    birth_date=st.sampled_from([None, date(1950, 4, 3), date(1950, 3, 4), date(1950, 3, 5), date(1, 1, 1)]),
    postcode=st.sampled_from([None, "", "28195", "D-28195", "27568"]),
)
CROWDS = st.lists(PEOPLE, max_size=12, unique_by=lambda person: person.customer_id)
SAID = st.lists(
    st.tuples(st.sampled_from([MERGED, UNMERGED]), st.sampled_from(IDS), st.sampled_from(IDS)), max_size=6
)
patiently = settings(max_examples=50, deadline=None)
Said = Sequence[tuple[str, str, str]]


def find(engine: Engine, people: list[Profile], others: Sequence[Profile] = (), said: Said = ()) -> Findings:
    """Find all pairs of `people`, some of whom were merged or parted, beside another operator's customers."""
    with engine.connect() as connection:
        save(connection, "reisen", *people)
        save(connection, "konkurrenz", *others)
        _say_all(connection, said)
        apart = known_apart(connection, "reisen")
        return find_duplicates(connection, "reisen", least_score=0.0, except_pairs=apart)


def _say_all(connection: Connection, said: Said) -> None:
    for day, (kind, surviving, merged) in enumerate(said, start=1):
        say(connection, "reisen", kind, surviving, merged, day)


def pairs(findings: Findings) -> list[tuple[str, str]]:
    return [(pair.first, pair.second) for pair in findings.pairs]


@patiently
@given(CROWDS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(people_engine, people, rng):
    shuffled = rng.sample(people, len(people))
    assert find(people_engine, people) == find(people_engine, shuffled)


@patiently
@given(CROWDS)
def test_everybody_is_paired_with_somebody_else_once_and_the_likeliest_come_first(people_engine, people):
    findings = find(people_engine, people)
    assert all(first < second for first, second in pairs(findings))
    assert len(set(pairs(findings))) == len(pairs(findings)) == findings.found
    scores = [pair.score for pair in findings.pairs]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


@patiently
@given(CROWDS, CROWDS)
def test_another_operators_customers_change_nothing(people_engine, people, others):
    assert find(people_engine, people, others) == find(people_engine, people)


@patiently
@given(CROWDS, SAID)
def test_who_was_merged_away_or_parted_is_in_no_pair(people_engine, people, said):
    with people_engine.connect() as connection:
        _say_all(connection, said)
        gone = merging.merged_away(connection, "reisen")
    findings = find(people_engine, people, said=said)
    last = {frozenset(two): kind for kind, *two in said}
    for first, second in pairs(findings):
        assert last.get(frozenset((first, second))) is None
        assert not {first, second} & gone


@patiently
@given(CROWDS)
def test_it_makes_no_difference_who_of_two_comes_first(people_engine, people):
    backwards = dict(zip(IDS, reversed(IDS), strict=True))
    renamed = [Profile(**{**vars(person), "customer_id": backwards[person.customer_id]}) for person in people]
    there = {
        frozenset((p.first, p.second)): (p.score, p.evidence, p.against)
        for p in find(people_engine, people).pairs
    }
    back = {
        frozenset((backwards[p.first], backwards[p.second])): (p.score, p.evidence, p.against)
        for p in find(people_engine, renamed).pairs
    }
    assert there == back

"""People as a dispatcher meets them: who is one person, who lives with whom, and what can be said of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Connection

from activity_log.duplicates import DuplicatePair, Findings, Level, find_duplicates, known_apart
from activity_log.duplicates.evidence import in_words
from activity_log.duplicates.profiles import names_of
from activity_log.duplicates.replies import findings_reply
from activity_log.facts.identities import MERGED, UNMERGED
from tests.activity_log.duplicates.crowd import Profile, save, say

ANNA = Profile(
    customer_id="anna",
    given_name="Anna",
    family_name="Müller",
    email="anna.mueller@example.org",
    phone="0421 5550101",
    birth_date=date(1955, 4, 3),
    postcode="28195",
)
Find = Callable[..., Findings]


@pytest.fixture
def find(connection: Connection) -> Find:
    def find(*profiles: Profile, **options: object) -> Findings:
        save(connection, "reisen", *profiles)
        return find_duplicates(connection, "reisen", **{"least_score": 0.0, **options})

    return find


@pytest.fixture
def judge(find: Find) -> Callable[..., DuplicatePair]:
    """Judge Anna and one other, who is Anna but for what is named."""

    def judge(anna: Profile = ANNA, **otherwise: object) -> DuplicatePair:
        (pair,) = find(anna, replace(anna, customer_id="other", **otherwise)).pairs
        return pair

    return judge


SAME_PERSON = {
    "without umlaut": {"family_name": "MUELLER"},
    "by initial": {"given_name": "A.", "email": None},
    "a double name": {"family_name": "Müller-Lüdenscheidt", "postcode": "27568", "email": "am@example.com"},
    "married": {"family_name": "Öztürk", "postcode": "27568", "email": None},
    "names swapped": {"given_name": "Müller", "family_name": "Anna", "phone": None},
    "names swapped with a slip": {"given_name": "Müler", "family_name": "Anna", "phone": None},
    "a slip in the name": {"family_name": "Mülelr", "email": None},
    "day and month swapped": {"birth_date": date(1955, 3, 4)},
    "a slip in the year": {"birth_date": date(1965, 4, 3)},
    "another provider": {"email": "anna.mueller@example.com", "phone": None, "postcode": None},
    "the phone as dialled from abroad": {"phone": "+49 (0) 421 555-0101", "email": None, "postcode": None},
}


@pytest.mark.parametrize("otherwise", SAME_PERSON.values(), ids=SAME_PERSON)
def test_one_person_taken_down_twice_is_found(judge, otherwise):
    pair = judge(**otherwise)
    assert pair.level in (Level.CERTAIN, Level.LIKELY), pair
    assert not pair.household


HOUSEHOLD = {
    "a couple": {"given_name": "Bernd", "birth_date": date(1953, 9, 1)},
    "a couple, birth dates unknown": {"given_name": "Bernd", "birth_date": None},
    "Anna and her Andreas, by initial": {"given_name": "A.", "birth_date": date(1953, 9, 1)},
    "a couple of two names": {"given_name": "Bernd", "family_name": "Schulz", "birth_date": date(1953, 9, 1)},
    "twins": {"given_name": "Berta"},
}


@pytest.mark.parametrize("otherwise", HOUSEHOLD.values(), ids=HOUSEHOLD)
def test_who_lives_together_is_a_household_and_no_duplicate(judge, otherwise):
    pair = judge(**otherwise)
    assert pair.household
    assert pair.level in (Level.UNLIKELY, Level.POSSIBLE), pair


def test_martin_and_martina_are_a_couple(judge):
    martin = replace(ANNA, given_name="Martin", birth_date=None)
    assert judge(martin, given_name="Martina").household


def test_father_and_son_of_one_name_are_possible_at_most_and_marked(judge):
    """Karl Müller, born 1948, and Karl Müller, born 1979, at one address with one phone and one e-mail."""
    pair = judge(birth_date=date(1979, 11, 21))
    assert pair.level in (Level.POSSIBLE, Level.UNLIKELY)
    assert pair.household
    assert in_words(pair.against, "de") == "anderes Geburtsdatum"


def test_a_name_alone_is_never_much(find):
    (pair,) = find(*(Profile(one, "Anna", "Müller") for one in ("anna", "other"))).pairs
    assert pair.level in (Level.POSSIBLE, Level.UNLIKELY)


def test_a_rare_name_says_more_than_a_common_one(find):
    crowd = [
        Profile(f"c-{n}", "Anna", "Müller", birth_date=date(1950, 1 + n % 12, 1 + n % 28)) for n in range(40)
    ]
    rare = [Profile(one, "Ottilie", "Oelkers") for one in ("rare-1", "rare-2")]
    common = [Profile(one, "Anna", "Müller") for one in ("common-1", "common-2")]
    scores = {(pair.first, pair.second): pair.score for pair in find(*crowd, *rare, *common).pairs}
    assert scores["rare-1", "rare-2"] > 2 * scores["common-1", "common-2"]


def test_the_evidence_can_be_said_aloud_in_german_and_english(judge):
    pair = judge(given_name="A.", postcode="27568", phone=None)
    assert in_words(pair.evidence, "de") == (
        "passende Initiale, gleicher Nachname, gleicher Geburtstag, gleiche E-Mail"
    )
    assert in_words(pair.evidence, "en") == "matching initial, same family name, same birth date, same e-mail"
    assert [(one.field, one.kind) for one in pair.against] == [("postcode", "different")]


def test_the_evidence_names_no_value(judge):
    said = str(judge(given_name="Anni", birth_date=date(1955, 3, 4), postcode="27568"))
    for value in ("Anna", "Anni", "ller", "1955", "example", "5550101", "28195", "27568"):
        assert value not in said


def test_who_was_merged_is_one_person_and_no_duplicate(connection, find):
    say(connection, "reisen", MERGED, "anna", "other")
    third = replace(ANNA, customer_id="third")
    pairs = find(ANNA, replace(ANNA, customer_id="other"), third).pairs
    assert [(pair.first, pair.second) for pair in pairs] == [("anna", "third")]


def test_who_was_parted_again_is_offered_only_when_asked_for(connection, find):
    say(connection, "reisen", MERGED, "anna", "other", day=1)
    say(connection, "reisen", UNMERGED, "anna", "other", day=2)
    both = (ANNA, replace(ANNA, customer_id="other"))
    assert find(*both, except_pairs=known_apart(connection, "reisen")).pairs == ()
    assert len(find_duplicates(connection, "reisen").pairs) == 1


def test_who_was_parted_stays_so_when_one_of_them_is_merged_with_a_third(connection, find):
    say(connection, "reisen", MERGED, "anna", "other", day=1)
    say(connection, "reisen", UNMERGED, "anna", "other", day=2)
    say(connection, "reisen", MERGED, "third", "anna", day=3)
    people = (ANNA, *(replace(ANNA, customer_id=one) for one in ("other", "third")))
    assert find(*people, except_pairs=known_apart(connection, "reisen")).pairs == ()


def test_nobody_of_another_operator_is_looked_at(connection, find):
    save(connection, "konkurrenz", replace(ANNA, customer_id="other"))
    assert find(ANNA) == Findings((), 0, 1, 0, ())


def test_an_operator_without_customers_has_no_duplicates(connection):
    assert find_duplicates(connection, "reisen") == Findings((), 0, 0, 0, ())


def test_the_limit_keeps_the_likeliest_and_says_how_many_there_are(find):
    people = [replace(ANNA, customer_id="other"), replace(ANNA, customer_id="third", birth_date=None)]
    findings = find(ANNA, *people, limit=1)
    assert [(pair.first, pair.second) for pair in findings.pairs] == [("anna", "other")]
    assert findings.found == 3


def test_progress_ends_with_everything_done(find):
    steps: list[tuple[float, float | None]] = []
    find(ANNA, replace(ANNA, customer_id="other"), progress=lambda done, total: steps.append((done, total)))
    assert steps[0] == (2, None)
    assert steps[-1][0] == steps[-1][1]
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_a_reply_carries_ids_and_evidence_and_names_only_if_handed_over(connection, find):
    findings = find(ANNA, replace(ANNA, customer_id="other", birth_date=None))
    (pair,) = findings_reply(findings, "en")["pairs"]
    assert pair["customer_ids"] == ["anna", "other"]
    assert pair["level"] == "likely"
    assert {"field": "email", "kind": "same", "text": "same e-mail"} in pair["evidence"]
    assert "people" not in pair
    names = names_of(connection, "reisen", ["anna", "gone"])
    (with_names,) = findings_reply(findings, "en", names)["pairs"]
    assert with_names["people"] == [
        {"person_profile_id": "p-anna", "given_name": "Anna", "family_name": "Müller"},
        None,
    ]

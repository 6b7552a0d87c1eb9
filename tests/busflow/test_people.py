"""`busflow people duplicates`, as somebody in the operator's office uses it."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import date

import pytest

from activity_log.database import open_log
from activity_log.facts.identities import MERGED, UNMERGED
from activity_log.settings import load_settings
from tests.activity_log.duplicates.crowd import Profile, save, say

ANNA = Profile("c-1", "Anna", "Müller", "anna@example.org", "0421 5550101", date(1955, 4, 3), "28195")
AGAIN = replace(ANNA, customer_id="c-2", given_name="A.", email=None)
BERND = replace(ANNA, customer_id="c-3", given_name="Bernd", birth_date=date(1953, 9, 1))
MAYBE = Profile("c-4", "Anna", "Müller")


@pytest.fixture(autouse=True)
def people(busflow, home):
    """Anna is in the books twice; Bernd is her husband; of another Anna Müller nothing else is known."""
    busflow("operator", "add", "reisen")
    with closing(open_log(load_settings())) as database, database.writing() as connection:
        save(connection, "reisen", ANNA, AGAIN, BERND, MAYBE)


def test_the_table_names_people_and_says_why(busflow):
    ended = busflow("people", "duplicates", "-o", "reisen")
    assert ended.code == 0
    assert "Müller, Anna (p-c-1)" in ended.stdout
    assert "Müller, A. (p-c-2)" in ended.stdout
    assert "passende Initiale, gleicher Nachname, gleicher Geburtstag, gleiche Telefonnummer" in ended.stdout
    assert "Bernd" not in ended.stdout
    assert "1 of 1 pairs among 4 people; merge them in the Backoffice" in ended.stderr


def test_json_carries_ids_and_evidence_and_names_only_if_asked(busflow):
    ended = busflow("people", "duplicates", "-o", "reisen", "--json", "--language", "en")
    (pair,) = json.loads(ended.stdout)["pairs"]
    assert pair["customer_ids"] == ["c-1", "c-2"]
    assert pair["level"] == "certain"
    assert {"field": "phone", "kind": "same", "text": "same phone number"} in pair["evidence"]
    assert "ller" not in ended.stdout
    named = busflow("people", "duplicates", "-o", "reisen", "--json", "--names")
    assert json.loads(named.stdout)["pairs"][0]["people"][0]["given_name"] == "Anna"


def test_less_sure_pairs_are_shown_if_asked(busflow):
    assert len(_pairs(busflow, "--least", "possible")) > len(_pairs(busflow, "--least", "likely"))
    assert len(_pairs(busflow, "--least", "possible", "--limit", "1")) == 1


def test_who_was_parted_is_shown_only_if_asked(busflow):
    with closing(open_log(load_settings())) as database, database.writing() as connection:
        say(connection, "reisen", MERGED, "c-1", "c-2", day=1)
        say(connection, "reisen", UNMERGED, "c-1", "c-2", day=2)
    assert _pairs(busflow) == []
    assert len(_pairs(busflow, "--parted")) == 1


def test_an_unknown_operator_is_named(busflow):
    ended = busflow("people", "duplicates", "-o", "nope")
    assert ended.code == 2
    assert ended.last_word.startswith("busflow: unknown operator 'nope'")


def _pairs(busflow, *options):
    return json.loads(busflow("people", "duplicates", "-o", "reisen", "--json", *options).stdout)["pairs"]

"""The same people give the same findings in both stores."""

from contextlib import closing
from pathlib import Path

import pytest

from activity_log.database import open_database
from activity_log.duplicates import Findings, find_duplicates, known_apart
from activity_log.duplicates.profiles import names_of
from activity_log.facts.identities import MERGED, UNMERGED
from tests.activity_log.duplicates.crowd import crowd, save, say
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log


def found_in(store: str, folder: Path) -> Findings:
    profiles, same = crowd(300, twice=0.1)
    (merged, into), (parted, other), *_ = sorted(sorted(pair) for pair in same)
    with fresh_log(store, folder) as url, closing(open_database(url, VAULT)) as database:
        with database.writing() as connection:
            save(connection, "reisen", *profiles)
            save(connection, "konkurrenz", *profiles)
            say(connection, "reisen", MERGED, into, merged)
            say(connection, "reisen", MERGED, other, parted, day=2)
            say(connection, "reisen", UNMERGED, other, parted, day=3)
        with database.reading() as connection:
            findings = find_duplicates(connection, "reisen", except_pairs=known_apart(connection, "reisen"))
            names = names_of(connection, "reisen", [pair.first for pair in findings.pairs])
    assert len(names) > 3
    assert not {merged, parted} & {one for pair in findings.pairs for one in (pair.first, pair.second)}
    return findings


@pytest.mark.parametrize("store", STORES)
def test_duplicates_are_found_in_each_store(store, tmp_path):
    assert found_in(store, tmp_path).profiles > 290


def test_both_stores_find_the_same(tmp_path):
    assert found_in("postgresql", tmp_path) == found_in("sqlite", tmp_path)

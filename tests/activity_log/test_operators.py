import pytest

from activity_log.database import Database
from activity_log.errors import UnknownOperatorError, WrongUseError
from activity_log.operators import find_operator, register_operator
from tests.activity_log.stories import KEY, NOW


def test_a_registered_operator_is_found(database: Database):
    made = register_operator(database, "nordlicht-2", name="Nordlicht", undated=True, now=NOW)
    assert find_operator(database, "nordlicht-2") == made
    assert len(made.pseudonym_key) == 32


def test_the_pseudonym_is_stable_and_says_nothing(database: Database):
    reisen, konkurrenz = find_operator(database, "reisen"), find_operator(database, "konkurrenz")
    anna = reisen.pseudonym("anna")
    assert anna == find_operator(database, "reisen").pseudonym("anna")
    assert anna != konkurrenz.pseudonym("anna")
    assert anna != reisen.pseudonym("Anna")
    assert anna.startswith("c-")
    assert "anna" not in anna


def test_the_same_key_gives_the_same_pseudonyms_in_another_log(database: Database):
    rebuilt = register_operator(database, "rebuilt", pseudonym_key=KEY, now=NOW)
    assert rebuilt.pseudonym("anna") == find_operator(database, "reisen").pseudonym("anna")


@pytest.mark.parametrize("operator_id", ["", "Reisen", "-reisen", "a b", "ä", "x" * 64, "a\n"])
def test_a_malformed_id_is_refused(database: Database, operator_id: str):
    with pytest.raises(WrongUseError, match="use a-z"):
        register_operator(database, operator_id, now=NOW)


def test_a_taken_id_is_refused(database: Database):
    with pytest.raises(WrongUseError, match="operator 'reisen' is registered already"):
        register_operator(database, "reisen", now=NOW)


def test_an_unknown_operator_is_named_with_the_remedy(database: Database):
    with pytest.raises(
        UnknownOperatorError, match="unknown operator 'fremd': register it with `busflow operator"
    ):
        find_operator(database, "fremd")

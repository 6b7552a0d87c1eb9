"""The event contracts on the command line."""

import json
from pathlib import Path


def test_the_contracts_are_listed_in_all_their_versions(busflow):
    rows = json.loads(busflow("contracts", "list", "--json").stdout)
    passenger, *_ = [row for row in rows if row["type"] == "PassengerProfileUpdated"]
    assert passenger == {
        "type": "PassengerProfileUpdated",
        "version": 1,
        "source": "backoffice",
        "action": "receive",
        "replaced_by": "PersonProfileUpdated v1",
        "personal": [
            "birth_date",
            "dietary_needs",
            "email",
            "family_name",
            "given_name",
            "phone",
            "postcode",
        ],
        "schema": "backoffice/PassengerProfileUpdated.v1.json",
    }
    assert "CustomerSegmentChanged" in busflow("contracts", "list").stdout


def test_an_export_is_complete_and_the_second_one_writes_nothing(busflow, tmp_path: Path):
    first = json.loads(busflow("contracts", "export", tmp_path / "out", "--json").stdout)
    assert "asyncapi.json" in first["written"]
    assert all((tmp_path / "out" / path).is_file() for path in first["written"])
    again = busflow("contracts", "export", tmp_path / "out", "--json")
    assert json.loads(again.stdout)["written"] == []
    assert again.last_word == f"· {tmp_path / 'out'} is up to date"


def test_a_published_promise_is_not_overwritten(busflow, tmp_path: Path):
    busflow("contracts", "export", tmp_path)
    path = tmp_path / "commerce" / "BookingNoShow.v1.json"
    path.write_text(path.read_text().replace('"maxLength": 200', '"maxLength": 300'))
    ended = busflow("contracts", "export", tmp_path)
    assert ended.code == 1
    assert ended.last_word.startswith(
        "busflow: commerce/BookingNoShow.v1.json: booking_id: maxLength was 300, is 200"
    )


def test_a_file_is_no_folder(busflow, tmp_path: Path):
    (tmp_path / "taken").write_text("")
    ended = busflow("contracts", "export", tmp_path / "taken")
    assert (ended.code, ended.last_word) == (
        2,
        f"busflow: {tmp_path}/taken: not a folder; name one for the schemas",
    )

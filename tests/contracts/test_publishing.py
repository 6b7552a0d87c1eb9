"""What is published under docs/contracts is what the models say, and is never overwritten by a break."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from activity_log.contracts import outgoing
from activity_log.contracts.asyncapi import asyncapi_document
from activity_log.contracts.commerce import BookingCancelled
from activity_log.contracts.fields import Text
from activity_log.contracts.outgoing import CustomerSegmentChanged
from activity_log.contracts.published import Contract, contracts
from activity_log.contracts.publishing import documents, incompatible, outdated, publish, vanished
from activity_log.contracts.types import SOURCES, TYPES
from activity_log.contracts.upcasting import UPCASTS
from activity_log.errors import BusflowError

PUBLISHED = Path(__file__).parents[2] / "docs" / "contracts"
ALL = contracts()


def test_the_contracts_keep_what_is_published():
    """Red? Give the contract its next version and an upcaster: docs/contracts/README.md says how."""
    assert [*vanished(PUBLISHED, ALL), *incompatible(PUBLISHED, ALL)] == []


def test_what_is_published_is_up_to_date():
    assert list(outdated(PUBLISHED, ALL)) == [], (
        "docs/contracts is out of date: run `make docs` and commit it"
    )


def test_every_version_ever_published_has_its_schema():
    known = [(name, known.version) for name, known in TYPES.items()]
    sent = [(name, known.version) for name, known in outgoing.OUTGOING_TYPES.items()]
    assert [(one.name, one.version) for one in ALL] == [*known, *UPCASTS, *sent]
    assert {one.path for one in ALL} == {
        path.relative_to(PUBLISHED).as_posix() for path in PUBLISHED.glob("*/*.json")
    }


def test_the_same_models_give_the_same_bytes():
    assert documents(ALL) == documents(contracts())


# Somebody changes BookingCancelled, and runs `make docs`


class WithNote(BookingCancelled):
    __doc__ = BookingCancelled.__doc__
    note: Text | None = None


class WithReason(BookingCancelled):
    reason: Text


def changed(payload: type[Any], name: str = "BookingCancelled") -> list[Contract]:
    return [one._replace(payload=payload) if one.name == name else one for one in ALL]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert publish(tmp_path) == list(documents(ALL))
    assert publish(tmp_path) == []
    return tmp_path


def everything_in(folder: Path) -> dict[Path, str]:
    return {path: path.read_text() for path in folder.rglob("*.json")}


def test_a_harmless_addition_is_published(folder: Path):
    assert publish(folder, changed(WithNote)) == ["commerce/BookingCancelled.v1.json"]
    schema = json.loads((folder / "commerce/BookingCancelled.v1.json").read_text())
    assert "note" in schema["properties"]


def test_a_break_is_refused_with_the_remedy_and_nothing_is_written(folder: Path):
    before = everything_in(folder)
    with pytest.raises(BusflowError) as refused:
        publish(folder, changed(WithReason))
    assert str(refused.value) == (
        "commerce/BookingCancelled.v1.json: reason: required was no, is yes, "
        "reason: allowed was string or null, is string (give it version 2 and an upcaster)"
    )
    assert everything_in(folder) == before


def test_an_addition_cannot_be_taken_back(folder: Path):
    publish(folder, changed(WithNote))
    with pytest.raises(BusflowError, match="note: field was known, is gone"):
        publish(folder)


def test_with_a_new_version_and_the_old_one_retired_it_is_published(folder: Path):
    now = [one._replace(version=2) if one.name == "BookingCancelled" else one for one in changed(WithReason)]
    retired = next(one for one in ALL if one.name == "BookingCancelled")
    now.append(retired._replace(replaced_by=("PersonProfileUpdated", 1)))
    assert publish(folder, now) == [
        "commerce/BookingCancelled.v2.json",
        "commerce/BookingCancelled.v1.json",
        "asyncapi.json",
    ]
    assert json.loads((folder / "commerce/BookingCancelled.v1.json").read_text())["deprecated"] is True


def test_a_new_version_without_the_old_one_is_refused(folder: Path):
    now = [one._replace(version=2) if one.name == "BookingCancelled" else one for one in changed(WithReason)]
    with pytest.raises(
        BusflowError, match=r"BookingCancelled\.v1\.json: published, but no contract any more"
    ):
        publish(folder, now)


def test_history_does_not_change(folder: Path):
    retired = next(one for one in ALL if one.replaced_by)
    with pytest.raises(BusflowError, match="history does not change: restore the retired model"):
        publish(folder, [one._replace(payload=WithReason) if one == retired else one for one in ALL])


def test_deleting_a_schema_does_not_help(folder: Path):
    (folder / "commerce/BookingCancelled.v1.json").unlink()
    with pytest.raises(BusflowError, match="published, but its file is gone"):
        publish(folder, changed(WithReason))


def test_we_may_not_tell_receivers_more_than_they_were_told_to_expect(folder: Path):
    class Paused(CustomerSegmentChanged):
        change: Literal["entered", "left", "paused"]  # type: ignore[assignment]

    with pytest.raises(
        BusflowError, match=r'change: allowed was "entered" or "left", is .*give it version 2\)'
    ):
        publish(folder, changed(Paused, "CustomerSegmentChanged"))


def test_the_envelope_is_a_promise_too(folder: Path):
    envelope = json.loads((folder / "envelope.json").read_text())
    envelope["properties"]["subject"] = {"type": "string"}
    (folder / "envelope.json").write_text(json.dumps(envelope))
    with pytest.raises(
        BusflowError, match=r"subject: field was known, is gone \(the envelope has no versions"
    ):
        publish(folder)


# The AsyncAPI document


DOCUMENT = asyncapi_document(ALL)


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if "$ref" in value else []
    return own + [found for item in value.values() for found in references(item)]


def test_there_is_a_channel_and_an_operation_per_source():
    assert DOCUMENT["channels"].keys() == {*SOURCES, outgoing.SOURCE}
    actions = {name: operation["action"] for name, operation in DOCUMENT["operations"].items()}
    assert actions == {
        **{f"receive.{source}": "receive" for source in SOURCES},
        f"send.{outgoing.SOURCE}": "send",
    }


def test_every_message_is_in_the_channel_of_its_source_and_in_its_operation():
    for one in ALL:
        key = f"{one.name}.v{one.version}"
        channel = DOCUMENT["channels"][one.source]
        assert channel["messages"][key] == {"$ref": f"#/components/messages/{key}"}
        [operation] = [
            its
            for its in DOCUMENT["operations"].values()
            if its["channel"]["$ref"] == f"#/channels/{one.source}"
        ]
        assert operation["action"] == one.action
        assert {"$ref": f"#/channels/{one.source}/messages/{key}"} in operation["messages"]
        assert DOCUMENT["components"]["messages"][key]["name"] == one.name


def test_every_reference_leads_somewhere():
    files = documents(ALL)
    for reference in references(DOCUMENT):
        if reference.startswith("./"):
            assert reference.removeprefix("./") in files
            continue
        at: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]


def test_old_versions_say_what_replaces_them():
    for version in (1, 2):
        message = DOCUMENT["components"]["messages"][f"PassengerProfileUpdated.v{version}"]
        assert message["deprecated"] is True
        assert message["x-replaced-by"] == "PersonProfileUpdated v1"
        assert message["summary"].startswith("Deprecated: send PersonProfileUpdated v1. The profile of")
        assert {"name": "deprecated"} in message["tags"]
    current = DOCUMENT["components"]["messages"]["PersonProfileUpdated.v1"]
    assert "deprecated" not in current


def test_what_we_send_names_whom_it_is_for():
    tags = DOCUMENT["components"]["messages"]["CustomerSegmentChanged.v1"]["tags"]
    assert {"name": "for marketing"} in tags

import base64

import pytest
from sqlalchemy import select

from activity_log.database import Database
from activity_log.errors import BusflowError, WrongUseError
from activity_log.outbox import tables
from activity_log.outbox.addressing import subscribe_broker
from activity_log.outbox.destinations import (
    add_webhook,
    check_url,
    destinations,
    remove_destination,
    webhook_secret,
)
from activity_log.vault import Vault
from tests.activity_log.outbox.telling import outbox, states, trigger, webhook, write_down
from tests.activity_log.stories import NOW


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook",
        "http://localhost:8000/",
        "http://127.0.0.1/x",
        "http://[::1]:80/",
        "HTTPS://EXAMPLE.ORG",
    ],
)
def test_messages_may_go_out_encrypted_or_stay_on_this_machine(url: str):
    check_url(url, plain_http=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "http://localhost.example.org/",
        "http://10.0.0.1/",
        "ftp://example.org/",
        "example.org",
        "https:///x",
        "https://anna:secret@example.org/",
        "https://[::1",
        "https://example.org:x/",
        "file:///etc/passwd",
        "",
    ],
)
def test_other_addresses_are_refused_without_repeating_a_password(url: str):
    with pytest.raises(WrongUseError) as refused:
        check_url(url, plain_http=False)
    assert "secret" not in str(refused.value)


def test_plain_http_in_a_network_of_ones_own_must_be_asked_for():
    check_url("http://10.0.0.1/", plain_http=True)


def test_an_unknown_type_is_refused_with_those_that_there_are(database: Database):
    with pytest.raises(WrongUseError, match=r"'BookingConfirmed': known are .*EngagementTrigger"):
        webhook(database, "https://example.org/", "BookingConfirmed")


def test_a_secret_is_shown_once_and_kept_sealed(database: Database):
    first, second = (webhook(database, "https://example.org/") for _ in range(2))
    assert first.secret != second.secret
    plain = base64.b64decode(first.secret.removeprefix("whsec_"))
    with database.reading() as connection:
        name = first.destination.destination_id
        assert webhook_secret(connection, database.vault, name) == plain
        with pytest.raises(BusflowError, match="does not open"):
            webhook_secret(connection, Vault(bytes([1]) * 32), name)
        sealed = connection.execute(select(tables.destination.c.sealed_secret)).scalars().all()
    assert all(plain not in one and base64.b64encode(plain) not in one for one in sealed)


def test_a_webhook_gets_what_is_written_after_it_and_the_broker_what_was_before_too(database: Database):
    write_down(database, trigger("anna", "e1"))
    hook = webhook(database, "https://example.org/").destination.destination_id
    for _ in range(2):
        with database.writing() as connection:
            subscribe_broker(connection, NOW)
    write_down(database, trigger("anna", "e2"))
    assert states(database) == {"broker": ["pending", "pending"], hook: ["pending"]}


def test_a_destination_that_is_removed_is_told_nothing_more(database: Database):
    gone, stays = (webhook(database, "https://example.org/").destination.destination_id for _ in range(2))
    write_down(database, trigger("anna", "e1"))
    with database.writing() as connection:
        assert remove_destination(connection, gone) == 1
        assert [one.destination_id for one in destinations(connection)] == [stays]
        with pytest.raises(WrongUseError, match="webhook list"):
            remove_destination(connection, gone)
    assert states(database) == {stays: ["pending"]}
    assert len(outbox(database)) == 1


def test_a_webhook_belongs_to_one_operator(database: Database):
    with database.writing() as connection:
        added = add_webhook(connection, database.vault, "reisen", "https://example.org/", now=NOW)
    assert added.destination.takes("reisen", "EngagementTrigger")
    assert not added.destination.takes("konkurrenz", "EngagementTrigger")

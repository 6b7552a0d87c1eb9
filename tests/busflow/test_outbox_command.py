"""`busflow outbox`: a webhook is added, told, fails, is repaired, and told again."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import select

from activity_log.clock import utc_now
from activity_log.database import open_log
from activity_log.outbox import tables
from activity_log.settings import load_settings
from tests.activity_log.outbox.receiver import Receiver, receiving
from tests.activity_log.outbox.telling import trigger, write_down
from tests.busflow.conftest import Busflow


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def reisen(busflow: Busflow, monkeypatch: pytest.MonkeyPatch) -> Busflow:
    monkeypatch.delenv("BUSFLOW_BROKER_URL", raising=False)
    assert busflow("operator", "add", "reisen").code == 0
    return busflow


def answer(busflow: Busflow, *arguments: object) -> Any:
    ended = busflow("outbox", *arguments, "--json")
    assert ended.code == 0, ended.stderr
    return json.loads(ended.stdout)


def tell(customer: str, cause: str) -> None:
    with closing(open_log(load_settings())) as database:
        write_down(database, trigger(customer, cause), now=utc_now())


def test_a_dead_letter_is_seen_and_sent_again_under_its_id(reisen: Busflow, receiver: Receiver):
    added = answer(reisen, "webhook", "add", receiver.url, "-o", "reisen")
    assert added["secret"].startswith("whsec_")
    tell("anna", "e1")
    receiver.answers = lambda _: 503
    assert answer(reisen, "deliver", "--once", "--attempts", 1) == {"delivered": 0, "failed": 1, "dead": 1}
    (letter,) = answer(reisen, "list", "--dead")
    assert (letter["problem"], letter["destination_id"]) == ("answered 503", added["webhook"])

    receiver.answers = lambda _: 204
    assert answer(reisen, "retry", letter["message_id"]) == {"due again": 1}
    assert answer(reisen, "deliver", "--once")["delivered"] == 1
    assert answer(reisen, "list", "--dead") == []
    assert receiver.ids == [letter["message_id"]] * 2


def test_the_secret_of_a_webhook_is_not_shown_again_nor_stored_openly(reisen: Busflow, receiver: Receiver):
    secret = answer(reisen, "webhook", "add", receiver.url, "-o", "reisen")["secret"].removeprefix("whsec_")
    tell("anna", "e1")
    answer(reisen, "deliver", "--once")
    shown = json.dumps([answer(reisen, "webhook", "list"), answer(reisen, "list")])
    with closing(open_log(load_settings())) as database, database.reading() as connection:
        stored = repr(connection.execute(select(tables.destination)).all())
    assert secret not in shown + stored


def test_a_removed_webhook_is_told_nothing(reisen: Busflow, receiver: Receiver):
    added = answer(reisen, "webhook", "add", receiver.url, "-o", "reisen", "-t", "EngagementTrigger")
    tell("anna", "e1")
    assert answer(reisen, "webhook", "remove", added["webhook"])["messages dropped"] == 1
    assert answer(reisen, "deliver", "--once")["delivered"] == 0
    assert receiver.calls == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("webhook", "add", "http://example.org/", "-o", "reisen"), "not encrypted: use https"),
        (("webhook", "add", "https://example.org/", "-o", "nobody"), "unknown operator 'nobody'"),
        (("webhook", "add", "https://example.org/", "-o", "reisen", "-t", "X"), "known are"),
        (("webhook", "remove", "wh-0"), "no destination 'wh-0'"),
        (("retry",), "or all of them with --all"),
        (("retry", "ci-0", "--all"), "or all of them with --all"),
        (("retry", "ci-0"), "'ci-0' is no dead letter"),
        (("deliver", "--attempts", "0"), "--attempts"),
    ],
)
def test_wrong_use_is_named(reisen: Busflow, arguments: tuple[str, ...], says: str):
    ended = reisen("outbox", *arguments)
    assert ended.code == 2
    assert says in ended.last_word


def test_a_broker_url_that_is_none_is_refused_at_start(reisen: Busflow, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BUSFLOW_BROKER_URL", "smtp://broker/")
    ended = reisen("outbox", "deliver", "--once")
    assert ended.code == 2
    assert "unknown kind of broker 'smtp'" in ended.last_word

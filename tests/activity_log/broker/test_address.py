"""A broker's URL is understood or refused in one clear line, and its password is never shown."""

import pytest

from activity_log.broker.address import parse_address
from activity_log.errors import WrongUseError


def test_a_url_is_understood():
    address = parse_address("amqp://busflow:s3cr%2Ft@mq.example:5673/reisen")
    assert (address.scheme, address.hosts) == ("amqp", ("mq.example:5673",))
    assert (address.user, address.password) == ("busflow", "s3cr/t")
    assert address.shown == "amqp://mq.example:5673/reisen"


def test_several_hosts_each_have_a_port():
    assert parse_address("kafka://one,two:9093").hosts == ("one:9092", "two:9093")


def test_an_ipv6_address_keeps_its_brackets():
    assert parse_address("nats://[::1]").hosts == ("[::1]:4222",)
    assert parse_address("nats://[::1]:4333").hosts == ("[::1]:4333",)


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("", "not set"),
        ("redis://localhost", "known are amqp://, amqps://, kafka://, nats://"),
        ("localhost:5672", "known are"),
        ("amqp://", "write amqp://host:5672"),
        ("amqp://user:s3cret@host:port", "write amqp://host:5672"),
        ("nats://user:s3cret@host:99999", "write nats://host:4222"),
        ("amqp://user:s3cret@[::1", "scheme://host:port"),
    ],
)
def test_a_wrong_url_is_refused_with_the_remedy(url, remedy):
    with pytest.raises(WrongUseError, match="BUSFLOW_BROKER_URL") as refused:
        parse_address(url)
    assert remedy in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_what_a_broker_says_is_told_without_the_password():
    address = parse_address("amqp://busflow:s3cret@mq.example/")
    told = str(address.wrong("login as busflow:s3cret\nrefused"))
    assert told == "BUSFLOW_BROKER_URL: amqp://mq.example:5672/ cannot be used: login as busflow:*** refused"
    assert "s3cret" not in repr(address)

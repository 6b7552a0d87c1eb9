"""A Redis database of one's own, on the server of BUSFLOW_TEST_REDIS_URL or the standard port."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as AwayError

STANDARD = "redis://127.0.0.1:6379"
DATABASES = range(8, 16)
"""Numbers that tests may empty."""


@contextmanager
def fresh_redis() -> Iterator[str]:
    """Give the URL of an empty database, empty again afterwards; without a server skip the test, or fail in CI."""
    server = os.environ.get("BUSFLOW_TEST_REDIS_URL", STANDARD)
    client, url = _take(server)
    try:
        yield url
    finally:
        client.flushdb()
        client.close()


def _take(server: str) -> tuple[Redis, str]:
    """Reserve a database that nobody else tests in; the mark goes with the first emptying, or in ten minutes."""
    for number in DATABASES:
        client = Redis.from_url(f"{server}/{number}")
        try:
            if client.set("busflow-test", os.getpid(), nx=True, ex=600):
                return client, f"{server}/{number}"
        except AwayError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(f"Redis must be there in CI: {error}")
            pytest.skip(f"no Redis: {error}")
    pytest.fail("all Redis databases for tests are taken")

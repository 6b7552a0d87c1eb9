from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from activity_log.database import Database, open_database
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.outbox.receiver import Receiver, receiving


@pytest.fixture(params=STORES)
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh log, in each of the two stores."""
    with fresh_log(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def open_again(log_url: str) -> Iterator[Callable[[], Database]]:
    """Open the log once more, as another process would."""
    opened: list[Database] = []

    def open_() -> Database:
        opened.append(open_database(log_url, VAULT))
        return opened[-1]

    yield open_
    for database in opened:
        database.close()


@pytest.fixture
def database(open_again: Callable[[], Database]) -> Database:
    return open_again()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def another_receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one

"""A log in each store, in which every test gets an operator of its own."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from activity_log.database import open_database
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.logs import Log


@pytest.fixture(params=STORES, scope="module")
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    with (
        fresh_log(request.param, tmp_path_factory.mktemp("store")) as url,
        closing(open_database(url, VAULT)) as database,
    ):
        yield Log(database)

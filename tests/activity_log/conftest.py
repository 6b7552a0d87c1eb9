import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from activity_log.database import Database, open_database
from activity_log.operators import Operator, find_operator, register_operator
from activity_log.vault import Vault
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.logs import Log
from tests.activity_log.stories import KEY, NOW, Books, OpenFresh


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the operators `reisen` and `konkurrenz`, to be copied: migrating takes most of the time."""
    path = tmp_path_factory.mktemp("template") / "log.db"
    with closing(open_database(f"sqlite:///{path}", Vault(bytes(32)))) as database:
        register_operator(database, "reisen", now=NOW, pseudonym_key=KEY)
        register_operator(database, "konkurrenz", now=NOW, pseudonym_key=KEY[::-1])
    return path


@pytest.fixture
def open_fresh(template: Path, tmp_path: Path) -> Iterator[OpenFresh]:
    """Open as many fresh databases as a test likes."""
    opened: list[Database] = []

    def open_copy() -> Database:
        path = tmp_path / f"log-{len(opened)}.db"
        shutil.copy(template, path)
        opened.append(open_database(f"sqlite:///{path}", Vault(bytes(32))))
        return opened[-1]

    yield open_copy
    for database in opened:
        database.close()


@pytest.fixture
def database(open_fresh: OpenFresh) -> Database:
    return open_fresh()


@pytest.fixture
def reisen(database: Database) -> Operator:
    return find_operator(database, "reisen")


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture(scope="module", params=STORES)
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """A log in each of the stores."""
    with (
        fresh_log(request.param, tmp_path_factory.mktemp("log")) as url,
        closing(open_database(url, VAULT)) as database,
    ):
        yield Log(database)

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine

from activity_log import schema


@pytest.fixture(scope="session")
def people_engine() -> Iterator[Engine]:
    """A database of profiles and identity links alone, in memory; what is written is gone with its connection."""
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine, tables=[schema.person_profile, schema.identity_link])
    yield engine
    engine.dispose()


@pytest.fixture
def connection(people_engine: Engine) -> Iterator[Connection]:
    with people_engine.connect() as connection:
        yield connection

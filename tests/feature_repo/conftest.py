from itertools import count
from pathlib import Path

import pytest

from activity_log.database import open_database
from activity_log.vault import Vault
from tests.feature_repo.stories import Logged, LogOf, Story, log_stories


@pytest.fixture(scope="session")
def empty_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without operators, to be copied: migrating takes most of the time."""
    path = tmp_path_factory.mktemp("empty") / "log.db"
    open_database(f"sqlite:///{path}", Vault(bytes(32))).close()
    return path


@pytest.fixture(scope="session")
def log_of(empty_log: Path, tmp_path_factory: pytest.TempPathFactory) -> LogOf:
    """Put a story into a log of its own and export its facts."""
    root, numbers = tmp_path_factory.mktemp("logs"), count()

    def log(story: Story, batches: int = 1) -> Logged:
        return log_stories(empty_log, root / str(next(numbers)), story, batches=batches)[0]

    return log

"""The champions as this machine loaded them last, so that a service can start while MLflow is away."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_CURRENT = "current"


class Kept(NamedTuple):
    """A copy of an artefact, and the version it is of."""

    version: str
    artefact: Path


class KeptChampions:
    """One folder per registered model: its artefacts by version, and the name of the one in use."""

    def __init__(self, directory: Path):
        self._directory = directory

    def keep(self, name: str, version: str, artefact: Path) -> None:
        """Keep a copy, and drop older ones. Whoever is killed at it leaves the old copy in use."""
        folder = self._directory / name
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder):
            if not (folder / version).exists():
                unfinished = Path(tempfile.mkdtemp(dir=folder, prefix=".unfinished-"))
                shutil.copytree(artefact, unfinished, dirs_exist_ok=True)
                unfinished.rename(folder / version)
            note = folder / f".{_CURRENT}"
            note.write_text(version)
            note.replace(folder / _CURRENT)
            for other in folder.iterdir():
                if other.name != version and other.is_dir():
                    shutil.rmtree(other, ignore_errors=True)

    def find(self, name: str) -> Kept | None:
        """Return the copy in use; None: there is none."""
        folder = self._directory / name
        try:
            version = (folder / _CURRENT).read_text()
        except FileNotFoundError:
            return None
        return Kept(version, folder / version) if (folder / version).is_dir() else None


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process keeps anything in a folder, which drops what is not in use."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go when the file is closed, also by being killed
        yield

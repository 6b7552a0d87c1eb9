"""Champions kept on this machine: the newest is found, older ones go, and nobody ever finds half of one."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from models.champions import Kept, KeptChampions

NAME = "nordlicht-churn"


@pytest.fixture
def champions(tmp_path: Path) -> KeptChampions:
    return KeptChampions(tmp_path / "champions")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "champions" / NAME


def artefact(tmp_path: Path, text: str) -> Path:
    """A model of two files, one in a folder."""
    made = tmp_path / f"artefact-{text}"
    (made / "inner").mkdir(parents=True)
    for file in ("model.txt", "inner/card.json"):
        (made / file).write_text(text)
    return made


def content(kept: Kept | None) -> tuple[str, str, str] | None:
    if kept is None:
        return None
    texts = [(kept.artefact / file).read_text() for file in ("model.txt", "inner/card.json")]
    return (kept.version, texts[0], texts[1])


def test_what_was_never_kept_is_not_found(champions: KeptChampions):
    assert champions.find(NAME) is None


def test_the_newest_is_found_and_older_ones_go(champions: KeptChampions, folder: Path, tmp_path: Path):
    champions.keep(NAME, "1", artefact(tmp_path, "one"))
    champions.keep("fremd-churn", "7", artefact(tmp_path, "another"))
    assert content(champions.find(NAME)) == ("1", "one", "one")
    champions.keep(NAME, "2", artefact(tmp_path, "two"))
    assert content(champions.find(NAME)) == ("2", "two", "two")
    assert sorted(one.name for one in folder.iterdir()) == [".lock", "2", "current"]
    assert content(champions.find("fremd-churn")) == ("7", "another", "another")


def test_another_process_finds_it_and_the_same_version_is_not_copied_again(
    champions: KeptChampions, tmp_path: Path
):
    champions.keep(NAME, "1", artefact(tmp_path, "one"))
    champions.keep(NAME, "1", tmp_path / "gone")
    assert content(KeptChampions(tmp_path / "champions").find(NAME)) == ("1", "one", "one")


def test_after_a_rollback_the_older_version_is_in_use_again(champions: KeptChampions, tmp_path: Path):
    one, two = artefact(tmp_path, "one"), artefact(tmp_path, "two")
    for version, made in [("1", one), ("2", two), ("1", one)]:
        champions.keep(NAME, version, made)
    assert content(champions.find(NAME)) == ("1", "one", "one")


def copy_that_is_killed(source: Path, target: Path, **options) -> None:
    shutil.copy(source / "model.txt", Path(target) / "model.txt")
    raise KeyboardInterrupt


def test_whoever_is_killed_while_copying_leaves_the_old_one_in_use(
    champions: KeptChampions, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    champions.keep(NAME, "1", artefact(tmp_path, "one"))
    two = artefact(tmp_path, "two")
    with monkeypatch.context() as killed:
        killed.setattr(shutil, "copytree", copy_that_is_killed)
        with pytest.raises(KeyboardInterrupt):
            champions.keep(NAME, "2", two)
    assert content(champions.find(NAME)) == ("1", "one", "one")
    champions.keep(NAME, "2", two)
    assert content(champions.find(NAME)) == ("2", "two", "two")


def test_whoever_is_killed_before_the_first_is_kept_leaves_nothing_in_use(
    champions: KeptChampions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "copytree", copy_that_is_killed)
    with pytest.raises(KeyboardInterrupt):
        champions.keep(NAME, "1", artefact(tmp_path, "one"))
    assert champions.find(NAME) is None


@pytest.mark.parametrize("versions", ["1111", "1234"], ids=["the-same", "four-versions"])
def test_processes_may_keep_at_once(champions: KeptChampions, tmp_path: Path, monkeypatch, versions: str):
    """All begin together, and a copy takes long enough for the others to drop it if they could."""
    made = {one: artefact(tmp_path, one) for one in set(versions)}
    all_here, copytree = Barrier(len(versions), timeout=5), shutil.copytree

    def copy(*args, **options):
        copied = copytree(*args, **options)
        time.sleep(0.02)
        return copied

    def keep(version: str) -> None:
        all_here.wait()
        KeptChampions(tmp_path / "champions").keep(NAME, version, made[version])

    monkeypatch.setattr(shutil, "copytree", copy)
    with ThreadPoolExecutor(len(versions)) as pool:
        list(pool.map(keep, versions))
    kept = champions.find(NAME)
    assert kept is not None, "one of them is in use"
    assert content(kept) == (kept.version, kept.version, kept.version)

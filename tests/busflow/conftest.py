"""The command line as a person or a script uses it, on an installation of its own."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from busflow import cli


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def last_word(self) -> str:
        """The last line on stderr; remarks on the way start with a dot."""
        *remarks, last = self.stderr.splitlines()
        assert all(remark.startswith("· ") for remark in remarks), self.stderr
        return last


Busflow = Callable[..., Ended]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BUSFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("BUSFLOW_DATABASE_URL", "BUSFLOW_ENGINE", "BUSFLOW_ONLINE_STORE", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)  # so that no .env is read
    return tmp_path / "home"


@pytest.fixture
def busflow(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Busflow:
    """Run a command in this process: `busflow("operator", "add", "nordlicht")`."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["busflow", *map(str, arguments)])
        monkeypatch.setattr(sys, "warnoptions", ["as pytest wants them"])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capsys.readouterr()
        return Ended(int(left.value.code or 0), out, err)

    return run

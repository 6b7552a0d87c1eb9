"""Which code trained a model: the commit where there is one, the package's version, and the source itself."""

import hashlib
import shutil
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

PACKAGE = "busflow-customer-intelligence"
ROOT = Path(__file__).parents[2]
LEARNING = ("feature_repo", "models", "training")
"""The rooms whose code decides what a model becomes."""


class CodeVersion(NamedTuple):
    """commit: of git, with a plus if files differ from it; empty outside a checkout. source: hash of the rooms."""

    commit: str
    package: str
    source: str

    def tags(self) -> dict[str, str]:
        """Return it as tags of a run."""
        named = {"code.commit": self.commit, "code.package": self.package, "code.source": self.source}
        return {name: value for name, value in named.items() if value}


@cache
def code_version() -> CodeVersion:
    """Read it, once per process."""
    return CodeVersion(_commit(), _package(), source_hash(ROOT))


def source_hash(root: Path) -> str:
    """Return a hash of all Python files of the rooms that learning rests on."""
    digest = hashlib.blake2b(digest_size=8)
    for room in LEARNING:
        for path in sorted((root / room).rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _package() -> str:
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return ""


def _commit() -> str:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return ""
    head = subprocess.run([git, "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    changed = subprocess.run(  # noqa: S603
        [git, "status", "--porcelain", "--", *LEARNING], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if head.returncode:
        return ""
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")

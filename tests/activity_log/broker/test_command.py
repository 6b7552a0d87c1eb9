"""`busflow consume` says in one line what is wrong with the broker, and never its password."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONSUME = [sys.executable, "-c", "from busflow.cli import main; main()", "consume"]


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("", "BUSFLOW_BROKER_URL is not set"),
        ("redis://me:s3cret@localhost", "known are amqp://, amqps://, kafka://, nats://"),
        ("amqp://me:s3cret@127.0.0.1:1/", "amqp://127.0.0.1:1/ cannot be used"),
        ("kafka://me:s3cret@127.0.0.1:1", "kafka://127.0.0.1:1 cannot be used"),
        ("nats://me:s3cret@127.0.0.1:1", "is it running?"),
    ],
)
def test_a_broker_that_cannot_be_used_is_wrong_use(tmp_path: Path, url: str, remedy: str):
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "BUSFLOW_HOME": str(tmp_path),
        "BUSFLOW_BROKER_URL": url,
    }
    told = subprocess.run(CONSUME, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    last = told.stderr.splitlines()[-1]
    assert (told.returncode, told.stdout) == (2, "")
    assert last.startswith("busflow: ")
    assert remedy in last
    assert "s3cret" not in told.stderr
    assert "Traceback" not in told.stderr

"""A service that is told to end while it is busy drops nothing: with one worker and with two."""

import http.client
import json
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from activity_log.clock import utc_now
from busflow.checks import wait_until_ready
from busflow.commands.running import serve_command, serve_environment
from serving.access import TokenKeys

from .conftest import free_port

VISITORS = 8
DRAIN_SECONDS = 1.0


class Visitor(threading.Thread):
    """Asks without a pause over one connection at a time, until nobody takes a new one."""

    def __init__(self, port: int, token: str):
        super().__init__(daemon=True)
        self.port, self.headers = port, {"Authorization": f"Bearer {token}"}
        self.seen: Counter[str] = Counter()

    def run(self) -> None:
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                connection.connect()
            except ConnectionRefusedError:
                return
            self.stay(connection)
            connection.close()

    def stay(self, connection: http.client.HTTPConnection) -> None:
        while True:
            try:
                connection.request("POST", "/recommend", b'{"n": 2}', self.headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.seen[f"dropped: {error!r}"] += 1
                return
            self.seen[f"{answer.status}"] += 1
            if answer.will_close:
                self.seen["told to go elsewhere"] += 1
                return


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_nobody_is_dropped_when_the_service_ends(installation, tmp_path, workers):
    port, log = free_port(), tmp_path / "service.log"
    settings = installation.model_copy(update={"workers": workers})
    environment = serve_environment(settings) | {
        "BUSFLOW_DRAIN_SECONDS": str(DRAIN_SECONDS),
        "BUSFLOW_METRICS_TOKEN": "scraper",
        "BENTOML_HOME": str(tmp_path / "bentoml"),
    }
    token = TokenKeys(installation.keys_dir).mint("nordlicht", "crm", now=utc_now())
    visitors = [Visitor(port, token) for _ in range(VISITORS)]
    with (
        log.open("wb") as out,
        subprocess.Popen(
            serve_command("127.0.0.1", port), env=environment, stdout=out, stderr=out
        ) as process,
    ):
        try:
            wait_until_ready(f"http://127.0.0.1:{port}", process, log)
            for visitor in visitors:
                visitor.start()
            time.sleep(2)
            assert processes(tmp_path / "bentoml") == workers
            answered = asked_for(port, "scraper")
            assert answered > 100, "the figures are of all processes, whichever is asked"
            process.send_signal(signal.SIGTERM)
            time.sleep(DRAIN_SECONDS / 2)
            assert readiness(port) == (503, "not ready: this process is ending")
            process.wait(timeout=30)
        finally:
            process.kill()
    for visitor in visitors:
        visitor.join(timeout=30)
    seen = sum((visitor.seen for visitor in visitors), Counter())
    assert seen["200"] > 100
    assert seen["told to go elsewhere"] >= VISITORS
    assert set(seen) == {"200", "told to go elsewhere"}, seen
    assert "Traceback" not in log.read_text()


def ask(port: int, path: str, token: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def processes(bentoml_home: Path) -> int:
    """How many processes keep figures."""
    files = (bentoml_home / "prometheus_multiproc_dir").glob("histogram_*.db")
    return len(list(files))


def asked_for(port: int, token: str) -> float:
    """How many answers of `/recommend` the figures count."""
    families = text_string_to_metric_families(ask(port, "/metrics", token)[1])
    return sum(
        one.value
        for family in families
        for one in family.samples
        if one.name == "busflow_http_request_seconds_count" and one.labels["route"] == "/recommend"
    )


def readiness(port: int) -> tuple[int, str]:
    status, text = ask(port, "/readyz")
    return status, json.loads(text)["detail"]

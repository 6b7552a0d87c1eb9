"""The service with all its servers elsewhere: PostgreSQL, Redis and MLflow, each behind a proxy that can go away."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import make_url

from activity_log.clock import utc_now
from activity_log.database import Database, open_log
from activity_log.ingest_file import ingest_file
from activity_log.ingestion import ingest_events
from activity_log.operators import Operator, register_operator
from activity_log.settings import Settings, load_settings
from busflow.checks import wait_until_ready
from busflow.commands.running import serve_command, serve_environment
from feature_repo.store import open_features
from serving.access import TokenKeys
from tests.activity_log.fresh_logs import fresh_schema
from tests.conftest import SimulatedOperator
from tests.integration.going_away import GoingAway
from tests.integration.killed import children, living
from tests.redis_server import fresh_redis
from tests.serving.conftest import event, free_port

OPERATOR = "nordlicht"
WITHOUT_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
"""Of MLflow's own, which would be seven processes more."""
KEY = b"a key for tests only, 32 bytes.."


@dataclass(frozen=True)
class FarServers:
    """An installation without a file of its own but keys and kept models. settings, database: past the proxies."""

    settings: Settings
    database: Database
    operator: Operator
    postgresql: GoingAway
    redis: GoingAway
    mlflow: GoingAway

    def come_back(self) -> None:
        for each in (self.postgresql, self.redis, self.mlflow):
            each.come_back()

    def token(self, customer_id: str | None = None) -> str:
        """Return a token of the widget."""
        return TokenKeys(self.settings.keys_dir).mint(
            OPERATOR, "widget", now=utc_now(), customer_id=customer_id
        )

    def newcomer(self) -> str:
        """Have somebody registered whom the service, which read everybody when it began, has not at hand."""
        person = f"new-{uuid4().hex[:8]}"
        profile = {"person_profile_id": person, "given_name": "Nele", "family_name": "Neu", "locale": "de"}
        self.tell(event(f"profile-{person}", "PersonProfileUpdated", "backoffice", **profile))
        return self.operator.pseudonym(person)

    def sell_out(self, item: Mapping[str, Any]) -> str:
        """Have the last seat of a suggested departure sold; return the departure."""
        same = {name: item[name] for name in ("departure_id", "tour_id", "departs_on", "price", "currency")}
        seats = {"boarding_point_ids": ["any"], "seats_total": 40, "seats_left": 0}
        self.tell(event(f"sold-{item['departure_id']}", "DepartureUpdated", "commerce", **same, **seats))
        return str(item["departure_id"])

    def tell(self, *events: Mapping[str, Any]) -> None:
        """Write events into the log, past the proxy: somebody else's process brings them in."""
        raws = [json.dumps(one).encode() for one in events]
        receipt = ingest_events(self.database, raws, now=utc_now())
        assert receipt.accepted == len(events), receipt

    @contextmanager
    def serving(self, log: Path) -> "Iterator[Service]":
        """Run the service; whatever is left of it at the end is killed."""
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        with (
            log.open("wb") as out,
            subprocess.Popen(
                serve_command("127.0.0.1", port),
                env=self._environment(), stdout=out, stderr=out, start_new_session=True,
            ) as process,
        ):  # fmt: skip
            service = Service(address, process, log)
            try:
                yield service
            finally:
                service.kill()

    def _environment(self) -> Mapping[str, str]:
        url = make_url(self.settings.database_url).set(host="127.0.0.1", port=self.postgresql.port)
        number = self.settings.online_store.rsplit("/", 1)[1]
        return serve_environment(self.settings) | {
            "BUSFLOW_DATABASE_URL": url.render_as_string(hide_password=False),
            "BUSFLOW_ONLINE_STORE": f"redis://127.0.0.1:{self.redis.port}/{number}",
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{self.mlflow.port}",
            "BUSFLOW_VISITOR_RATE_LIMIT": "0",
        }


@dataclass(frozen=True)
class Service:
    """A service and its process."""

    address: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def wait(self) -> None:
        wait_until_ready(self.address, self.process, self.log)

    def kill(self) -> None:
        """End it and all its processes at once, as a machine does that loses power."""
        sessions = [self.process.pid, *children(self.process.pid)]  # each worker has a session of its own
        for process in [member for session in sessions for member in living(session)]:
            os.kill(process, signal.SIGKILL)
        self.process.wait()
        while any(living(session) for session in sessions):
            time.sleep(0.02)


@contextmanager
def far_servers(trained: SimulatedOperator, folder: Path) -> Iterator[FarServers]:
    """Take the trained Nordlicht to PostgreSQL, Redis and an MLflow server."""
    home = folder / "home"
    shutil.copytree(trained.settings.home, home, ignore=shutil.ignore_patterns("log.db*", "champions"))
    with (
        fresh_redis() as online,
        fresh_schema("postgresql", folder) as log,
        mlflow_server(home) as mlflow_port,
    ):
        settings = load_settings(home=home, database_url=log, online_store=online)
        with closing(open_log(settings)) as database:
            operator = register_operator(database, OPERATOR, now=trained.now, pseudonym_key=KEY)
            ingest_file(database, home / "events.jsonl", now=trained.now, processes=0)
            open_features(settings).materialise(trained.now)
            away = [
                _before(log, 5432),
                _before(online, 6379),
                GoingAway("127.0.0.1", mlflow_port),
            ]
            try:
                yield FarServers(settings, database, operator, *away)
            finally:
                for each in away:
                    each.close()


def _before(url: str, standard: int) -> GoingAway:
    parsed = make_url(url)
    return GoingAway(parsed.host or "127.0.0.1", parsed.port or standard)


@contextmanager
def mlflow_server(home: Path) -> Iterator[int]:
    """Run MLflow's own server over the models of an installation; give its port at once, long before it answers."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{home / 'mlflow' / 'mlflow.db'}", "--workers", "1"]
    with (
        (home / "mlflow.log").open("wb") as out,
        subprocess.Popen(
            command, env=os.environ | WITHOUT_JOBS, stdout=out, stderr=out, start_new_session=True
        ) as process,
    ):
        try:
            yield port
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for_mlflow(servers: FarServers) -> None:
    """Wait until MLflow answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{servers.mlflow.port}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError((servers.settings.home / "mlflow.log").read_text())

"""A running service over a copy of the trained Nordlicht, so that what these tests change harms no other test."""

import json
import shutil
import socket
import subprocess
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from activity_log import schema
from activity_log.clock import utc_now
from activity_log.database import Database, open_log
from activity_log.operators import register_operator
from activity_log.segments.lists import define_list
from activity_log.segments.membership import Found, write_refresh
from activity_log.settings import Settings, load_settings
from busflow.checks import wait_until_ready
from busflow.commands.running import serve_command, serve_environment
from serving.access import ROLES, Role, TokenKeys

METRICS_TOKEN = "what the scraper shows"
SITE = "https://www.nordlicht.example"


@dataclass(frozen=True)
class Service:
    """The service as a caller sees it, and the files behind it."""

    address: str
    settings: Settings
    database: Database
    keys: TokenKeys
    log: Path
    client: httpx.Client

    def token(self, role: Role, operator_id: str = "nordlicht", customer_id: str | None = None) -> str:
        return self.keys.mint(operator_id, role, now=utc_now(), customer_id=customer_id)

    def ask(
        self,
        method: str,
        path: str,
        role: Role | None = None,
        *,
        token: str = "",
        language: str = "de",
        **body: Any,
    ) -> httpx.Response:
        """Send a request: with a token of the role, the token given, or none."""
        headers = {"Accept-Language": language, **body.pop("headers", {})}
        if role or token:
            headers["Authorization"] = f"Bearer {token or self.token(role)}"
        return self.client.request(method, path, headers=headers, **body)

    def post(self, path: str, role: Role, body: Any, **options: Any) -> httpx.Response:
        return self.ask("POST", path, role, content=json.dumps(body), **options)

    def event(self, event_id: str, type_: str, source: str, **data: Any) -> dict[str, Any]:
        return event(event_id, type_, source, **data)


def event(event_id: str, type_: str, source: str, **data: Any) -> dict[str, Any]:
    """A CloudEvent of Nordlicht that happened a minute ago."""
    return {
        "specversion": "1.0", "id": event_id, "source": source, "type": type_, "operatorid": "nordlicht",
        "time": (utc_now() - timedelta(minutes=1)).isoformat(), "data": data,
    }  # fmt: skip


@pytest.fixture(scope="session")
def installation(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy of the trained installation; `fremd` is another operator in it, `leer` one without events."""
    home = tmp_path_factory.mktemp("service") / "home"
    shutil.copytree(trained.settings.home, home)
    settings = load_settings(home=home)
    database = open_log(settings)
    for operator_id in ("fremd", "leer"):
        register_operator(database, operator_id, now=trained.now)
    database.close()
    return settings


@pytest.fixture(scope="session")
def service(installation: Settings) -> Iterator[Service]:
    """`bentoml serve` as `busflow serve` starts it, on a free port."""
    port, log = free_port(), installation.home / "service.log"
    address, database = f"http://127.0.0.1:{port}", open_log(installation)
    environment = serve_environment(installation) | {
        "BUSFLOW_METRICS_TOKEN": METRICS_TOKEN,
        "BUSFLOW_LOG_LEVEL": "debug",  # so that the log holds all it can
        "BUSFLOW_ORIGINS": json.dumps({"nordlicht": [SITE]}),
        "BUSFLOW_FAILED_TOKENS_PER_MINUTE": "100000",  # these tests send many from one address
    }
    with (
        log.open("wb") as out,
        subprocess.Popen(
            serve_command("127.0.0.1", port), env=environment, stdout=out, stderr=out
        ) as process,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        try:
            wait_until_ready(address, process, log)
            yield Service(address, installation, database, TokenKeys(installation.keys_dir), log, client)
        finally:
            process.terminate()
            database.close()


@pytest.fixture(scope="session")
def served(service: Service) -> list[tuple[str, str]]:
    """Every method and path, as written, that the running application has, as the application itself says."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BentoML's own
        from _bentoml_impl.server.app import ServiceAppFactory

        from serving.application import furnish
        from serving.service import own_apis, token_keys, web
        from serving.service import service as the_service

        furnish(web, token_keys, own_apis)
        the_service.inject_config()
        application = ServiceAppFactory(the_service, is_main=True)()
    listed = [
        (route.path, sorted(getattr(route, "methods", None) or ["GET"]))
        for mounted in application.routes
        for route in (web.routes if getattr(mounted, "app", None) is web else [mounted])
    ]
    return [(method, path) for path, methods in listed for method in methods]


@pytest.fixture(scope="session")
def regular(installation: Settings) -> str:
    """The customer with the most bookings."""
    return regular_customers(installation)[0]


@pytest.fixture(scope="session")
def another(installation: Settings) -> str:
    """The customer with the second most bookings."""
    return regular_customers(installation)[1]


def regular_customers(settings: Settings) -> list[str]:
    table = schema.touchpoint
    query = (
        select(table.c.customer_id)
        .where(
            table.c.operator_id == "nordlicht", table.c.type == "BookingConfirmed", table.c.role == "booker"
        )
        .group_by(table.c.customer_id)
        .order_by(func.count().desc(), table.c.customer_id)
    )
    database = open_log(settings)
    with database.reading() as connection:
        customers = list(connection.execute(query.limit(10)).scalars())
    database.close()
    return customers


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def roles() -> tuple[Role, ...]:
    return ROLES


@pytest.fixture
def long_ago() -> datetime:
    return datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def segment_of(installation: Settings) -> Iterator[Callable[[str, Collection[str]], None]]:
    """Put customers of Nordlicht into a list segment, and refresh it."""
    database = open_log(installation)

    def define(segment_id: str, customers: Collection[str]) -> None:
        now, names = utc_now(), ("Treue Jahresreisende", "Loyal yearly travellers")
        with database.writing() as connection:
            segment = define_list(connection, "nordlicht", segment_id, names, customers, now)
            write_refresh(connection, Found(segment, now, set(customers)), now)

    yield define
    database.close()

"""`busflow demo`: the whole chain on a simulated operator, from events to a page."""

import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from activity_log.clock import utc_now
from activity_log.settings import Settings, load_settings
from busflow.commands.following import start_following
from busflow.commands.running import LOOPBACK, PORT, check_port, serve_command, serve_environment
from busflow.console import progress_bar, say, stderr

OPERATOR = "nordlicht"


@dataclass(frozen=True)
class Links:
    """Where to look, and the tokens that open it. customer_id: somebody interesting."""

    crm: str
    widget: str
    mlflow: str
    customer_id: str


def demo(
    check: Annotated[
        bool, typer.Option("--check", help="Query every endpoint, print the answers, exit.")
    ] = False,
    customers: Annotated[int, typer.Option(help="People the simulated operator knows.")] = 2_500,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the service.")] = PORT,
) -> None:
    """Simulate an operator, learn from its events, and serve what was learned."""
    check_port(LOOPBACK, port)
    home = load_settings().home / "demo"
    shutil.rmtree(home, ignore_errors=True)
    settings, now = load_settings(home=home), utc_now()
    take_in(settings, customers, now)
    learn(settings, now)
    links = _links(settings, port, now)
    command, environment = serve_command(LOOPBACK, port), serve_environment(settings)
    log = home / "service.log"
    say(f"starting the service (its log: {log})")
    with log.open("wb") as out, subprocess.Popen(command, env=environment, stdout=out, stderr=out) as service:  # noqa: S603
        follower = start_following(environment)
        try:
            _stay(settings, service, links, log, port, now, check=check)
        finally:
            service.terminate()
            follower.terminate()
            follower.wait()


def _stay(
    settings: Settings,
    service: "subprocess.Popen[bytes]",
    links: Links,
    log: Path,
    port: int,
    now: datetime,
    *,
    check: bool,
) -> None:
    from busflow.checks import check_endpoints, wait_until_ready

    wait_until_ready(f"http://{LOOPBACK}:{port}", service, log)
    if check:
        check_endpoints(settings, OPERATOR, f"http://{LOOPBACK}:{port}", links.customer_id, now)
        return
    stderr.print("\n[bold]Busflow Customer Intelligence is running.[/bold] Stop it with Ctrl-C.\n")
    for title, link in (
        ("CRM screen", links.crm),
        ("Booking widget", links.widget),
        ("MLflow UI", links.mlflow),
    ):
        stderr.print(f"[bold]{title}[/bold]")
        stderr.print(link, soft_wrap=True, highlight=False, markup=False)
        stderr.print()
    try:
        service.wait()
    except KeyboardInterrupt:
        say("stopping")


def take_in(settings: Settings, customers: int, now: datetime) -> None:
    """Simulate, and ingest as an operator would: from a file."""
    from activity_log.database import open_log
    from activity_log.ingest_file import ingest_file
    from activity_log.operators import register_operator
    from simulator import SimulationSpec, simulate, write

    say(f"simulating an operator with {customers:,} customers over five years")
    simulation = simulate(SimulationSpec(operator_id=OPERATOR, customers=customers, until=now.date()))
    events = settings.home / "events.jsonl"
    settings.home.mkdir(parents=True, exist_ok=True)
    write(simulation, events, settings.home / "truth.json")
    database = open_log(settings)
    register_operator(database, OPERATOR, name="Nordlicht Reisen", now=now)
    with progress_bar(f"ingesting {len(simulation.events):,} events", events.stat().st_size) as advance_to:
        receipt = ingest_file(database, events, now=now, progress=advance_to)
    say(
        f"{receipt.accepted:,} accepted, {receipt.duplicates:,} duplicates, {receipt.discarded:,} discarded "
        f"(contacts without person), {receipt.quarantined} quarantined"
    )


def learn(settings: Settings, now: datetime) -> None:
    """Train and promote every model, and materialise the features they ask for."""
    from activity_log.database import open_log
    from training.lifecycle.tasks import TRAINERS
    from training.promotion import PromotionRefusedError, promote
    from training.sessions import materialise_now, train_tasks
    from training.watching import breaches_for
    from training.workbench import Workbench

    bench = Workbench.open(settings, open_log(settings), OPERATOR, say)
    trained = []
    for task, challenger, reason in train_tasks(bench, TRAINERS, now, now):
        if challenger is None:
            say(f"{task}: {reason}")
            continue
        trained.append(task)
        report = challenger.report
        for name in (report.model, report.baseline):
            figure = report.figure(name, report.judged_by) if name else None
            if figure:
                say(
                    f"{task}: {figure.metric} of {name} {figure.value:.3f} on customers and times it had not seen"
                )
    breaches = breaches_for(bench, trained, now)
    for task in trained:
        try:
            version = promote(bench.registry, OPERATOR, task, now, by="busflow demo", breaches=breaches[task])
        except PromotionRefusedError as refusal:
            say(str(refusal))
        else:
            say(f"{task} version {version} is champion")
    materialise_now(bench, now)


def _links(settings: Settings, port: int, now: datetime) -> Links:
    from serving.access import TokenKeys

    keys = TokenKeys(settings.keys_dir)
    customer_id = _regular_customer(settings)
    base = f"http://{LOOPBACK}:{port}"
    crm = keys.mint(OPERATOR, "crm", now=now)
    widget = keys.mint(OPERATOR, "widget", now=now, customer_id=customer_id)
    return Links(
        crm=f"{base}/crm#token={crm}",
        widget=f"{base}/widget/demo#token={widget}&customer={customer_id}",
        mlflow=f".venv/bin/mlflow ui --backend-store-uri {settings.tracking_uri}",
        customer_id=customer_id,
    )


def _regular_customer(settings: Settings) -> str:
    """Return the customer with the most bookings."""
    from sqlalchemy import func, select

    from activity_log import schema
    from activity_log.database import open_log

    table = schema.touchpoint
    query = (
        select(table.c.customer_id)
        .where(table.c.operator_id == OPERATOR, table.c.type == "BookingConfirmed", table.c.role == "booker")
        .group_by(table.c.customer_id)
        .order_by(func.count().desc(), table.c.customer_id)
    )
    with open_log(settings).reading() as connection:
        return str(connection.execute(query.limit(1)).scalar_one())

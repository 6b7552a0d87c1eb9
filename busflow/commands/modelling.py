"""Commands of data scientists: training, evaluation, promotion."""

import getpass
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activity_log.clock import utc_now
from activity_log.errors import NotEnoughDataError, WrongUseError
from activity_log.settings import load_settings
from busflow.benches import open_bench
from busflow.console import AsOf, Json, OperatorId, moment, say, show
from models.card import TASKS, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.lifecycle.trainer import Trainer
    from training.promotion import Case
    from training.workbench import Workbench

evaluate_app = typer.Typer(help="Evaluate the models on your own data.", no_args_is_help=True)

TaskName = Annotated[str, typer.Option("--task", "-t", help=f"{', '.join(TASKS)}, or all.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; default: the user of this machine.")]
Horizon = Annotated[str | None, typer.Option(help="How far ahead, as in 180d.")]
Transactions = Annotated[Path, typer.Option(help="customer_id, timestamp, optionally amount")]
Cutoff = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Only what came before is learned.")]
Ahead = Annotated[str, typer.Option("--horizon", help="How far ahead, as in 180d.")]


def train(
    operator: OperatorId,
    task: TaskName = "all",
    as_of: AsOf = None,
    horizon: Horizon = None,
    as_json: Json = False,
) -> None:
    """Train models, measure them beside simple rules and the champion, and register them as challengers."""
    trainers, days = _trainers(task), _days(horizon)
    at = moment(as_of, utc_now())
    result = _trained(open_bench(operator, at), trainers, at, days)
    if as_json:
        show(result, as_json=True)
        return
    for name, entry in result.items():
        show(_for_people(entry), as_json=False, title=name)


def retrain(
    operator: OperatorId,
    task: TaskName = "all",
    as_of: AsOf = None,
    horizon: Horizon = None,
    promote_too: Annotated[bool, typer.Option("--promote", help="Promote what the gate lets pass.")] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Do it all: features, training sets, every model, its comparison with the champion; stop at the gate."""
    from training.promotion import examine, promote
    from training.watching import breaches_for

    trainers, days = _trainers(task), _days(horizon)
    at, now = moment(as_of, utc_now()), utc_now()
    bench = open_bench(operator, at)
    result = _trained(bench, trainers, at, days)
    trained: list[Task] = [name for name, entry in result.items() if entry["trained"]]
    say("checking the features that the challengers read")
    breaches = breaches_for(bench, trained, now)
    for name in trained:
        case = examine(bench.registry, operator, name, breaches[name])
        live = case.live
        if promote_too and case.verdict.promoted:
            live = promote(bench.registry, operator, name, now, by=_who(by), breaches=breaches[name])
        result[name] |= {"gate": _gate(case), "live": live}
    if as_json:
        show(result, as_json=True)
        return
    for name, entry in result.items():
        gate = entry.pop("gate", None)
        show(_for_people(entry), as_json=False, title=name)
        if gate:
            show(gate["rules"], as_json=False, title=f"{name}: the gate")


def promote(
    operator: OperatorId,
    task: TaskName = "all",
    force: Annotated[bool, typer.Option("--force", help="Promote although the gate says no.")] = False,
    why: Annotated[str, typer.Option("--why", help="Why; needed with --force, kept in the history.")] = "",
    by: By = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what each rule says; change nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the challengers champions, if the gate lets them pass."""
    from training.promotion import PromotionRefusedError, examine
    from training.promotion import promote as pass_gate
    from training.watching import breaches_for

    if force and not why:
        raise WrongUseError("--force needs --why: say in a sentence why the gate is overruled")
    tasks, now = _tasks(task), utc_now()
    bench = open_bench(operator)
    breaches = breaches_for(bench, tasks, now)
    champions: dict[str, Any] = {}
    refused: list[str] = []
    for name in tasks:
        try:
            if dry_run:
                case = examine(bench.registry, operator, name, breaches[name])
                champions[name] = {"challenger": case.version, "live": case.live, **_gate(case)}
            else:
                champions[f"{name} champion"] = pass_gate(
                    bench.registry,
                    operator,
                    name,
                    now,
                    by=_who(by),
                    breaches=breaches[name],
                    force=force,
                    why=why,
                )
        except PromotionRefusedError as refusal:
            refused.append(str(refusal))
    if not champions:
        raise PromotionRefusedError("; ".join(refused))
    for reason in refused:
        say(reason)
    if not dry_run or as_json:
        show(champions, as_json=as_json)
        return
    for told, case in champions.items():
        word = "would be promoted" if case["promoted"] else "would stay out"
        title = f"{told} challenger {case['challenger']} {word} (live: {case['live'] or 'none'})"
        show(case["rules"], as_json=False, title=title)


def rollback(
    operator: OperatorId,
    task: TaskName,
    why: Annotated[str, typer.Option("--why", help="Why; kept in the history.")] = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Make the champion before this one champion again."""
    tasks, registry, now = _tasks(task), _registry(operator), utc_now()
    if task == "all":  # what never had two champions has nothing to go back to
        tasks = tuple(name for name in tasks if registry.earlier(operator, name)) or tasks[:1]
    back = {name: registry.roll_back(operator, name, now, by=_who(by), why=why) for name in tasks}
    show({f"{name} champion": version for name, version in back.items()}, as_json=as_json)


def history(
    operator: OperatorId,
    task: TaskName = "all",
    on: Annotated[
        str | None, typer.Option("--on", help="Only what was live on this day (2026-02-03).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell which version was live when, why, and by whom."""
    from models.history import live_on, terms

    tasks, registry = _tasks(task), _registry(operator)
    rows: list[dict[str, Any]] = []
    for name in tasks:
        changes = registry.history(operator, name)
        found = live_on(changes, moment(on, utc_now(), "--on").date()) if on else terms(changes)
        rows += [
            {
                "task": name,
                "version": change.version,
                "from": change.at,
                "until": until,
                "how": change.action + (" by force" if change.forced else ""),
                "by": change.by,
                "why": change.why,
            }
            for change, until in found
        ]
    show(rows, as_json=as_json)


@evaluate_app.command("recommender")
def evaluate_recommender(
    train: Annotated[Path, typer.Option(help="customer_id, item_id, optionally timestamp")],
    test: Annotated[Path, typer.Option(help="The same columns; serves the final figures only")],
    k: Annotated[list[int] | None, typer.Option(help="Cut-off of the metrics; may be given twice.")] = None,
    as_json: Json = False,
) -> None:
    """Rank all items for each customer of the test file, by every rung."""
    from training.recommender.evaluate import evaluate_recommender as evaluate

    show(evaluate(train, test, tuple(k or (20,)), say), as_json=as_json)


@evaluate_app.command("churn")
def evaluate_churn(
    transactions: Transactions,
    cutoff: Cutoff,
    horizon: Ahead = "180d",
    as_json: Json = False,
) -> None:
    """Learn who stays away before the cutoff, and measure it on what came after."""
    from training.own_churn import evaluate_churn as evaluate

    show(
        evaluate(transactions, moment(cutoff.isoformat(), utc_now()), _days(horizon) or 180), as_json=as_json
    )


@evaluate_app.command("value")
def evaluate_value(
    transactions: Transactions,
    cutoff: Cutoff,
    horizon: Ahead = "180d",
    as_json: Json = False,
) -> None:
    """Forecast each customer's purchases and spend at the cutoff, and measure them on what came after."""
    from training.own_value import evaluate_value as evaluate

    show(
        evaluate(transactions, moment(cutoff.isoformat(), utc_now()), _days(horizon) or 180), as_json=as_json
    )


def _trainers(task: str) -> "Sequence[Trainer[Any]]":
    tasks = _tasks(task)
    from training.lifecycle.tasks import TRAINERS

    return [trainer for trainer in TRAINERS if trainer.task in tasks]


def _trained(
    bench: "Workbench", trainers: "Sequence[Trainer[Any]]", at: datetime, horizon_days: int | None
) -> dict[Task, dict[str, Any]]:
    """Train, and return by task what came of it. Raises NotEnoughDataError if nothing did."""
    from training.sessions import train_tasks

    result: dict[Task, dict[str, Any]] = {}
    for name, challenger, reason in train_tasks(bench, trainers, at, utc_now(), horizon_days):
        if challenger is None:
            say(reason)
            result[name] = {"trained": False, "reason": reason}
        else:
            result[name] = {"trained": True, "version": challenger.version, **challenger.report.metrics()}
    if not any(entry["trained"] for entry in result.values()):
        raise NotEnoughDataError("; ".join(entry["reason"] for entry in result.values()))
    return result


def _for_people(entry: dict[str, Any]) -> dict[str, Any]:
    """Leave out intervals and slices: MLflow has them."""
    return {
        key: value for key, value in entry.items() if not key.endswith((".low", ".high")) and "/" not in key
    }


def _gate(case: "Case") -> dict[str, Any]:
    rules = [
        {"rule": one.rule, "passed": "yes" if one.passed else "NO", "found": one.found, "asked": one.asked}
        for one in case.verdict.rulings
    ]
    return {"promoted": case.verdict.promoted, "reason": case.verdict.reason, "rules": rules}


def _who(by: str | None) -> str:
    """Return who does it: as told, or the user of the operating system."""
    if by:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may know no name for its user
        return f"uid {os.getuid()}"


def _registry(operator: str) -> Any:
    from activity_log.database import open_log
    from activity_log.operators import find_operator
    from models.registry import ModelRegistry

    settings = load_settings()
    find_operator(open_log(settings), operator)
    return ModelRegistry(settings)


def _tasks(task: str) -> tuple[Task, ...]:
    if task == "all":
        return TASKS
    if task not in TASKS:
        raise WrongUseError(f"--task '{task}': use {', '.join(TASKS)} or all")
    return (task,)


def _days(horizon: str | None) -> int | None:
    if horizon is None:
        return None
    number = horizon.removesuffix("d")
    if not number.isdecimal() or int(number) == 0:
        raise WrongUseError(f"--horizon '{horizon}': use a number of days, as in 180d")
    return int(number)

"""Commands of data scientists: training, evaluation, promotion."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activity_log.clock import utc_now
from activity_log.errors import NotEnoughDataError, WrongUseError
from activity_log.settings import load_settings
from busflow.benches import open_bench
from busflow.console import AsOf, Json, OperatorId, moment, say, show

if TYPE_CHECKING:
    from training.sessions import Challenger
    from training.workbench import Workbench

evaluate_app = typer.Typer(help="Evaluate the models on your own data.", no_args_is_help=True)

TASKS = ("churn", "recommender")

TaskName = Annotated[str, typer.Option("--task", "-t", help="churn, recommender, or all.")]
Horizon = Annotated[str | None, typer.Option(help="How far ahead, as in 180d.")]


def train(
    operator: OperatorId,
    task: TaskName = "all",
    as_of: AsOf = None,
    horizon: Horizon = None,
    as_json: Json = False,
) -> None:
    """Train models, measure them beside their baselines, and register them as challengers."""
    at, days, tasks = moment(as_of, utc_now()), _days(horizon), _tasks(task)
    bench = open_bench(operator, at)
    result: dict[str, Any] = {}
    for name in tasks:
        try:
            challenger = _trainers()[name](bench, at, days)
        except NotEnoughDataError as error:
            if task != "all":
                raise
            say(str(error))
            result[name] = {"trained": False, "reason": str(error)}
            continue
        result[name] = {"trained": True, "version": challenger.version, **challenger.metrics}
    if not any(entry["trained"] for entry in result.values()):
        raise NotEnoughDataError("; ".join(entry["reason"] for entry in result.values()))
    if as_json:
        show(result, as_json=True)
        return
    for name, entry in result.items():
        figures = {key: value for key, value in entry.items() if not key.endswith(("_low", "_high"))}
        show(figures, as_json=False, title=name)


def promote(
    operator: OperatorId,
    task: TaskName = "all",
    force: Annotated[bool, typer.Option("--force", help="Promote although the gate says no.")] = False,
    as_json: Json = False,
) -> None:
    """Make the challengers champions, if they beat the simple rules and the features they read are sound."""
    from training.promotion import PromotionRefusedError
    from training.promotion import promote as pass_gate
    from training.watching import breaches_for

    tasks, now = _tasks(task), utc_now()
    bench = open_bench(operator)
    champions: dict[str, str] = {}
    refused: list[str] = []
    for name in tasks:
        try:
            breaches = breaches_for(bench, name, now)
            version = pass_gate(bench.registry, operator, name, now, breaches=breaches, force=force)
            champions[f"{name} champion"] = version
        except PromotionRefusedError as refusal:
            refused.append(str(refusal))
    if not champions:
        raise PromotionRefusedError("; ".join(refused))
    for reason in refused:
        say(reason)
    show(champions, as_json=as_json)


def rollback(operator: OperatorId, task: TaskName, as_json: Json = False) -> None:
    """Make the champion before this one champion again."""
    tasks, registry = _tasks(task), _registry(operator)
    back = {name: registry.roll_back(operator, name) for name in tasks}
    show({f"{name} champion": version for name, version in back.items()}, as_json=as_json)


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
    transactions: Annotated[Path, typer.Option(help="customer_id, timestamp, optionally amount")],
    cutoff: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Only what came before is learned.")],
    horizon: Annotated[str, typer.Option(help="How far ahead, as in 180d.")] = "180d",
    as_json: Json = False,
) -> None:
    """Learn who stays away before the cutoff, and measure it on what came after."""
    from training.own_data import evaluate_churn as evaluate

    show(
        evaluate(transactions, moment(cutoff.isoformat(), utc_now()), _days(horizon) or 180), as_json=as_json
    )


def _trainers() -> dict[str, Callable[["Workbench", datetime, int | None], "Challenger"]]:
    from training.churn import ChurnSpec
    from training.recommender.spec import RecommenderSpec
    from training.sessions import train_churn_challenger, train_recommender_challenger

    def churn(bench: "Workbench", as_of: datetime, days: int | None) -> "Challenger":
        spec = ChurnSpec(horizon_days=days) if days else ChurnSpec()
        return train_churn_challenger(bench, as_of, spec, utc_now())

    def recommender(bench: "Workbench", as_of: datetime, days: int | None) -> "Challenger":
        spec = RecommenderSpec(horizon_days=days) if days else RecommenderSpec()
        return train_recommender_challenger(bench, as_of, spec, utc_now())

    return {"churn": churn, "recommender": recommender}


def _registry(operator: str) -> Any:
    from activity_log.database import open_log
    from activity_log.operators import find_operator
    from models.registry import ModelRegistry

    settings = load_settings()
    find_operator(open_log(settings), operator)
    return ModelRegistry(settings)


def _tasks(task: str) -> tuple[Any, ...]:
    if task == "all":
        return TASKS
    if task not in TASKS:
        raise WrongUseError(f"--task '{task}': use churn, recommender or all")
    return (task,)


def _days(horizon: str | None) -> int | None:
    if horizon is None:
        return None
    number = horizon.removesuffix("d")
    if not number.isdecimal() or int(number) == 0:
        raise WrongUseError(f"--horizon '{horizon}': use a number of days, as in 180d")
    return int(number)

"""Commands that let live models predict for everybody, and look at how their predictions came out."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activity_log.clock import utc_now
from activity_log.errors import BusflowError, WrongUseError
from busflow.benches import open_bench
from busflow.console import AsOf, Json, OperatorId, moment, say, show

if TYPE_CHECKING:
    from training.monitoring.monitor import Kept, Monitoring, TaskReport
    from training.off_policy.policy import Judged, PolicyReport

Maturity = Annotated[int, typer.Option(min=0, help="Days after a horizon until its outcome is believed.")]


class DecayError(BusflowError):
    """A model is worse than it promised; the text names it."""


def score(
    operator: OperatorId,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", help="What was known before this moment; default the first moment of today (UTC)."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Let the live models predict for all customers, and keep it for rules, lists and `busflow monitor`.

    Running it again as of the same moment changes nothing; once a month is enough for monitoring.
    """
    from training.scores import score as predict

    at = moment(as_of, utc_now().replace(hour=0, minute=0, second=0, microsecond=0))
    written = predict(open_bench(operator, at), at)
    rows = [
        {
            "task": one.scoring.task,
            "version": one.scoring.version,
            "as_of": one.scoring.as_of.isoformat(),
            "customers": one.customers,
            "in_hindsight": one.scoring.in_hindsight,
        }
        for one in written
    ]
    if any(one.scoring.in_hindsight for one in written):
        say(
            "a model that learned from later than that knew the outcomes: its scores are kept, but never judged"
        )
    show(rows, as_json=as_json)


def monitor(
    operator: OperatorId,
    as_of: AsOf = None,
    maturity: Maturity = 7,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the report with plots to this file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold kept predictions against what happened, by month and model version.

    Exit code 1 if a model is worse than it promised and that is no accident. Scores that lie elsewhere than before
    are told, but are no failure: whether they are wrong is known later. Pending predictions are counted.
    """
    from training.monitoring.monitor import monitor as watch

    if html is not None and not html.parent.is_dir():
        raise WrongUseError(f"--html {html}: there is no folder {html.parent}")
    at = moment(as_of, utc_now())
    found = watch(open_bench(operator), at, timedelta(days=maturity))
    if html is not None:
        from training.monitoring.page import html as page

        say("drawing")
        html.write_text(page(found))
    show(_reply(found) if as_json else _lines(found), as_json=as_json)
    if alarms := found.alarms:
        told = "; ".join(
            f"{task} version {one.version} ({one.month}): {one.text}" for task, one in alarms[:3]
        )
        raise DecayError(f"{len(alarms)} figures worse than they may be: {told}")


def evaluate_policy(
    operator: OperatorId,
    as_of: AsOf = None,
    since: Annotated[str | None, typer.Option(help="Only what was shown from this moment on.")] = None,
    alias: Annotated[str, typer.Option(help="Whom to judge: challenger or champion.")] = "challenger",
    as_json: Json = False,
) -> None:
    """Estimate what a registered recommender would have earned in the places that were left to chance.

    It needs traffic logged with BUSFLOW_EXPLORE, shown after what the recommender learned from. Where too little of
    it is shared with the recommender, no figure is given, and the reply says so.
    """
    from training.off_policy.policy import evaluate_policy as judge

    at = moment(as_of, utc_now())
    begin = None if since is None else moment(since, at, "--since")
    found = judge(open_bench(operator), at, begin, alias)
    if as_json:
        show(found.as_dict(), as_json=True)
        return
    show(_policy_lines(found), as_json=False)
    for name, judged in found.judged.items():
        show(_policy_rows(judged) or [{"refused": judged.overlap.refusal}], as_json=False, title=f"\n{name}")


def _policy_lines(found: "PolicyReport") -> dict[str, Any]:
    lines = {name: value for name, value in found.as_dict().items() if not isinstance(value, dict)}
    return lines | {name: judged.verdict for name, judged in found.judged.items()}


def _policy_rows(judged: "Judged") -> list[dict[str, Any]]:
    if judged.overlap.refusal:
        return []
    return [
        {
            "estimate": name,
            "per place": one.value,
            "95 %": f"{one.interval.low:.4f} to {one.interval.high:.4f}",
            "gain": one.gain,
            "95 % of the gain": f"{one.gain_interval.low:.4f} to {one.gain_interval.high:.4f}",
        }
        for name, one in judged.estimates.items()
    ]


def _lines(found: "Monitoring") -> dict[str, Any]:
    lines: dict[str, Any] = {"operator": found.operator_id, "as_of": found.until}
    for report in found.tasks:
        lines[f"\n{report.task}"] = _task_lines(report)
    lines["alarms"] = len(found.alarms)
    lines["drifted"] = len(found.drifted)
    return lines


def _task_lines(report: "TaskReport") -> dict[str, Any]:
    states = {state: report.count(state) for state in ("judged", "pending", "hindsight")}
    figures = {
        f"{one.metric} of version {one.model}": _spelled(one.value, one.low, one.high)
        for one in report.figures
        if one.slice == "all"
    }
    promised = {
        f"promised {metric} of version {version}": _spelled(*told)
        for version, promises in report.promises.items()
        for metric, told in promises.items()
        if f"{metric} of version {version}" in figures
    }
    wrong = {f"{one.metric} of version {one.version}, {one.month}": one.text for one in report.alarms}
    return states | figures | promised | wrong


def _spelled(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.3f}" if low is None else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _reply(found: "Monitoring") -> dict[str, Any]:
    return {
        "operator": found.operator_id,
        "as_of": found.until.isoformat(),
        "holds": not found.alarms,
        "tasks": {report.task: _task_reply(report) for report in found.tasks},
        "suggestions": [one.model_dump() for one in found.suggestions],
    }


def _task_reply(report: "TaskReport") -> dict[str, Any]:
    return {
        "judged": report.count("judged"),
        "pending": report.count("pending"),
        "in_hindsight": report.count("hindsight"),
        "scorings": [_kept_reply(one) for one in report.kept],
        "figures": [one.model_dump() for one in report.figures],
        "promised": {
            version: {metric: told._asdict() for metric, told in promises.items()}
            for version, promises in report.promises.items()
        },
        "alarms": [one._asdict() for one in report.alarms],
        "drift": [{name: _plain(value) for name, value in one._asdict().items()} for one in report.drifts],
    }


def _kept_reply(one: "Kept") -> dict[str, Any]:
    return {
        "version": one.scoring.version,
        "as_of": one.scoring.as_of.isoformat(),
        "customers": one.customers,
        "due": one.due.isoformat(),
        "state": one.state,
    }


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case bool() | float() | int() | str():
            return value
    return value.item()

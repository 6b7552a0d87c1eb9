"""Commands about features: compute them, watch them, show what was known of somebody, document them."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activity_log.clock import utc_now
from activity_log.errors import BusflowError, WrongUseError
from activity_log.settings import load_settings
from busflow.benches import open_bench
from busflow.console import AsOf, Json, OperatorId, moment, say, show

if TYPE_CHECKING:
    from feature_repo.watching.checking import Check
    from feature_repo.watching.findings import Finding
    from feature_repo.watching.known import Known, KnownFeature

features_app = typer.Typer(
    help="Compute, watch and document what is known of customers.", no_args_is_help=True
)


class FeatureBreachError(BusflowError):
    """Features are not as they should be; the text names them."""


@features_app.command("build")
def build(operator: OperatorId, as_of: AsOf = None, as_json: Json = False) -> None:
    """Compute all features as of a moment and write them to the online store."""
    from training.sessions import materialise_now

    at = moment(as_of, utc_now())
    customers = materialise_now(open_bench(operator, at), at)
    show({"operator": operator, "as_of": at.isoformat(), "customers": customers}, as_json=as_json)


@features_app.command("check")
def check(
    operator: OperatorId,
    as_of: AsOf = None,
    html: Annotated[Path | None, typer.Option(help="Write a page of drawings into this file.")] = None,
    as_json: Json = False,
) -> None:
    """Check all features against their definitions and against what the churn model learned from.

    A breach (exit code 1) keeps models that read the feature from being promoted. It never stops serving.
    """
    from feature_repo.watching.checking import named
    from training.watching import check_features, kept_reference

    if html is not None and not html.parent.is_dir():
        raise WrongUseError(f"--html {html}: there is no folder {html.parent}")
    at = moment(as_of, utc_now())
    bench = open_bench(operator, at)
    say("checking features")
    found = check_features(bench, at, kept_reference(bench, "churn"))
    if html is not None:
        _draw(found, html)
    show(_reply(found), as_json=True) if as_json else show(_lines(found), as_json=False)
    if breaches := found.breaches():
        raise FeatureBreachError(f"features in breach: {named(breaches)}")


@features_app.command("show")
def show_customer(
    customer: Annotated[str, typer.Argument(help="The customer's pseudonymous id.")],
    operator: OperatorId,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Show what was known of a customer at a moment, and from which events. Nothing here names a person."""
    from activity_log.database import open_log
    from activity_log.operators import find_operator
    from feature_repo.watching.known import known_of

    at, database = moment(as_of, utc_now()), open_log(load_settings())
    registered = find_operator(database, operator)
    with database.reading() as connection:
        known = known_of(connection, registered, customer, at)
    if as_json:
        show(_known_reply(known), as_json=True)
        return
    show(_known_lines(known), as_json=False)
    show(_event_lines(known), as_json=False, title=f"\nevents before {at:%Y-%m-%d %H:%M} UTC")


@features_app.command("docs")
def write_docs(
    folder: Annotated[Path, typer.Argument(help="Where the pages go; docs/features keeps ours.")],
    as_json: Json = False,
) -> None:
    """Write a page per feature group from the definitions, with a drawing per feature of a simulated operator."""
    from busflow.example import EXAMPLE_NOW, example_rows
    from feature_repo.documenting.pages import drawings, pages
    from feature_repo.groups import GROUPS
    from feature_repo.services import SERVICES

    if folder.exists() and not folder.is_dir():
        raise WrongUseError(f"{folder}: not a folder; name one for the pages")
    files = pages(GROUPS, {name: service.names for name, service in SERVICES.items()})
    say("simulating an operator to draw")
    with example_rows() as rows_of:
        say("drawing")
        files |= drawings(GROUPS, rows_of, EXAMPLE_NOW)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    show({"folder": str(folder), "files": len(files)}, as_json=as_json)


def _known_lines(known: "Known") -> dict[str, dict[str, str]]:
    """Return a line per feature, by group."""
    lines: dict[str, dict[str, str]] = {}
    for one in known.features:
        line = f"{_spelled(one)}  · {one.feature.explained}"
        lines.setdefault(f"\n{one.group}", {})[one.feature.name] = line
    return lines


def _spelled(one: "KnownFeature") -> str:
    match one.value:
        case None:
            return f"- ({one.feature.null})"
        case float():
            return f"{one.value:,.2f}"
        case datetime():
            return f"{one.value:%Y-%m-%d %H:%M}"
        case list():
            return ", ".join(map(str, one.value))
    return str(one.value)


def _event_lines(known: "Known") -> dict[str, str]:
    return {
        one.event_id: f"{one.occurred_at:%Y-%m-%d %H:%M} {one.type}, recorded {one.recorded_at:%Y-%m-%d %H:%M}"
        + ("" if one.counted else ": not known yet")
        for one in known.events
    }


def _known_reply(known: "Known") -> dict[str, Any]:
    return {
        "customer_id": known.customer_id,
        "as_of": known.as_of.isoformat(),
        "features": [
            {
                "group": one.group,
                "name": one.feature.name,
                "value": one.value.isoformat() if isinstance(one.value, datetime) else one.value,
                "unit": one.feature.unit.name,
                "meaning": one.feature.meaning,
                "null": one.feature.null,
            }
            for one in known.features
        ],
        "events": [
            {
                "id": one.event_id,
                "type": one.type,
                "occurred_at": one.occurred_at.isoformat(),
                "recorded_at": one.recorded_at.isoformat(),
                "known": one.counted,
            }
            for one in known.events
        ],
    }


def _draw(found: "Check", path: Path) -> None:
    from feature_repo.watching.report import html

    say("drawing")
    path.write_text(html(found))


def _lines(found: "Check") -> dict[str, Any]:
    from feature_repo.watching.checking import by_feature

    season = found.season
    against = "the definitions only" if not season.then else f"{found.model}, {season.then:%Y-%m-%d}"
    return {
        "operator": found.operator_id,
        "as_of": found.as_of,
        "customers": found.customers,
        "features": len(found.features),
        "held against": against,
        "breaches": len(found.breaches()),
        **{feature: ", ".join(texts) for feature, texts in by_feature(found.findings).items()},
    }


def _reply(found: "Check") -> dict[str, Any]:
    season = found.season
    return {
        "operator": found.operator_id,
        "as_of": found.as_of.isoformat(),
        "customers": found.customers,
        "reference": found.model,
        "season": season.then.isoformat() if season.then else None,
        "season_before": season.before.isoformat() if season.before else None,
        "holds": not found.breaches(),
        "findings": [_finding(one) for one in found.findings],
        "features": [
            {
                "group": one.group,
                "name": one.feature.name,
                "missing": one.now.nulls,
                "zero": one.now.zeros,
                "distinct": one.now.distinct,
                "drift": [drift._asdict() for drift in one.drifts],
            }
            for one in found.features
        ],
    }


def _finding(one: "Finding") -> dict[str, Any]:
    return {"feature": one.feature, "kind": one.kind, "text": one.text, "breach": one.breach}

"""Commands of segments: define who belongs together, see it before it counts, and keep it level with the log."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from activity_log.clock import utc_now
from activity_log.errors import WrongUseError
from activity_log.settings import load_settings
from busflow.commands.segment_options import (
    LanguageOption,
    RuleText,
    SegmentId,
    in_words_of,
    open_segmenting,
    told_of,
)
from busflow.commands.segment_views import views_app
from busflow.console import AsOf, Json, OperatorId, moment, say, show

if TYPE_CHECKING:
    from busflow.segmenting import Segmenting

segments_app = typer.Typer(
    help="Define segments of customers by rules, lists and learned clusters.", no_args_is_help=True
)
segments_app.add_typer(views_app)

UNKNOWN_SHOWN = 20


@segments_app.command()
def define(
    segment: SegmentId,
    operator: OperatorId,
    rule: RuleText = None,
    list_: Annotated[
        Path | None,
        typer.Option("--list", help="A file of customer ids, one a line, or CSV with customer_id."),
    ] = None,
    name_de: Annotated[str, typer.Option(help="German name; default the id.")] = "",
    name_en: Annotated[str, typer.Option(help="English name; default the German one.")] = "",
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Leave out ids of the list that nobody has.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Define a segment by a rule or a list, or define it anew. Its members come with the next refresh."""
    from activity_log.segments.definitions import Draft
    from activity_log.segments.definitions import define as put_in_force

    if (rule is None) == (list_ is None):
        raise WrongUseError("give either --rule or --list")
    segmenting = open_segmenting(operator)
    german = name_de or name_en or segment.replace("-", " ").capitalize()
    names = (german, name_en or german)
    if list_ is not None:
        _define_list(segmenting, segment, names, list_, skip_unknown=skip_unknown, as_json=as_json)
        return
    from feature_repo.segments.rules import read_rule

    read = read_rule(rule or "")
    with segmenting.database.writing() as connection:
        draft = Draft(segment, "rule", *names, read.text)
        defined = put_in_force(connection, operator, draft, utc_now())
    show(told_of(defined) | in_words_of(segmenting, read.text), as_json=as_json)


@segments_app.command()
def starters(operator: OperatorId, as_json: Json = False) -> None:
    """Define the segments most operators want first; those of the same id stay as they are."""
    from activity_log.segments.definitions import Draft, find
    from activity_log.segments.definitions import define as put_in_force
    from feature_repo.segments.starters import STARTERS

    segmenting, rows = open_segmenting(operator), []
    with segmenting.database.writing() as connection:
        for one in STARTERS:
            known = find(connection, operator, one.segment_id)
            draft = Draft(one.segment_id, "rule", one.name_de, one.name_en, one.rule)
            defined = known or put_in_force(connection, operator, draft, utc_now())
            rows.append(told_of(defined) | {"new": known is None})
    show(rows, as_json=as_json)


@segments_app.command()
def clusters(operator: OperatorId, as_json: Json = False) -> None:
    """Make a segment of every cluster of the live model; those of clusters that are no more are archived."""
    from models.clusters import CustomerClusters
    from models.registry import ModelRegistry

    segmenting = open_segmenting(operator)
    loaded = ModelRegistry(load_settings()).load(operator, "clusters", CustomerClusters.load)
    adopted = segmenting.adopt_clusters(loaded, utc_now())
    show([told_of(one) for one in adopted], as_json=as_json)


@segments_app.command()
def check(
    rule: Annotated[str, typer.Argument(help="A rule, in quotes.")],
    as_json: Json = False,
) -> None:
    """Check a rule and say it in words; no operator is looked at. Exit code 2 if it is wrong."""
    from feature_repo.segments.rules import read_rule
    from feature_repo.segments.wording import in_words, remarks

    read = read_rule(rule)
    told = {"rule": rule, "de": in_words(read, "de"), "en": in_words(read, "en"), "names": list(read.names)}
    show(told | {"remarks": list(remarks(read, "en"))}, as_json=as_json)


@segments_app.command()
def vocabulary(language: LanguageOption = "en", as_json: Json = False) -> None:
    """List all names that a rule may use, what they mean, and what a missing value says."""
    from feature_repo.segments.vocabulary import VOCABULARY

    show(
        [
            {
                "name": term.name,
                "is": term.sort.value,
                "unit": term.feature.unit.name,
                "label": term.label.in_language(language),
                "missing": term.null_in(language) or None,
            }
            for term in VOCABULARY.values()
        ],
        as_json=as_json,
    )


@segments_app.command()
def refresh(
    operator: OperatorId,
    segment: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Default: all in use.")
    ] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Find the members of segments anew, keep the history, and tell marketing of each change by the outbox.

    Run again after a kill, it goes on; run again for the same moment, it changes nothing.
    """
    segmenting, now = open_segmenting(operator), utc_now()
    at = moment(as_of, now)
    say(f"refreshing segments as of {at:%Y-%m-%d %H:%M} UTC")
    changes = segmenting.refresh(at, now, segment or ())
    show([change._asdict() for change in changes], as_json=as_json)


@segments_app.command()
def archive(segment: SegmentId, operator: OperatorId, as_json: Json = False) -> None:
    """Take a segment out of use: everybody leaves it, its history stays. Defining it again brings it back."""
    from activity_log.segments.membership import archive as take_out

    with open_segmenting(operator).database.writing() as connection:
        change = take_out(connection, operator, segment, utc_now())
    show({"archived": segment, "left": change.left, "messages": change.messages}, as_json=as_json)


@segments_app.command()
def delete(
    segment: SegmentId,
    operator: OperatorId,
    yes: Annotated[bool, typer.Option("--yes", help="Its history goes too.")] = False,
    as_json: Json = False,
) -> None:
    """Delete a segment with its history. Everybody leaves it first."""
    from activity_log.segments.definitions import remove
    from activity_log.segments.membership import archive as take_out

    if not yes:
        raise WrongUseError(f"segment '{segment}' and its history would be gone: say --yes, or archive it")
    with open_segmenting(operator).database.writing() as connection:
        change = take_out(connection, operator, segment, utc_now())
        remove(connection, operator, segment)
    show({"deleted": segment, "left": change.left, "messages": change.messages}, as_json=as_json)


@segments_app.command()
def docs(
    path: Annotated[Path, typer.Argument(help="The page; docs/segments.md is ours.")], as_json: Json = False
) -> None:
    """Write the page on segments: what rules may say, from the code that reads them."""
    from feature_repo.documenting.segments_page import segments_page

    path.write_text(segments_page())
    show({"written": str(path)}, as_json=as_json)


def _define_list(
    segmenting: "Segmenting",
    segment: str,
    names: tuple[str, str],
    path: Path,
    *,
    skip_unknown: bool,
    as_json: bool,
) -> None:
    from activity_log.segments.lists import customers_named, define_list

    ids = _ids_of(path)
    with segmenting.database.writing() as connection:
        named = customers_named(connection, segmenting.operator, ids)
        if named.unknown and not skip_unknown:
            shown = ", ".join(named.unknown[:UNKNOWN_SHOWN])
            more = (
                f" and {len(named.unknown) - UNKNOWN_SHOWN} more"
                if len(named.unknown) > UNKNOWN_SHOWN
                else ""
            )
            raise WrongUseError(
                f"{path}: nobody has these ids: {shown}{more}; --skip-unknown leaves them out"
            )
        if not named.customers:
            raise WrongUseError(f"{path}: no customer is named in it")
        defined = define_list(connection, segmenting.operator_id, segment, names, named.customers, utc_now())
    told = {"customers": len(named.customers), "unknown": list(named.unknown)}
    show(told_of(defined) | told, as_json=as_json)


def _ids_of(path: Path) -> list[str]:
    """Return the ids in a file: its lines, or the column customer_id of a CSV. Raises WrongUseError."""
    import csv

    if not path.is_file():
        raise WrongUseError(f"{path}: no such file")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise WrongUseError(f"{path}: not a text file in UTF-8") from error
    separator = ";" if lines and ";" in lines[0] else ","
    table = csv.DictReader(lines, delimiter=separator)
    names = list(table.fieldnames or ())
    column = next((one for one in names if one in ("customer_id", "person_profile_id")), None)
    if column is not None:
        return [row[column] or "" for row in table]
    if len(names) > 1:
        raise WrongUseError(f"{path}: has no column customer_id; its columns are {', '.join(names)}")
    return lines

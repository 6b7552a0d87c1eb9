"""Commands about who is who. They read only: identity is the Backoffice's."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from activity_log.settings import load_settings
from busflow.console import Json, OperatorId, progress_bar, say, show

if TYPE_CHECKING:
    from activity_log.duplicates import Findings
    from activity_log.duplicates.profiles import Name

people_app = typer.Typer(
    help="Look at who is who; people are merged in the Backoffice.", no_args_is_help=True
)


@people_app.command()
def duplicates(
    operator: OperatorId,
    least: Annotated[
        Literal["certain", "likely", "possible"],
        typer.Option(help="How sure at least: certain 99 %, likely 80 %, possible 20 %."),
    ] = "likely",
    limit: Annotated[int, typer.Option(min=1, help="So many pairs at most, the likeliest first.")] = 50,
    language: Annotated[Literal["de", "en"], typer.Option(help="Of the evidence.")] = "de",
    names: Annotated[bool, typer.Option("--names", help="With --json: names too, not ids alone.")] = False,
    parted: Annotated[bool, typer.Option("--parted", help="Also who was merged and parted again.")] = False,
    as_json: Json = False,
) -> None:
    """List people who may be in the books twice, with what speaks for it and against it.

    The table shows names: it is for the operator's staff.

    Nothing is merged here. Merge in the Backoffice: its event makes their history count as one.
    """
    from activity_log.database import open_log
    from activity_log.duplicates import Level, find_duplicates, known_apart
    from activity_log.duplicates.profiles import names_of
    from activity_log.duplicates.replies import findings_reply
    from activity_log.operators import find_operator

    database = open_log(load_settings())
    find_operator(database, operator)
    with progress_bar("comparing people", None) as advance_to, database.reading() as connection:
        findings = find_duplicates(
            connection,
            operator,
            least_score=Level(least).least_score,
            limit=limit,
            except_pairs=() if parted else known_apart(connection, operator),
            progress=advance_to,
        )
        customers = sorted({one for pair in findings.pairs for one in (pair.first, pair.second)})
        known = names_of(connection, operator, customers)
    if as_json:
        show(findings_reply(findings, language, known if names else None), as_json=True)
        return
    _say_how_far(findings)
    show(_table(findings, known, language), as_json=False)


def _table(findings: "Findings", known: "dict[str, Name]", language: str) -> list[dict[str, Any]]:
    from activity_log.duplicates.evidence import in_words

    return [
        {
            "chance": f"{100 * pair.score:.1f} %",
            "level": pair.level.value,
            "one": _called(known.get(pair.first)),
            "other": _called(known.get(pair.second)),
            "for": in_words(pair.evidence, language),
            "against": in_words(pair.against, language),
        }
        for pair in findings.pairs
    ]


def _called(name: "Name | None") -> str:
    return "-" if name is None else f"{name.family_name}, {name.given_name} ({name.person_profile_id})"


def _say_how_far(findings: "Findings") -> None:
    say(
        f"{len(findings.pairs):,} of {findings.found:,} pairs among {findings.profiles:,} people; "
        "merge them in the Backoffice"
    )
    if findings.too_common:
        say(
            f"{len(findings.too_common):,} names or contacts are too common (up to "
            f"{max(common.people for common in findings.too_common):,} people): for them alone nobody was compared"
        )

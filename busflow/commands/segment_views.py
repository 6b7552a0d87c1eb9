"""Commands that look at memberships: who is in a segment, since when, who moved, what overlaps, drawn or listed."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from activity_log.clock import utc_now
from activity_log.errors import UnknownCustomerError, WrongUseError
from busflow.commands.segment_options import (
    At,
    LanguageOption,
    RuleText,
    SegmentId,
    in_words_of,
    open_segmenting,
    spelled,
    told_of,
)
from busflow.console import AsOf, Json, OperatorId, moment, say, show

views_app = typer.Typer()

Only = Annotated[list[str] | None, typer.Option("--segment", "-s", help="This one only; may be repeated.")]


@views_app.command("list")
def list_segments(
    operator: OperatorId,
    archived: Annotated[bool, typer.Option("--archived", help="Archived ones too.")] = False,
    as_json: Json = False,
) -> None:
    """List the segments, how many members each has, and as of when."""
    from activity_log.segments import definitions
    from activity_log.segments.membership import last_refresh, sizes_now

    segmenting = open_segmenting(operator)
    with segmenting.database.reading() as connection:
        sizes = sizes_now(connection, operator)
        rows = [
            told_of(one)
            | {
                "members": sizes.get(one.segment_id, 0),
                "as_of": last.as_of if last else None,
                "archived_at": one.archived_at,
            }
            for one in definitions.listing(connection, operator, archived=archived)
            for last in [last_refresh(connection, one)]
        ]
    left_out = set() if as_json else {"version", "name_en", *(() if archived else ("archived_at",))}
    show(
        [{name: one for name, one in spelled(row, as_json).items() if name not in left_out} for row in rows],
        as_json=as_json,
    )


@views_app.command("show")
def show_segment(
    segment: SegmentId,
    operator: OperatorId,
    examples: Annotated[int, typer.Option(min=0, max=100, help="So many members, by pseudonym.")] = 5,
    as_json: Json = False,
) -> None:
    """Show a segment: what it says, how many are in it, and how many marketing may write to."""
    from activity_log.segments.definitions import get
    from activity_log.segments.membership import last_refresh
    from activity_log.segments.reach import audience, reach_of
    from activity_log.segments.reading import members

    segmenting = open_segmenting(operator)
    with segmenting.database.reading() as connection:
        found = get(connection, operator, segment)
        inside = members(connection, operator, segment)
        reached = audience(inside, reach_of(connection, operator, inside))
        last = last_refresh(connection, found)
    words = in_words_of(segmenting, found.definition) if found.kind == "rule" else {}
    told = told_of(found) | {
        "definition": found.definition if found.kind != "cluster" else "learned cluster",
        **words,
        "defined_at": found.defined_at,
        "archived_at": found.archived_at,
        "as_of": last.as_of if last else None,
        "members": len(inside),
        "contactable": reached.contactable,
        "contactable_by": dict(reached.by_channel),
        "examples": inside[:examples],
    }
    show(spelled(told, as_json), as_json=as_json)


@views_app.command()
def preview(
    operator: OperatorId,
    segment: Annotated[str | None, typer.Argument(metavar="[ID]", help="A segment that has a rule.")] = None,
    rule: RuleText = None,
    as_of: AsOf = None,
    examples: Annotated[int, typer.Option(min=0, max=100, help="So many of them, by pseudonym.")] = 5,
    as_json: Json = False,
) -> None:
    """Count who would be in a segment, before it is saved or at a moment of the past. Nothing is written."""
    from activity_log.segments.definitions import get
    from feature_repo.segments.rules import read_rule

    segmenting = open_segmenting(operator)
    if (segment is None) == (rule is None):
        raise WrongUseError("give either a segment's id or --rule")
    if segment is not None:
        with segmenting.database.reading() as connection:
            found = get(connection, operator, segment)
        if found.kind != "rule":
            raise WrongUseError(f"segment '{segment}' is a {found.kind}; only rules can be previewed")
        rule = found.definition
    read, at = read_rule(rule or ""), moment(as_of, utc_now())
    say(f"looking at all customers as of {at:%Y-%m-%d %H:%M} UTC")
    seen = segmenting.preview(read, at)
    told = {"rule": read.text} | in_words_of(segmenting, read.text) | {
        "as_of": at,
        "members": len(seen.members),
        "customers": seen.customers,
        "share": len(seen.members) / seen.customers if seen.customers else 0.0,
        "contactable": seen.audience.contactable,
        "contactable_by": dict(seen.audience.by_channel),
        "examples": list(seen.members[:examples]),
    }  # fmt: skip
    show(spelled(told, as_json), as_json=as_json)


@views_app.command()
def members(
    segment: SegmentId,
    operator: OperatorId,
    at: At = None,
    contactable: Annotated[
        bool, typer.Option("--contactable", help="Only who may be written to for marketing, as of now.")
    ] = False,
    channel: Annotated[
        str | None, typer.Option(help="Only who can be reached by it; implies --contactable.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many at most, in the order of their ids.")] = 100_000,
    as_json: Json = False,
) -> None:
    """List who is in a segment, by pseudonym, with consent and the channels the profile holds an address for."""
    from activity_log.segments import reading
    from activity_log.segments.definitions import get
    from activity_log.segments.reach import CHANNELS_OF, NOBODY, reach_of

    channels = sorted({one for opened in CHANNELS_OF.values() for one in opened})
    if channel is not None and channel not in channels:
        raise WrongUseError(f"--channel '{channel}': use {', '.join(channels)}")
    with open_segmenting(operator).database.reading() as connection:
        get(connection, operator, segment)
        inside = reading.members(connection, operator, segment, moment(at, utc_now()) if at else None)
        reach = reach_of(connection, operator, inside)
    rows = [
        {"customer_id": one, "contact_allowed": known.contact_allowed, "channels": sorted(known.channels)}
        for one in inside
        for known in [reach.get(one, NOBODY)]
        if known.contact_allowed or not (contactable or channel)
        if channel is None or channel in known.channels
    ]
    show(rows[:limit], as_json=as_json)


@views_app.command()
def history(
    customer: Annotated[str, typer.Argument(help="The customer's pseudonymous id.")],
    operator: OperatorId,
    language: LanguageOption = "de",
    as_json: Json = False,
) -> None:
    """Show which segments a customer was in, and from when to when; a merged person's as whom they count now."""
    from activity_log import reading as people
    from activity_log.segments import reading

    with open_segmenting(operator).database.reading() as connection:
        if not people.existing_customers(connection, operator, [customer]):
            raise UnknownCustomerError([customer])
        survivor = people.canonical_customer(connection, operator, customer)
        found = reading.history(connection, operator, survivor)
    rows: list[dict[str, Any]] = [
        {
            "segment_id": one.segment_id,
            "name": one.name_in(language),
            "valid_from": one.valid_from,
            "valid_to": one.valid_to,
        }
        for one in found
    ]
    show([spelled(row, as_json) for row in rows], as_json=as_json)


@views_app.command()
def transitions(
    operator: OperatorId,
    since: Annotated[str, typer.Option("--from", help="The first moment, 2026-05-01.")],
    until: Annotated[str | None, typer.Option("--to", help="The second moment; default now.")] = None,
    segment: Only = None,
    as_json: Json = False,
) -> None:
    """Count who moved from which segment to which between two moments."""
    from activity_log.segments import reading

    first, second = moment(since, utc_now(), "--from"), moment(until, utc_now(), "--to")
    if first >= second:
        raise WrongUseError(f"--from {first:%Y-%m-%d} is not before --to {second:%Y-%m-%d}")
    with open_segmenting(operator).database.reading() as connection:
        moved = reading.transitions(
            connection, operator, first, second, _known(connection, operator, segment)
        )
    if as_json:
        show([one._asdict() for one in moved], as_json=True)
        return
    show(
        [
            {"from": one.before or "(none)", "to": one.after or "(none)", "customers": one.customers}
            for one in moved
        ],
        as_json=False,
    )


@views_app.command()
def overlaps(operator: OperatorId, at: At = None, segment: Only = None, as_json: Json = False) -> None:
    """Show which segments share customers, most alike first."""
    from activity_log.segments import reading

    moment_ = moment(at, utc_now(), "--at") if at else None
    with open_segmenting(operator).database.reading() as connection:
        found = reading.overlaps(connection, operator, moment_, _known(connection, operator, segment))
    show([vars(one) | {"jaccard": round(one.jaccard, 4)} for one in found], as_json=as_json)


@views_app.command()
def plot(
    folder: Annotated[Path, typer.Argument(help="Where the drawings go.")],
    operator: OperatorId,
    as_: Annotated[str, typer.Option("--format", help="png, svg or html.")] = "png",
    language: LanguageOption = "de",
    as_json: Json = False,
) -> None:
    """Draw the sizes of segments over time, and where they overlap now."""
    from activity_log.segments import reading
    from activity_log.segments.definitions import listing
    from busflow.segment_plots import overlap_chart, size_chart, write_chart

    if as_ not in ("png", "svg", "html"):
        raise WrongUseError(f"--format '{as_}': use png, svg or html")
    with open_segmenting(operator).database.reading() as connection:
        names = _told_apart({one.segment_id: one.name_in(language) for one in listing(connection, operator)})
        sizes = [one for one in reading.sizes(connection, operator) if one.segment_id in names]
        inside = {one: len(who) for one, who in reading.members_by_segment(connection, operator).items()}
        shared = reading.overlaps(connection, operator)
    if not sizes:
        raise WrongUseError(
            f"operator '{operator}' has no segment that was refreshed: run `busflow segments refresh`"
        )
    say("drawing")
    folder.mkdir(parents=True, exist_ok=True)
    charts = {"sizes": size_chart(sizes, names, language)}
    if len(inside) > 1:
        charts["overlaps"] = overlap_chart(inside, shared, names, language)
    files = [folder / f"{name}.{as_}" for name in charts]
    for chart, path in zip(charts.values(), files, strict=True):
        write_chart(chart, path)
    show({"written": [str(path) for path in files]}, as_json=as_json)


def _told_apart(names: dict[str, str]) -> dict[str, str]:
    """Return names by id, with the id after names that several segments have."""
    many = Counter(names.values())
    return {one: name if many[name] == 1 else f"{name} ({one})" for one, name in names.items()}


def _known(connection: Any, operator: str, segments: list[str] | None) -> list[str] | None:
    """Return the segments asked for. Raises UnknownSegmentError."""
    from activity_log.segments.definitions import get

    return [get(connection, operator, one).segment_id for one in segments] if segments else None

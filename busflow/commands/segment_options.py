"""What the commands of segments share: their group, options, and how segments are shown."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from activity_log.settings import load_settings

if TYPE_CHECKING:
    from activity_log.segments.definitions import Segment
    from busflow.segmenting import Segmenting

SegmentId = Annotated[str, typer.Argument(metavar="ID", help="The segment's id.")]
LanguageOption = Annotated[
    Literal["de", "en"], typer.Option("--language", help="Of names and rules in words.")
]
RuleText = Annotated[str | None, typer.Option("--rule", help="Who belongs to it; docs/segments.md says how.")]
At = Annotated[str | None, typer.Option("--at", help="As it was at this moment; default now.")]


def open_segmenting(operator: str) -> "Segmenting":
    """Open the segments of a registered operator."""
    from activity_log.database import open_log
    from busflow.segmenting import Segmenting

    settings = load_settings()
    return Segmenting.open(settings, open_log(settings), operator)


def told_of(segment: "Segment") -> dict[str, Any]:
    """Return what a segment is called."""
    names = ("segment_id", "kind", "version", "name_de", "name_en")
    return {name: getattr(segment, name) for name in names}


def in_words_of(segmenting: "Segmenting", rule: str) -> dict[str, Any]:
    """Return a rule in words, with remarks; of one that cannot be read any more, what is wrong."""
    from feature_repo.segments.problems import RuleError
    from feature_repo.segments.rules import read_rule
    from feature_repo.segments.wording import in_words

    try:
        read = read_rule(rule)
    except RuleError as error:
        return {"problem": str(error)}
    told = {"de": in_words(read, "de"), "en": in_words(read, "en")}
    return told | {"remarks": list(segmenting.remarks(read, "en"))}


def spelled(row: dict[str, Any], as_json: bool) -> dict[str, Any]:
    """Write moments as JSON has them; a table shows them itself."""
    if not as_json:
        return row
    return {name: one.isoformat() if isinstance(one, datetime) else one for name, one in row.items()}

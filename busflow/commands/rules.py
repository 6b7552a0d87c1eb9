"""Commands of operator rules: what stands in recommendations by the will of marketing, and what that would change."""

import getpass
import os
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from activity_log.clock import utc_now
from activity_log.errors import WrongUseError
from activity_log.settings import load_settings
from busflow.console import Json, OperatorId, moment, progress_bar, show

if TYPE_CHECKING:
    from activity_log.rules.drafts import RuleDraft
    from serving.rules.desk import RulesDesk
    from serving.rules.replies import KeptRule

rules_app = typer.Typer(
    help="Pin, boost, bury or exclude tours in recommendations; preview before it counts.",
    no_args_is_help=True,
)

KINDS = ("pin", "boost", "bury", "exclude", "at_most")

Kind = Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.")]
MaybeKind = Annotated[
    str | None, typer.Argument(metavar="[KIND]", help="A rule to try; default: those in force.")
]
RuleId = Annotated[int, typer.Argument(metavar="RULE", help="The rule's number.")]
Tour = Annotated[str | None, typer.Option("--tour", help="The rule is about this tour_id.")]
Family = Annotated[str | None, typer.Option("--family", help="About this family_id.")]
Departure = Annotated[str | None, typer.Option("--departure", help="About this departure_id.")]
Region = Annotated[str | None, typer.Option("--region", help="About all tours of this region.")]
Theme = Annotated[str | None, typer.Option("--theme", help="About all tours of this theme.")]
Position = Annotated[int | None, typer.Option("--position", help="The place a pin takes, from 1.")]
Factor = Annotated[float | None, typer.Option("--factor", help="Multiplies the score: 2 boosts, 0.5 buries.")]
AtMost = Annotated[int | None, typer.Option("--at-most", help="So many departures of one family.")]
From = Annotated[str | None, typer.Option("--from", help="Valid from this moment; default now.")]
To = Annotated[str | None, typer.Option("--to", help="Valid up to this moment (exclusive); default: no end.")]
Note = Annotated[str, typer.Option("--note", help="Why, for colleagues.")]
By = Annotated[str | None, typer.Option("--by", help="Who says so; default: your user name.")]
Language = Annotated[Literal["de", "en"], typer.Option("--language", help="Of remarks and names.")]


@rules_app.command("list")
def list_(
    operator: OperatorId,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    as_json: Json = False,
) -> None:
    """List the rules that are in force or still to come."""
    found = _desk(operator).listing(utc_now(), everything=everything)
    show([_told(one, as_json=True) if as_json else _line(one) for one in found], as_json=as_json)


@rules_app.command()
def add(
    kind: Kind,
    operator: OperatorId,
    tour: Tour = None,
    family: Family = None,
    departure: Departure = None,
    region: Region = None,
    theme: Theme = None,
    position: Position = None,
    factor: Factor = None,
    at_most: AtMost = None,
    from_: From = None,
    to: To = None,
    note: Note = "",
    replaces: Annotated[
        int | None, typer.Option("--replaces", help="Withdraw this rule in the same step.")
    ] = None,
    by: By = None,
    language: Language = "en",
    as_json: Json = False,
) -> None:
    """Put a rule in force. It counts within a second; nobody changes it, it is withdrawn or replaced."""
    target = _target(tour, family, departure, region, theme)
    draft = _draft(kind, target, position, factor, at_most, from_, to, note)
    rule = _desk(operator).add(draft, _who(by), utc_now(), language, replaces=replaces)
    show(_told(rule, as_json=as_json), as_json=as_json)


@rules_app.command()
def withdraw(rule: RuleId, operator: OperatorId, by: By = None, as_json: Json = False) -> None:
    """End a rule now. It stays on record, so that old lists can be explained."""
    show(_told(_desk(operator).withdraw(rule, _who(by), utc_now()), as_json=as_json), as_json=as_json)


@rules_app.command()
def preview(
    operator: OperatorId,
    kind: MaybeKind = None,
    tour: Tour = None,
    family: Family = None,
    departure: Departure = None,
    region: Region = None,
    theme: Theme = None,
    position: Position = None,
    factor: Factor = None,
    at_most: AtMost = None,
    from_: From = None,
    to: To = None,
    withdrawn: Annotated[
        list[int] | None, typer.Option("--withdraw", help="Try it without this rule; may be repeated.")
    ] = None,
    customer: Annotated[
        list[str] | None, typer.Option("--customer", help="Look at this customer; may be repeated.")
    ] = None,
    sample: Annotated[int, typer.Option("--sample", help="So many customers drawn.")] = 10,
    seed: Annotated[int, typer.Option("--seed", help="Which are drawn.")] = 0,
    n: Annotated[int, typer.Option("-n", help="Places in a list.")] = 5,
    at: Annotated[str | None, typer.Option("--at", help="By the rules of this moment; default now.")] = None,
    language: Language = "en",
    as_json: Json = False,
) -> None:
    """Show what a rule would change, or what those in force do; nothing is kept, nobody sees it.

    Every list is made with and without each rule, for the anonymous visitor, customers named, and some drawn.
    """
    target = _target(tour, family, departure, region, theme)
    options = (position, factor, at_most, from_, to)
    if kind is None and (target or any(one is not None for one in options)):
        raise WrongUseError(f"say which kind of rule to try: one of {', '.join(KINDS)}")
    proposed = [_draft(kind, target, *options, "")] if kind else []
    asked = {
        "propose": [one.model_dump() for one in proposed], "withdraw": withdrawn or [],
        "customers": customer or [], "sample": sample, "seed": seed, "n": n,
        "at": moment(at, utc_now(), "--at") if at else None,
    }  # fmt: skip
    found = _previewed(operator, asked, language)
    if as_json:
        show(found.model_dump(mode="json"), as_json=True)
        return
    show({"at": found.at, "lists": found.lists, "of them changed": found.lists_changed}, as_json=False)
    tours = [one.model_dump() for one in found.tours]
    show(tours, as_json=False, title="tours that gain or lose places")
    effects = [
        {"rule": one.rule_id, "kind": one.kind, "about": one.target or "every family",
         "proposed": one.proposed, "lists it changes": one.lists_changed,
         "why none": one.no_effect.text if one.no_effect else None}
        for one in found.rules
    ]  # fmt: skip
    show(effects, as_json=False, title="what each rule does")


def _previewed(operator: str, asked: dict[str, Any], language: Literal["de", "en"]) -> Any:
    from pydantic import ValidationError

    from activity_log.rules.drafts import drafting_problem
    from serving.answers import open_answers
    from serving.rules.requests import PreviewQuestion

    try:
        question = PreviewQuestion.model_validate(asked)
    except ValidationError as error:
        raise WrongUseError(drafting_problem(error)) from error
    answers = open_answers(load_settings())
    with progress_bar("trying each rule", None) as bar:
        return answers.rules.preview(operator, question, language, bar)


def _desk(operator: str) -> "RulesDesk":
    """Open the rules of a registered operator."""
    from activity_log.database import open_log
    from activity_log.operators import find_operator
    from serving.rules.desk import RulesDesk

    database = open_log(load_settings())
    return RulesDesk(database, find_operator(database, operator).operator_id)


def _target(
    tour: str | None, family: str | None, departure: str | None, region: str | None, theme: str | None
) -> dict[str, str]:
    named = {
        "tour_id": tour, "family_id": family, "departure_id": departure, "region": region, "theme": theme,
    }  # fmt: skip
    return {name: value for name, value in named.items() if value is not None}


def _draft(
    kind: str,
    target: dict[str, str],
    position: int | None,
    factor: float | None,
    at_most: int | None,
    from_: str | None,
    to: str | None,
    note: str,
) -> "RuleDraft":
    """Return the rule that the options say. Raises WrongUseError naming what is wrong with which."""
    from pydantic import ValidationError

    from activity_log.rules.drafts import RuleDraft, drafting_problem

    said = {
        "kind": kind, "target": target or None, "position": position, "factor": factor, "at_most": at_most,
        "valid_from": _moment(from_, "--from"), "valid_to": _moment(to, "--to"), "note": note,
    }  # fmt: skip
    try:
        return RuleDraft.model_validate(said)
    except ValidationError as error:
        raise WrongUseError(drafting_problem(error)) from error


def _moment(text: str | None, option: str) -> datetime | None:
    return moment(text, utc_now(), option) if text else None


def _who(by: str | None) -> str:
    try:
        return by or getpass.getuser()
    except (KeyError, OSError):  # a container may know no name for its user
        return f"uid {os.getuid()}"


def _told(rule: "KeptRule", *, as_json: bool) -> dict[str, Any]:
    if as_json:
        return rule.model_dump(mode="json")
    told = rule.model_dump(exclude_none=True, exclude={"created_at", "remarks", "kind", "target"})
    told = {"rule_id": told.pop("rule_id"), "kind": rule.kind, "about": rule.target or "every family"} | told
    return told | ({"remarks": list(rule.remarks)} if rule.remarks else {})


def _line(rule: "KeptRule") -> dict[str, Any]:
    state = "withdrawn" if rule.withdrawn_at else "in force" if rule.in_force else "not now"
    about = ", ".join(f"{kind} {name}" for kind, name in (rule.target or {}).items()) or "every family"
    told = {"place": rule.position, "times": rule.factor, "at most": rule.at_most}
    how = ", ".join(f"{word} {value:g}" for word, value in told.items() if value is not None)
    return {
        "rule": rule.rule_id, "kind": rule.kind, "about": about, "how": how, "from": rule.valid_from,
        "to": rule.valid_to, "state": state, "by": rule.created_by, "note": rule.note,
    }  # fmt: skip

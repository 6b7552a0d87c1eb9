"""The page on segments, in Markdown: forms, grammar, errors and names are read from the code that uses them."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from activity_log.contracts.fields import LocalizedText
from activity_log.contracts.outgoing import CustomerSegmentChanged, Reason
from activity_log.segments.membership import ENTERED, Why
from feature_repo.segments.checking import DAYS_OF
from feature_repo.segments.parsing import parser_methods
from feature_repo.segments.problems import RuleError
from feature_repo.segments.rules import Rule, read_rule
from feature_repo.segments.starters import STARTERS
from feature_repo.segments.tokens import LONGEST_RULE
from feature_repo.segments.vocabulary import SCORES, VOCABULARY
from feature_repo.segments.wording import in_words

PAGE = "segments.md"
TEMPLATES = Path(__file__).parent / "templates"


class Form(NamedTuple):
    """One thing a rule can say: how it is written, what it means, and a rule that uses it."""

    written: str
    meaning: str
    example: str


FORMS = (
    Form(
        "`=` `!=` `<` `<=` `>` `>=`", "two values held against each other",
        "total_bookings >= 3",
    ),
    Form(
        "`between … and …`", "from the first to the second, both included",
        "median_booking_gap_days between 270 days and 460 days",
    ),
    Form(
        "`in (…)`, `not in (…)`", "one of some numbers or texts, or none of them",
        "usual_booking_month in (11, 12, 1)",
    ),
    Form("`starts with`", "a text that begins so", "postcode_area starts with '2'"),
    Form(
        "`has`, `has any of`, `has all of`", "a list that holds a text, any of some, all of some",
        "family_ids has any of ('nordsee', 'ostsee')",
    ),
    Form(
        "`trips with family`, `region`, `theme`",
        "how many trips, as booker or traveller, went to one of these; never missing",
        "trips with family ('nordsee', 'ostsee') >= 3",
    ),
    Form(
        "a name alone", "a feature that is yes or no, and is yes",
        "marketing_consent",
    ),
    Form(
        "`is missing`, `is known`", "whether there is a value",
        "last_nps is known",
    ),
    Form(
        "`in the top … %`, `in the bottom … %`",
        "among those with the greatest or least values, so many percent at most; equals are in or out together",
        "lifetime_revenue in the top 10 %",
    ),
    Form(
        "`among (…)`", "after `top` or `bottom`: only these customers are compared",
        "onboard_spend in the bottom 25 % among (total_trips >= 1)",
    ),
    Form(
        "`percentile … of`", "the value that so many percent of the customers who have one do not exceed",
        "average_booking_value > percentile 90 of average_booking_value",
    ),
    Form(
        "`+` `-` `*` `/`", "calculating; missing where a part is, or where nothing is divided by",
        "revenue_365d < (revenue_730d - revenue_365d) * 0.5",
    ),
    Form(
        "`days` `weeks` `months` `years` `%`", "units; a number without one is in the feature's own",
        "days_since_last_booking > 18 months and read_rate < 20 %",
    ),
    Form(
        "a day", "with `<`: before it begins (UTC); with `>=`: from then on",
        "last_booking_at >= 2026-01-01",
    ),
    Form(
        "`not`, `and`, `or`, `( )`", "`not` binds closest, then `and`, then `or`",
        "not marketing_consent and (total_trips >= 5 or total_bookings >= 3)",
    ),
)  # fmt: skip
"""All there is to write, simplest first."""

MISTAKES = (
    "lifetime_revenu > 500", "lifetime_revenue > 'much'", "family_ids = 'nordsee'", "churn_probability > 70",
    "lifetime_revenue > days_since_last_booking", "total_bookings >= 0", "total_bookings >= 3 and",
    "region = „Nordsee“",
)  # fmt: skip
"""Rules that are wrong, to show what is said of them."""


class Words(NamedTuple):
    """A rule in words."""

    de: str
    en: str


def segments_page() -> str:
    """Return the text of the page."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=False,  # noqa: S701 (Markdown)
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["cell"] = lambda text: text.replace("|", "\\|")
    return environment.get_template("segments.md.j2").render(
        forms=[(form, _words(read_rule(form.example))) for form in FORMS],
        starters=[(one, _words(read_rule(one.rule))) for one in STARTERS],
        mistakes=[(rule, problem_of(rule)) for rule in MISTAKES],
        grammar=grammar(),
        terms=list(VOCABULARY.values()),
        scores=[name for name, term in VOCABULARY.items() if term.group == SCORES],
        days_of=DAYS_OF,
        longest=LONGEST_RULE,
        kinds=get_args(Why),
        message=_message().model_dump_json(indent=1, exclude_none=True),
    )


def grammar() -> list[str]:
    """Return the rules of the grammar, as they stand above the methods that read them."""
    return [told for method in parser_methods() if (told := _production(method))]


def problem_of(rule: str) -> str:
    """Return what is said of a rule that is wrong. Raises ValueError for one that is right."""
    try:
        read_rule(rule)
    except RuleError as error:
        return str(error)
    raise ValueError(f"there is nothing wrong with: {rule}")


def _production(method: Callable[..., object]) -> str:
    name, colon, told = (inspect.getdoc(method) or "").partition(":")
    return f"{name.lower()} = {told.strip().removesuffix('.')}" if colon else ""


def _words(rule: Rule) -> Words:
    return Words(in_words(rule, "de"), in_words(rule, "en"))


def _message() -> CustomerSegmentChanged:
    starter = STARTERS[0]
    words = _words(read_rule(starter.rule))
    evidence = {"rule": starter.rule, "name_de": starter.name_de, "name_en": starter.name_en}
    return CustomerSegmentChanged(
        customer_id="c-33b179c2d3b6b0abf52d",
        person_profile_id="p-4711",
        as_of=datetime(2026, 11, 1, tzinfo=UTC),
        segment_id=starter.segment_id,
        change=ENTERED,
        definition_version="1",
        contact_allowed=True,
        reason=Reason(kind=get_args(Why)[0], evidence=evidence, text=LocalizedText(de=words.de, en=words.en)),
    )

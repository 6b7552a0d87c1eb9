"""Cutting the text of a rule into words, numbers, texts and signs."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from feature_repo.segments.problems import Problem, RuleError, Span

LONGEST_RULE = 4_000
"""Characters that a rule may have."""

KEYWORDS = frozenset(
    {
        "all", "among", "and", "any", "between", "bottom", "has", "in", "is", "known", "missing", "not", "of", "or",
        "percentile", "starts", "the", "top", "trips", "with",
    }
)  # fmt: skip


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    TEXT = "text"
    DAY = "day"
    NAME = "name"
    KEYWORD = "keyword"
    SIGN = "sign"
    END = "end"


class Token(NamedTuple):
    """One word or sign. `value`: of a text what is between the quotes, of a keyword and a sign the usual spelling."""

    kind: Kind
    value: str
    at: Span


_PATTERN = re.compile(
    r"""(?P<space>\s+)
    | (?P<day>\d{4}-\d{2}-\d{2}(?![\w-]))
    | (?P<number>\d+(?:\.\d+)?(?![\w.]))
    | (?P<text>'(?:[^'\n]|'')*'|"(?:[^"\n]|"")*")
    | (?P<word>[^\W\d]\w*)
    | (?P<sign><=|>=|!=|<>|≤|≥|≠|==|[-+*/()<>=,%])""",
    re.VERBOSE,
)
_SPELLED = {"<>": "!=", "≠": "!=", "≤": "<=", "≥": ">=", "==": "="}
_HINTS = {
    "„": "use straight quotes, as in 'nordsee'",
    "“": "use straight quotes, as in 'nordsee'",
    "”": "use straight quotes, as in 'nordsee'",
    "‚": "use straight quotes, as in 'nordsee'",
    "‘": "use straight quotes, as in 'nordsee'",
    "’": "use straight quotes, as in 'nordsee'",
    "'": "this quote is not closed",
    '"': "this quote is not closed",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`, or `!=` between two values",
}


def tokens(rule: str) -> list[Token]:
    """Return the tokens of a rule and an END. Raises RuleError for what is no token."""
    if len(rule) > LONGEST_RULE:
        text = f"the rule has {len(rule):,} characters; {LONGEST_RULE:,} at most"
        raise RuleError(rule[:80], [Problem(text, Span(0, 0))])
    return [*_tokens(rule), Token(Kind.END, "", Span(len(rule), len(rule)))]


def _tokens(rule: str) -> Iterator[Token]:
    position = 0
    while position < len(rule):
        match = _PATTERN.match(rule, position)
        if match is None:
            raise RuleError(rule, [_unreadable(rule, position)])
        position = match.end()
        if match.lastgroup != "space":
            yield _token(match)


def _token(match: "re.Match[str]") -> Token:
    text, at = match.group(), Span(*match.span())
    match match.lastgroup:
        case "text":
            return Token(Kind.TEXT, text[1:-1].replace(text[0] * 2, text[0]), at)
        case "word":
            kind = Kind.KEYWORD if text.lower() in KEYWORDS else Kind.NAME
            return Token(kind, text.lower() if kind is Kind.KEYWORD else text, at)
        case "sign":
            return Token(Kind.SIGN, _SPELLED.get(text, text), at)
    return Token(Kind.DAY if match.lastgroup == "day" else Kind.NUMBER, text, at)


def _unreadable(rule: str, position: int) -> Problem:
    character = rule[position]
    if character.isdigit():
        hint = "write numbers like 1000 or 12.5, days like 2025-01-31"
        end = position + len(re.match(r"[\w.,-]+", rule[position:]).group())  # type: ignore[union-attr]
    else:
        hint, end = _HINTS.get(character, "this sign has no meaning in a rule"), position + 1
    return Problem(f"'{rule[position:end]}': {hint}", Span(position, end))

"""People whose name, e-mail or phone is nearly what was typed.

The store hands over who has an intact piece of every word: of a word cut in n + 1 pieces, n wrong letters leave
one whole (pigeonhole principle; Navarro, ACM Computing Surveys 2001). Edit distance then judges these few. Nothing is
kept.
"""

import heapq
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist
from sqlalchemy import ColumnElement, Connection, or_, select

from activity_log import schema
from activity_log.search_text import search_terms, spelled_plainly, spellings

FEWEST_LETTERS, FEWEST_DIGITS, LONG_WORD = 4, 6, 8
"""Shorter words must be right; words from LONG_WORD letters on may have two mistakes, others one. Beside other words
one letter fewer is enough."""
ONLY_BEGINS = 0.5
"""What it counts against somebody that what was typed is only the beginning, or end, of their word."""
_ROWS_AT_ONCE = 20_000
_FAR = 99.0
_WORDS = re.compile(r"\w+")


class Wanted(NamedTuple):
    """A typed word, as it is written and folded to plain letters. mistakes: how many are forgiven."""

    written: str
    plain: str
    mistakes: int


def close_customers(connection: Connection, operator_id: str, query: str, limit: int) -> list[str]:
    """Return the ids of profiles that every typed word nearly fits, fewest mistakes first.

    Empty where nothing typed is long enough to be forgiven a mistake.
    """
    wanted = _wanted(query)
    if not any(word.mistakes for word in wanted):
        return []
    table = schema.person_profile
    candidates = select(table.c.customer_id, table.c.search_text).where(
        table.c.operator_id == operator_id, *(_has_a_piece(word) for word in wanted)
    )
    rows = connection.execute(candidates, execution_options={"yield_per": _ROWS_AT_ONCE})
    scored = (one for some in rows.partitions() for one in _scored(wanted, some))
    return [customer_id for _, _, customer_id in heapq.nsmallest(limit, scored)]


def _wanted(query: str) -> list[Wanted]:
    terms = search_terms(query)
    words = terms.phone[-1:] or _WORDS.findall(terms.text)
    fewest = FEWEST_LETTERS - (len(words) > 1)
    return [Wanted(word, spelled_plainly(word), _mistakes(word, fewest)) for word in words]


def _mistakes(word: str, fewest_letters: int) -> int:
    if word.isdigit():
        return int(len(word) >= FEWEST_DIGITS)
    return 0 if len(word) < fewest_letters else 1 if len(word) < LONG_WORD else 2


def _has_a_piece(word: Wanted) -> ColumnElement[bool]:
    text = schema.person_profile.c.search_text
    patterns = {
        pattern for spelled in spellings(word.written) for pattern in _patterns(spelled, word.mistakes)
    }
    return or_(*(text.like(f"%{pattern}%", escape="\\") for pattern in sorted(patterns)))


def _patterns(word: str, mistakes: int) -> Iterator[str]:
    """Yield LIKE patterns of which at least one fits the word with so many mistakes in it.

    Two letters swapped over a cut break the pieces on both sides of it; such a word fits with these two left open.
    """
    bounds = [round(place * len(word) / (mistakes + 1)) for place in range(mistakes + 2)]
    for start, end in pairwise(bounds):
        yield _literal(word[start:end])
    for cut in bounds[1:-1] if mistakes == 1 else ():
        yield f"{_literal(word[: cut - 1])}__{_literal(word[cut + 1 :])}"


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _scored(wanted: Sequence[Wanted], rows: Sequence[tuple[str, str]]) -> Iterator[tuple[float, str, str]]:
    """Yield (mistakes, text, customer_id) of those whom every word nearly fits."""
    texts = [set(_WORDS.findall(spelled_plainly(text))) for _, text in rows]
    words = [word for one in texts for word in one]
    starts = np.cumsum([0, *map(len, texts)])[:-1]
    total = sum(np.minimum.reduceat(_distances(word, words), starts) for word in wanted)
    for place in map(int, np.flatnonzero(np.asarray(total) < _FAR)):
        customer_id, text = rows[place]
        yield float(np.asarray(total)[place]), text, customer_id


def _distances(wanted: Wanted, words: Sequence[str]) -> np.ndarray:
    """Return how far each word is from the wanted one, _FAR for further than is forgiven."""
    plain, most = wanted.plain, wanted.mistakes
    parts = [word[-len(plain) :] if plain.isdigit() else word[: len(plain)] for word in words]
    whole, part = (
        cdist([plain], some, scorer=OSA.distance, score_cutoff=most)[0].astype(np.float64)
        for some in (words, parts)
    )
    whole[whole > most] = _FAR
    part[part > most] = _FAR
    distances: np.ndarray = np.minimum(whole, part + ONLY_BEGINS)
    return distances

"""How people are looked up: one folded text per profile, and the patterns of a query against it.

SQLite compares only ASCII without regard to case, so "MÜLLER" would not find "Müller": we fold both sides.
"""

import re
import unicodedata
from dataclasses import dataclass

from activity_log.contracts.backoffice import PersonProfileUpdated

LONGEST_QUERY = 200
_FEWEST_DIGITS = 3
_FEWEST_NATIONAL_DIGITS = 6
_PHONE_QUERY = re.compile(r"[\d\s+()/.-]+")
_COUNTRY_CODE_DIGITS = 2
_PLAIN = {"ä": "ae", "ö": "oe", "ü": "ue"}
_UMLAUTS = str.maketrans(_PLAIN)


def search_text(profile: PersonProfileUpdated) -> str:
    """Return what a profile is found by, one folded line each: both orders of the name, e-mail, phone, postcode."""
    given, family = profile.given_name, profile.family_name
    names = (f"{given} {family}", f"{family} {given}")
    lines = (*names, profile.email or "", _digits(profile.phone or ""), profile.postcode or "")
    return "".join(f"\n{_folded(line)}" for line in lines if line)


@dataclass(frozen=True)
class SearchTerms:
    """A query as typed. `text`: folded, any part of a line. `phone`: digits, any part of the phone line."""

    text: str
    phone: tuple[str, ...]


def search_terms(query: str) -> SearchTerms:
    """Read a query: "Müller, Anna" finds Anna Müller, "0170 123" and "+49 170 123" find each other."""
    query = query.strip()[:LONGEST_QUERY]
    return SearchTerms(_folded(query.replace(",", " ")), _phone_terms(query))


def spelled_plainly(text: str) -> str:
    """Return a folded text in plain letters, as one types it without umlauts and accents.

    >>> spelled_plainly("müller"), spelled_plainly("šimůnková")
    ('mueller', 'simunkova')
    """
    apart = unicodedata.normalize("NFKD", text.translate(_UMLAUTS))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def spellings(word: str) -> frozenset[str]:
    """Return the ways a folded word may be stored: as typed, plainly, and with umlauts where it may have them."""
    with_umlauts = word
    for umlaut, plain in _PLAIN.items():
        with_umlauts = with_umlauts.replace(plain, umlaut)
    return frozenset({word, spelled_plainly(word), with_umlauts})


def _phone_terms(query: str) -> tuple[str, ...]:
    digits = _digits(query)
    if not _PHONE_QUERY.fullmatch(query) or len(digits) < _FEWEST_DIGITS:
        return ()
    national = digits[_COUNTRY_CODE_DIGITS:]
    is_international = query.startswith(("+", "00")) and len(national) >= _FEWEST_NATIONAL_DIGITS
    return (digits, national) if is_international else (digits,)


def _digits(phone: str) -> str:
    """Digits without leading zeros: the trunk 0 and the 00 of abroad say nothing about whose number it is."""
    return re.sub(r"\D", "", phone, flags=re.ASCII).lstrip("0")


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())

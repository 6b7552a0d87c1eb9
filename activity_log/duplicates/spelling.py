"""One spelling of what is typed in many ways: names, e-mails, phone numbers, postcodes."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import phonenumbers

_WITHOUT_UMLAUTS = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "ø": "oe",
        "æ": "ae",
        "œ": "oe",
        "ł": "l",
        "đ": "d",
        "ı": "i",
    }
)
_NO_PART_OF_A_NAME = frozenset(
    {
        "dr", "prof", "dipl", "ing", "med", "phd", "herr", "frau", "familie", "fam",
        "von", "van", "vom", "zu", "zur", "zum", "der", "de", "den", "del", "di", "da",
    }
)  # fmt: skip
_FIRST_NUMBER = re.compile(r"\+?[\d(][\d\s()/.\-]*")
_LEAST_NATIONAL_NUMBER = 10_000
"""What is shorter is a placeholder or an extension: 0000, 110."""


@lru_cache(maxsize=1 << 16)
def folded_name(name: str) -> str:
    """Return the parts of a name in plain small letters: "Dr. Müller-Lüdenscheidt" is "mueller luedenscheidt".

    Titles and particles (von, zu) are left out unless nothing else is there.
    """
    composed = unicodedata.normalize("NFKC", name).lower().translate(_WITHOUT_UMLAUTS)
    plain = "".join(
        sign for sign in unicodedata.normalize("NFKD", composed) if not unicodedata.combining(sign)
    )
    parts = re.findall(r"[^\W\d_]+", re.sub(r"['’`´]", "", plain))
    return " ".join([part for part in parts if part not in _NO_PART_OF_A_NAME] or parts)


class Email(NamedTuple):
    """An e-mail address: all of it, and who it is for at whichever provider, without signs people forget."""

    address: str
    user: str


def folded_email(email: str | None) -> Email | None:
    """Return an address in small letters; None where there is none, or it is not one."""
    address = unicodedata.normalize("NFKC", email or "").strip().casefold()
    user, at, provider = address.rpartition("@")
    if not (user and at and provider):
        return None
    return Email(address, re.sub(r"[._\-]", "", user.partition("+")[0]) or user)


def phone_number(phone: str | None, region: str) -> int | None:
    """Return a number as dialled from abroad: +49 171 ... and 0171 ... are one; None where it cannot be one.

    region: where numbers without country code are, as `DE`. Of several numbers or with a note, the first counts.
    """
    found = _FIRST_NUMBER.search(phone or "")
    if found is None:
        return None
    try:
        number = phonenumbers.parse(found[0], region)
    except phonenumbers.NumberParseException:
        return None
    if (number.national_number or 0) < _LEAST_NATIONAL_NUMBER or not phonenumbers.is_possible_number(number):
        return None
    return int(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def folded_postcode(postcode: str | None) -> str:
    """Return letters and digits of a postcode; a country before a German one is left out: D-28195 is 28195."""
    return re.sub(r"[\W_]", "", postcode or "").upper().removeprefix("DE").removeprefix("D")


_SOUNDS = re.compile(
    r"(?P<other>[aeijouy])|(?P<b>b|p(?!h))|(?P<f>[fvw]|ph)|(?P<s>[sz]|[dt](?=[csz])|(?<=[sz])c)|(?P<t>[dt])"
    r"|(?P<k>[gkq]|^c(?=[ahkloqrux])|c(?=[ahkoqux]))|(?P<c>c)|(?P<weak>(?<=[ckq])x)|(?P<x>x)|(?P<l>l)|(?P<m>[mn])"
    r"|(?P<r>r)"
)
_CODES = {"other": "0", "b": "1", "t": "2", "f": "3", "k": "4", "x": "48", "l": "5", "m": "6", "r": "7"}


@lru_cache(maxsize=1 << 16)
def sound(part: str) -> str:
    """Return how one folded part of a name sounds in German: Meier, Mayr and Maier are 67.

    The Cologne phonetics of Postel, IBM-Nachrichten 19 (1969).
    """
    codes = "".join(_CODES.get(found.lastgroup or "", "8") for found in _SOUNDS.finditer(part))
    once = re.sub(r"(.)\1+", r"\1", codes)
    return once[:1] + once[1:].replace("0", "")

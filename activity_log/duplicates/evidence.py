"""What speaks for and against a pair, in words that can be said aloud and name no value."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from activity_log.duplicates.comparing import Agreement

Kind = Literal["same", "similar", "different"]


class Evidence(NamedTuple):
    """One field of a pair. `de`, `en`: the words for it, without any value."""

    field: str
    kind: Kind
    de: str
    en: str

    def said(self, language: str) -> str:
        """Return the words in `language`, `de` or `en`."""
        return self.en if language == "en" else self.de


def evidence_of(agreements: dict[str, Agreement]) -> tuple[Evidence, ...]:
    """Return what is known of a pair, by field. What says nothing is left out."""
    names = {field: agreements[field] for field in ("given_name", "family_name")}
    whole_name = set(names.values())
    if len(whole_name) == 1 and ("name", *whole_name) in _WORDS:
        agreements = {"name": whole_name.pop()} | {f: a for f, a in agreements.items() if f not in names}
    return tuple(_WORDS[key] for key in agreements.items() if key in _WORDS)


def in_words(evidence: Iterable[Evidence], language: str) -> str:
    """Return evidence as one line: "gleicher Name, gleicher Geburtstag, gleiche E-Mail"."""
    return ", ".join(one.said(language) for one in evidence)


_A = Agreement
_WORDING: tuple[tuple[str, Agreement, Kind, str, str], ...] = (
    ("name", _A.SAME, "same", "gleicher Name", "same name"),
    ("name", _A.SWAPPED, "similar", "Vor- und Nachname vertauscht", "given and family name swapped"),
    ("given_name", _A.SAME, "same", "gleicher Vorname", "same given name"),
    ("given_name", _A.PART, "similar", "ein Vorname gemeinsam", "one given name in common"),
    ("given_name", _A.SHORT_FORM, "similar", "Kurzform des Vornamens", "short form of the given name"),
    ("given_name", _A.INITIAL, "similar", "passende Initiale", "matching initial"),
    ("given_name", _A.SIMILAR, "similar", "ähnlicher Vorname", "similar given name"),
    ("given_name", _A.OTHER_INITIAL, "different", "andere Initiale", "other initial"),
    ("given_name", _A.DIFFERENT, "different", "anderer Vorname", "different given name"),
    ("family_name", _A.SAME, "same", "gleicher Nachname", "same family name"),
    ("family_name", _A.PART, "similar", "Teil des Doppelnamens", "part of the double name"),
    ("family_name", _A.INITIAL, "similar", "passender Anfang des Nachnamens", "matching start of the family name"),
    ("family_name", _A.SIMILAR, "similar", "ähnlicher Nachname", "similar family name"),
    ("family_name", _A.OTHER_INITIAL, "different", "anderer Nachname", "different family name"),
    ("family_name", _A.DIFFERENT, "different", "anderer Nachname", "different family name"),
    ("birth_date", _A.SAME, "same", "gleicher Geburtstag", "same birth date"),
    ("birth_date", _A.SWAPPED, "similar", "Geburtstag und -monat vertauscht", "day and month of birth swapped"),
    ("birth_date", _A.SIMILAR, "similar", "ähnliches Geburtsdatum", "similar birth date"),
    ("birth_date", _A.DIFFERENT, "different", "anderes Geburtsdatum", "different birth date"),
    ("email", _A.SAME, "same", "gleiche E-Mail", "same e-mail"),
    ("email", _A.PART, "similar", "gleiche E-Mail bei anderem Anbieter", "same e-mail at another provider"),
    ("email", _A.DIFFERENT, "different", "andere E-Mail", "different e-mail"),
    ("phone", _A.SAME, "same", "gleiche Telefonnummer", "same phone number"),
    ("phone", _A.DIFFERENT, "different", "andere Telefonnummer", "different phone number"),
    ("postcode", _A.SAME, "same", "gleiche Postleitzahl", "same postcode"),
    ("postcode", _A.DIFFERENT, "different", "andere Postleitzahl", "different postcode"),
)  # fmt: skip
_WORDS = {(wording[0], wording[1]): Evidence(wording[0], *wording[2:]) for wording in _WORDING}

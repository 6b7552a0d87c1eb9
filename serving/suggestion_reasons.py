"""Why a tour is suggested, as one sentence in German or English, from the recommender's evidence."""

from collections.abc import Mapping
from dataclasses import asdict

from models.recommender import Evidence
from serving.languages import MONTHS, Language
from serving.replies import Reason

FamilyNames = Mapping[str, str]
"""What a family is called in the caller's language."""


def suggestion_reason(evidence: Evidence, names: FamilyNames, language: Language) -> Reason:
    """Put evidence into words; every number in the sentence is one of the evidence."""
    told = {name: value for name, value in asdict(evidence).items() if value is not None and name != "kind"}
    return Reason(
        kind=evidence.kind, text=_SENTENCES[evidence.kind](evidence, names)[language], evidence=told
    )


def departures_reason(language: Language) -> Reason:
    """Say why a tour is suggested when no model could be asked."""
    text = {
        "de": "Eine der nächsten Reisen mit freien Plätzen.",
        "en": "One of the next tours with free seats.",
    }
    return Reason(kind="next_departures", text=text[language], evidence={})


def rung_note(rung: str, because: str, language: Language) -> str:
    """Say in the caller's language what a ranking rests on, and why on no more."""
    return _BASIS[because][language].format(rung=_RUNGS.get(rung, {}).get(language, rung))


def also_booked_note(family: str, language: Language) -> str:
    """Say what a list of also-booked tours rests on."""
    return {"de": f"Buchungen der Gäste von {family}.", "en": f"Bookings of the guests of {family}."}[
        language
    ]


def next_departures_note(language: Language) -> str:
    """Say why the next departures are shown."""
    return {
        "de": "Es ist noch kein Empfehlungsmodell in Betrieb: die nächsten Abfahrten.",
        "en": "No recommendation model is live yet: the next departures.",
    }[language]


_RUNGS: dict[str, dict[Language, str]] = {
    "season_popularity": {"de": "Beliebtheit in der Saison", "en": "what is popular in the season"},
    "repeat_or_new": {
        "de": "ob Bekanntes oder Neues gewählt wird, und Beliebtheit in der Saison",
        "en": "whether the known or the new is chosen, and what is popular in the season",
    },
    "attributes": {"de": "Reisen ähnlicher Art", "en": "tours of a similar kind"},
    "also_booked": {"de": "was andere Gäste dazu gebucht haben", "en": "what other guests booked with them"},
    "als": {"de": "was Gäste mit ähnlichem Geschmack buchen", "en": "what guests of similar taste book"},
    "graph_filter": {
        "de": "was Gäste mit ähnlichen Reisen buchen",
        "en": "what guests of similar trips book",
    },
}
_BASIS: dict[str, dict[Language, str]] = {
    "live": {"de": "Bisherige Buchungen und {rung}.", "en": "The bookings so far and {rung}."},
    "not_proven": {
        "de": "{rung}: Für Persönlicheres reichen die Buchungen noch nicht aus.",
        "en": "Shown is {rung}: there are not enough bookings yet for anything more personal.",
    },
    "only_viewed": {"de": "Die angesehenen Reisen und {rung}.", "en": "The tours looked at and {rung}."},
    "nothing_known": {
        "de": "Noch ist keine Buchung bekannt: {rung}.",
        "en": "No booking is known yet: {rung}.",
    },
    "no_model": {
        "de": "Es ist noch kein Empfehlungsmodell in Betrieb: {rung}.",
        "en": "No recommendation model is live: {rung}.",
    },
    "unreachable": {
        "de": "Die Kundendaten sind gerade nicht erreichbar: {rung}.",
        "en": "The customer's data cannot be reached at the moment: {rung}.",
    },
    "busy": {
        "de": "Die Kundendaten kamen nicht rechtzeitig: {rung}.",
        "en": "The customer's data did not come in time: {rung}.",
    },
    "objection": {
        "de": "Ohne persönliches Profil, wie gewünscht: {rung}.",
        "en": "Without a personal profile, as wished: {rung}.",
    },
    "no_features": {
        "de": "Ohne die Gewohnheiten, die gerade nicht erreichbar sind: {rung}.",
        "en": "Without the habits, which cannot be reached at the moment: {rung}.",
    },
}


def _own_history(evidence: Evidence, names: FamilyNames) -> dict[Language, str]:
    name, times = names.get(evidence.family, evidence.family), evidence.times or 0
    if times == 1:
        return {"de": f"Unter Ihren gebuchten Reisen: {name}.", "en": f"Among your booked trips: {name}."}
    return {
        "de": f"{times}-mal unter Ihren gebuchten Reisen: {name}.",
        "en": f"{times} times among your booked trips: {name}.",
    }


def _also_booked(evidence: Evidence, names: FamilyNames) -> dict[Language, str]:
    because, both, of = _because(evidence, names), evidence.customers_both, evidence.customers
    return {
        "de": f"{both} von {of} Gästen, die für {because} gebucht waren, waren es auch für diese Reise.",
        "en": f"{both} of {of} guests booked on {because} were booked on this tour too.",
    }


def _viewed(evidence: Evidence, names: FamilyNames) -> dict[Language, str]:
    if evidence.customers_both is None:
        return {"de": "Diese Reise haben Sie sich angesehen.", "en": "You have looked at this tour."}
    because, both, of = _because(evidence, names), evidence.customers_both, evidence.customers
    return {
        "de": f"Sie haben sich {because} angesehen: "
        f"{both} von {of} Gästen, die dafür gebucht waren, waren es auch für diese Reise.",
        "en": f"You looked at {because}: {both} of {of} guests booked on it were booked on this tour too.",
    }


def _season(evidence: Evidence, _names: FamilyNames) -> dict[Language, str]:
    count, month = evidence.customers or 0, evidence.month
    if month is None:
        return {
            "de": f"Beliebt: {_guests_de(count)} dafür schon gebucht.",
            "en": f"Popular: {_guests_en(count)} booked on it.",
        }
    return {
        "de": f"Beliebt im {MONTHS['de'][month - 1]}: {_guests_de(count)} für diesen Monat gebucht.",
        "en": f"Popular in {MONTHS['en'][month - 1]}: {_guests_en(count)} booked for that month.",
    }


def _attributes(evidence: Evidence, names: FamilyNames) -> dict[Language, str]:
    because, shared = _because(evidence, names), _shared(evidence)
    return {
        "de": f"Wie {because} unter Ihren Reisen: {shared['de']}.",
        "en": f"Like {because} among your trips: {shared['en']}.",
    }


def _viewed_attributes(evidence: Evidence, names: FamilyNames) -> dict[Language, str]:
    because, shared = _because(evidence, names), _shared(evidence)
    return {
        "de": f"Sie haben sich {because} angesehen; gemeinsam ist {shared['de']}.",
        "en": f"You looked at {because}; they share {shared['en']}.",
    }


def _programme(evidence: Evidence, _names: FamilyNames) -> dict[Language, str]:
    shared = _shared(evidence)
    if not shared["de"]:
        return {"de": "Aus dem aktuellen Programm.", "en": "From the current programme."}
    return {
        "de": f"Aus dem aktuellen Programm: {shared['de']}.",
        "en": f"From the current programme: {shared['en']}.",
    }


def _shared(evidence: Evidence) -> dict[Language, str]:
    """Name region and theme, as far as the evidence has them."""
    de = [f"Region {evidence.region}"] * bool(evidence.region) + [f"Thema {evidence.theme}"] * bool(
        evidence.theme
    )
    en = [f"region {evidence.region}"] * bool(evidence.region) + [f"theme {evidence.theme}"] * bool(
        evidence.theme
    )
    return {"de": ", ".join(de), "en": ", ".join(en)}


def _because(evidence: Evidence, names: FamilyNames) -> str:
    return names.get(evidence.because_of or "", evidence.because_of or "")


def _guests_de(count: int) -> str:
    return "1 Gast war oder ist" if count == 1 else f"{count} Gäste waren oder sind"


def _guests_en(count: int) -> str:
    return "1 guest was or is" if count == 1 else f"{count} guests were or are"


_SENTENCES = {
    "own_history": _own_history,
    "also_booked": _also_booked,
    "viewed": _viewed,
    "season_popularity": _season,
    "attributes": _attributes,
    "viewed_attributes": _viewed_attributes,
    "programme": _programme,
}

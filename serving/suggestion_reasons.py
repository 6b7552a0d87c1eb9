"""Why a tour is suggested, as one sentence in German or English, from the recommender's evidence."""

from collections.abc import Mapping
from dataclasses import asdict

from models.recommender import Basis, Evidence
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


def basis_note(basis: Basis, language: Language) -> str:
    """Say in the caller's language what a ranking rests on."""
    return _BASIS[basis.because][language].format(rung=_RUNGS.get(basis.rung, {}).get(language, basis.rung))


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
    "also_booked": {"de": "was andere Gäste dazu gebucht haben", "en": "what other guests booked with them"},
    "als": {"de": "was Gäste mit ähnlichem Geschmack buchen", "en": "what guests of similar taste book"},
    "graph_filter": {
        "de": "was Gäste mit ähnlichen Reisen buchen",
        "en": "what guests of similar trips book",
    },
}
_BASIS: dict[str, dict[Language, str]] = {
    "live": {"de": "Bisherige Buchungen und {rung}.", "en": "The bookings so far and {rung}."},
    "only_viewed": {"de": "Die angesehenen Reisen und {rung}.", "en": "The tours looked at and {rung}."},
    "nothing_known": {
        "de": "Noch ist keine Buchung bekannt: {rung}.",
        "en": "No booking is known yet: {rung}.",
    },
}


def _own_history(evidence: Evidence, names: FamilyNames) -> dict[Language, str]:
    name, times = names.get(evidence.family, evidence.family), evidence.times or 0
    if times == 1:
        return {"de": f"Sie waren schon einmal dabei: {name}.", "en": f"You have been there before: {name}."}
    return {
        "de": f"Sie haben {name} schon {times}-mal gebucht.",
        "en": f"You have booked {name} {times} times.",
    }


def _also_booked(evidence: Evidence, names: FamilyNames) -> dict[Language, str]:
    because = names.get(evidence.because_of or "", evidence.because_of or "")
    both, of = evidence.customers_both, evidence.customers
    return {
        "de": f"{both} von {of} Gästen, die {because} gebucht haben, haben auch diese Reise gebucht.",
        "en": f"{both} of {of} guests who booked {because} have booked this tour too.",
    }


def _viewed(evidence: Evidence, names: FamilyNames) -> dict[Language, str]:
    if evidence.customers_both is None:
        return {"de": "Diese Reise haben Sie sich angesehen.", "en": "You have looked at this tour."}
    because = names.get(evidence.because_of or "", evidence.because_of or "")
    both, of = evidence.customers_both, evidence.customers
    return {
        "de": f"Sie haben sich {because} angesehen: {both} von {of} Gästen dort haben auch diese Reise gebucht.",
        "en": f"You looked at {because}: {both} of {of} guests there have booked this tour too.",
    }


def _season(evidence: Evidence, _names: FamilyNames) -> dict[Language, str]:
    count, month = evidence.customers or 0, evidence.month
    if month is None:
        return {
            "de": f"Beliebt: {count} Gäste haben diese Reise schon gebucht.",
            "en": f"Popular: {count} guests have booked this tour.",
        }
    return {
        "de": f"Beliebt im {MONTHS['de'][month - 1]}: {count} Gäste haben sie für diesen Monat gebucht.",
        "en": f"Popular in {MONTHS['en'][month - 1]}: {count} guests booked it for that month.",
    }


_SENTENCES = {
    "own_history": _own_history,
    "also_booked": _also_booked,
    "viewed": _viewed,
    "season_popularity": _season,
}

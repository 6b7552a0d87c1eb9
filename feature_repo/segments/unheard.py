"""Values in a rule that nobody ever heard of: mostly misspelt families, regions and themes."""

import difflib
from collections.abc import Collection, Mapping

from feature_repo.segments.labels import Language
from feature_repo.segments.rules import Rule

_KINDS = {"de": {"family": "Familie", "region": "Region", "theme": "Thema"}, "en": {}}
_SUGGESTED = 2


def unheard(rule: Rule, published: Mapping[str, Collection[str]], language: Language) -> tuple[str, ...]:
    """Return a sentence for each family, region or theme that no tour was published of.

    published: the known ones by kind (family, region, theme). A new season may bring it: the rule stays good.
    """
    told = (
        _sentence(trips.kind, value, published.get(trips.kind, ()), language)
        for trips in rule.trips
        for value in trips.values
        if value not in published.get(trips.kind, ())
    )
    return tuple(dict.fromkeys(told))


def _sentence(kind: str, value: str, known: Collection[str], language: Language) -> str:
    spelled = {one.lower(): one for one in known}
    near = difflib.get_close_matches(value.lower(), list(spelled), n=_SUGGESTED, cutoff=0.6)
    either = (" oder " if language == "de" else " or ").join(f"'{spelled[one]}'" for one in near)
    if language == "de":
        named = f"Keine Reise mit {_KINDS['de'][kind]} '{value}' wurde je veröffentlicht"
        return f"{named}; gemeint war vielleicht {either}." if near else f"{named}."
    named = f"No tour with {kind} '{value}' was ever published"
    return f"{named}; perhaps {either} was meant." if near else f"{named}."

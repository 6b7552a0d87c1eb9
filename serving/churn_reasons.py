"""Why somebody may be leaving, in words a dispatcher can say aloud.

SHAP contributions say which feature moved the score; features that tell one story (recency, rhythm, ratings, ...)
are added up, and the story is told with the customer's own figures. A story is not told that moved the score the
other way, whose figures are missing, or whose sentence would sound like the opposite ("never cancelled" as a risk).
"""

from collections.abc import Mapping

from models.churn import Band
from serving.churn_stories import STORIES, Features, Texts
from serving.insight_texts import not_computed
from serving.languages import Language
from serving.replies import Reason

MOST_REASONS = 4
LEAST_LOG_ODDS = 0.05
"""What moved the log-odds by less than this is no reason."""


def churn_reasons(
    moved: Mapping[str, float], features: Features, band: Band, language: Language
) -> list[Reason]:
    """Return up to MOST_REASONS sentences, strongest first: against the customer's loyalty, or for it at low risk.

    moved: what each input added to the log-odds of leaving.
    """
    sign, fits = (-1.0, True) if band == "low" else (1.0, False)
    told = []
    for story in STORIES:
        weight = sign * sum([moved.get(name, 0.0) for name in story.inputs])
        text = story.tell(features) if weight >= LEAST_LOG_ODDS else None
        if text is not None and story.sounds_good(features) in (fits, None):
            told.append((weight, story, text[language]))
    told.sort(key=lambda entry: -entry[0])
    return [
        Reason(
            kind=story.kind,
            text=text,
            evidence={name: features[name] for name in story.features + story.also_told},
        )
        for _, story, text in told[:MOST_REASONS]
    ]


def not_computed_reason(language: Language) -> Reason:
    """Say why there is no risk to tell: the customer is newer than the features."""
    return Reason(kind="not_computed", text=not_computed(language), evidence={})


def no_booking_reason(language: Language) -> Reason:
    """Say why there is no risk to tell: only who has booked can stop booking."""
    texts: Texts = {
        "de": "Von diesem Gast ist noch keine eigene Buchung bekannt.",
        "en": "No booking of this guest's own is known yet.",
    }
    return Reason(kind="no_booking", text=texts[language], evidence={})

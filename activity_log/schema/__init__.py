"""The tables of the log: the ledger and what waited at the gate, and the read models.

Alembic (`migrations/`) creates them; this package is how the code speaks of them.
"""

from activity_log.schema.columns import (
    DecimalText,
    IsoDate,
    Seq,
    UtcMoment,
    metadata,
)
from activity_log.schema.ledger import (
    IS_CATALOGUE_EVENT,
    IS_OPEN,
    IS_SEALED,
    discarded,
    event,
    event_key,
    file_progress,
    intake,
    operator,
    person_key,
    privacy_procedure,
    quarantine,
)
from activity_log.schema.read_models import (
    IS_CONSENT,
    READ_MODELS,
    booking,
    cancellation,
    conversation,
    departure,
    identity_link,
    no_show,
    party_member,
    person_profile,
    projection_state,
    touchpoint,
    tour,
)

__all__ = [
    "IS_CATALOGUE_EVENT",
    "IS_CONSENT",
    "IS_OPEN",
    "IS_SEALED",
    "READ_MODELS",
    "DecimalText",
    "IsoDate",
    "Seq",
    "UtcMoment",
    "booking",
    "cancellation",
    "conversation",
    "departure",
    "discarded",
    "event",
    "event_key",
    "file_progress",
    "identity_link",
    "intake",
    "metadata",
    "no_show",
    "operator",
    "party_member",
    "person_key",
    "person_profile",
    "privacy_procedure",
    "projection_state",
    "quarantine",
    "touchpoint",
    "tour",
]

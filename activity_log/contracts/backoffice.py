"""Backoffice: who people are. The only source of identity."""

from activity_log.contracts.fields import Id, Locale, Payload, Purpose, Text, date


class PersonProfileUpdated(Payload):
    """The full current profile of a person. A CustomerProfile exists once this event does."""

    person_profile_id: Id
    given_name: Text
    family_name: Text
    email: Text | None = None
    phone: Text | None = None
    birth_date: date | None = None
    postcode: Text | None = None
    dietary_needs: Text | None = None
    locale: Locale = "de"
    marketing_consent: bool = False


class ConsentGranted(Payload):
    """A person agreed to `purpose`."""

    person_profile_id: Id
    purpose: Purpose


class ConsentRevoked(ConsentGranted):
    """A person withdrew the agreement to `purpose`."""


class PersonProfilesMerged(Payload):
    """Two profiles are one person: `merged_id` counts as `surviving_id` from the merge on."""

    surviving_id: Id
    merged_id: Id


class PersonErasureRequested(Payload):
    """A person asks to be forgotten."""

    person_profile_id: Id

"""Backoffice: who people are. The only source of identity."""

from activity_log.contracts.fields import Id, Locale, Payload, Personal, Purpose, Text, date


class PersonProfileUpdated(Payload):
    """The full current profile of a person. A CustomerProfile exists once this event does."""

    person_profile_id: Id
    given_name: Personal[Text]
    family_name: Personal[Text]
    email: Personal[Text | None] = None
    phone: Personal[Text | None] = None
    birth_date: Personal[date | None] = None
    postcode: Personal[Text | None] = None
    dietary_needs: Personal[Text | None] = None
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


class PersonProfilesUnmerged(Payload):
    """Their merge was a mistake: from now on `surviving_id` and `merged_id` are two people again."""

    surviving_id: Id
    merged_id: Id


class PersonErasureRequested(Payload):
    """A person asks to be forgotten."""

    person_profile_id: Id

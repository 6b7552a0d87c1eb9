"""What payloads of old names and old versions looked like. Written out in full: history does not change.

Nothing validates with these models: `upcasting` leads every event to its current contract first. They say
what was promised to producers, and which of its fields are personal.
"""

from activity_log.contracts.fields import Id, Locale, Payload, Personal, Text, date


class _PassengerProfile(Payload):
    given_name: Personal[Text]
    family_name: Personal[Text]
    email: Personal[Text | None] = None
    phone: Personal[Text | None] = None
    birth_date: Personal[date | None] = None
    postcode: Personal[Text | None] = None
    dietary_needs: Personal[Text | None] = None
    locale: Locale = "de"
    marketing_consent: bool = False


class PassengerProfileUpdatedV1(_PassengerProfile):
    """The profile of a passenger, when only passengers had one."""

    passenger_profile_id: Id


class PassengerProfileUpdatedV2(_PassengerProfile):
    """The profile of a passenger under the id that every context uses since bookers have profiles, too."""

    data_version = 2

    person_profile_id: Id

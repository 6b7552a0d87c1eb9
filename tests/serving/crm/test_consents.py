"""What somebody agreed to: Anna said yes in her profile, no by a word, and yes to the newsletter."""

from datetime import UTC, datetime

import pytest

from activity_log.errors import UnknownCustomerError
from serving.consents import consent_state
from serving.crm.records import Consent, ConsentState
from tests.activity_log.logs import Log
from tests.activity_log.stories import Books, Event

BOOKS = Books()


def word(type_: str, person: str, when: str, purpose: str) -> Event:
    return BOOKS.event(type_, when, {"person_profile_id": person, "purpose": purpose})


def state(log: Log, operator_id: str, person: str) -> ConsentState:
    with log.database.reading() as connection:
        return consent_state(connection, operator_id, log.customer(operator_id, person))


def said(when: str) -> datetime:
    return datetime.fromisoformat(f"{when}T09:00:00").replace(tzinfo=UTC)


def test_the_latest_word_on_each_purpose_counts(log: Log):
    operator_id = log.told(
        [
            BOOKS.knows(
                "anna", "Anna", "Arndt", marketing_consent=True, email="a@example.org", postcode="28195"
            ),
            word("ConsentRevoked", "anna", "2024-05-01", "marketing"),
            word("ConsentGranted", "anna", "2023-01-01", "newsletter"),
        ]
    )
    found = state(log, operator_id, "anna")
    assert found.consents == [
        Consent("marketing", granted=False, said_at=said("2024-05-01")),
        Consent("profiling", granted=False, said_at=None),
        Consent("newsletter", granted=True, said_at=said("2023-01-01")),
    ]
    assert not found.marketing
    assert found.channels == ["email", "letter"]
    log.tell(operator_id, [BOOKS.knows("anna", "Anna", "Arndt", "2025-01-01", marketing_consent=True)])
    assert state(log, operator_id, "anna").marketing


def test_merged_people_speak_with_one_voice(log: Log):
    operator_id = log.told(
        [
            BOOKS.knows("anna", "Anna", "Arndt", marketing_consent=True, email="a@example.org"),
            BOOKS.knows("anna2", "Anna", "Ahrendt", "2021-01-01", marketing_consent=False, phone="0421 55"),
            BOOKS.merges("anna", "anna2", "2026-05-01"),
        ]
    )
    for person in ("anna", "anna2"):
        found = state(log, operator_id, person)
        assert (found.marketing, found.channels) == (False, ["email", "phone", "sms", "whatsapp"])


def test_nobody_is_unknown_not_willing(log: Log):
    operator_id = log.operator()
    with pytest.raises(UnknownCustomerError):
        state(log, operator_id, "stranger")

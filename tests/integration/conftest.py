"""The answers of the trained operator, and what was planted in its customers."""

from collections.abc import Mapping

import pytest

from activity_log.contracts.backoffice import PersonErasureRequested
from activity_log.ledger import read
from serving.answers import Answers, open_answers
from simulator.truth import PersonTruth
from tests.conftest import SimulatedOperator
from tests.integration.counted import Counted, count


@pytest.fixture(scope="session")
def answers(trained: SimulatedOperator) -> Answers:
    return open_answers(trained.settings, clock=lambda: trained.now)


@pytest.fixture(scope="session")
def planted(trained: SimulatedOperator) -> Mapping[str, PersonTruth]:
    """The truth about each customer who was not merged into another, nor forgotten."""
    gone = trained.truth.merged.keys() | _forgotten(trained)
    people = (person for person in trained.truth.people if person.person_profile_id not in gone)
    return {trained.operator.pseudonym(person.person_profile_id): person for person in people}


def _forgotten(trained: SimulatedOperator) -> set[str]:
    with trained.database.reading() as connection:
        chunks = read(connection, trained.operator.operator_id, types=[PersonErasureRequested.__name__])
        payloads = [event.payload for chunk in chunks for event in chunk]
    return {one.person_profile_id for one in payloads if isinstance(one, PersonErasureRequested)}


@pytest.fixture(scope="session")
def counted(trained: SimulatedOperator) -> Counted:
    return count(trained)


@pytest.fixture(scope="session")
def regulars(planted: Mapping[str, PersonTruth], counted: Counted) -> list[str]:
    """The fifty customers who travel most."""
    travelled = {customer_id: len(counted.bookings_of(customer_id)) for customer_id in planted}
    return sorted(planted, key=lambda customer_id: (-travelled[customer_id], customer_id))[:50]

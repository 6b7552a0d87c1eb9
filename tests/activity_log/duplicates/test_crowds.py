"""How well and how cheaply duplicates are found, where it is known who is who.

Floors, with what was measured when they were set. A pair at a level must be one person at least as often as the
level says; how many of the duplicates are found depends on how badly they were entered.
"""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import NamedTuple

import pytest
from sqlalchemy import Connection, insert

from activity_log import schema
from activity_log.contracts.backoffice import PersonProfileUpdated
from activity_log.duplicates import Findings, Level, find_duplicates
from activity_log.duplicates.blocking import MOST_IN_A_BLOCK, PAIRS_AT_ONCE
from simulator import Simulation, SimulationSpec, simulate
from tests.activity_log.duplicates.crowd import Profile, crowd, save


class Quality(NamedTuple):
    precision: float
    recall: float


def quality(findings: Findings, same: set[frozenset[str]], level: Level) -> Quality:
    found = {
        frozenset((pair.first, pair.second)) for pair in findings.pairs if pair.score >= level.least_score
    }
    return Quality(len(found & same) / len(found), len(found & same) / len(same))


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(SimulationSpec(customers=2_500, until=date(2026, 11, 1)))


def test_simulated_duplicates_are_found_before_anybody_merges_them(
    connection: Connection, simulation: Simulation
):
    """Measured, precision and recall: certain 1.00 and 0.98, likely 1.00 and 1.00; among 20,000 people 1.00 and 0.98.

    The simulator takes duplicates down by initial, without umlauts and e-mail, so their whole name is never equal.
    """
    _save_simulated(connection, simulation)
    findings = find_duplicates(connection, "nordlicht", least_score=Level.POSSIBLE.least_score)
    same = {frozenset(pair) for pair in simulation.truth.merged.items()}
    assert len(same) > 40
    certain, likely = (quality(findings, same, level) for level in (Level.CERTAIN, Level.LIKELY))
    assert certain.precision >= 0.99
    assert certain.recall >= 0.9
    assert likely.precision >= 0.95
    assert likely.recall >= 0.97


def test_nobody_is_found_among_simulated_people_who_are_all_different(
    connection: Connection, simulation: Simulation
):
    _save_simulated(connection, simulation, without=frozenset(simulation.truth.merged))
    findings = find_duplicates(connection, "nordlicht")
    assert len(findings.pairs) <= 1
    assert findings.profiles > 2_000


def test_a_harder_crowd(connection: Connection):
    """Couples, families, namesakes at home, up to three fields entered otherwise, a quarter without birth date.

    Measured at 5,000 to 500,000 people: certain 1.00 and 0.66, likely 0.93 and 0.94, possible 0.87 and 0.98.
    """
    profiles, same = crowd(5_000)
    save(connection, "reisen", *profiles)
    findings = find_duplicates(connection, "reisen", least_score=Level.POSSIBLE.least_score)
    certain, likely, possible = (quality(findings, same, level) for level in list(Level)[:3])
    assert certain.precision >= 0.99
    assert certain.recall >= 0.55
    assert likely.precision >= 0.88
    assert likely.recall >= 0.88
    assert possible.precision >= 0.75
    assert possible.recall >= 0.95


def test_what_thousands_share_costs_no_all_pairs_and_is_said(connection: Connection):
    """3,000 people behind one info@ address, 2,000 of one name, 2,000 of a made-up birth date; one of each twice."""
    mailbox = [_somebody(n, email="info@example.org") for n in range(3_000)]
    namesakes = [_somebody(10_000 + n, given_name="Anna", family_name="Müller") for n in range(2_000)]
    undated = [_somebody(20_000 + n, birth_date=date(1900, 1, 1)) for n in range(2_000)]
    twice = [
        Profile(f"again-{one.customer_id}", **{k: v for k, v in vars(one).items() if k != "customer_id"})
        for one in (mailbox[7], namesakes[7], undated[7])
    ]
    people = [*mailbox, *namesakes, *undated, *twice]
    save(connection, "reisen", *people)
    steps: list[float] = []
    findings = find_duplicates(connection, "reisen", progress=lambda done, _: steps.append(done))
    assert findings.compared < len(people) * MOST_IN_A_BLOCK
    assert max(after - before for before, after in pairwise(steps)) <= PAIRS_AT_ONCE
    assert max(said.people for said in findings.too_common if said.what == "name") >= 2_000
    found = {frozenset((pair.first, pair.second)) for pair in findings.pairs}
    assert found == {frozenset((one.customer_id.removeprefix("again-"), one.customer_id)) for one in twice}


def _somebody(number: int, **otherwise: object) -> Profile:
    """Somebody who shares nothing with anybody but what is said."""
    letters = "".join("abcdefghiklmnoprstuw"[number // 20**place % 20] for place in range(5))
    own: dict[str, object] = {
        "given_name": f"{letters[::-1]}o".title(),
        "family_name": f"{letters}mann".title(),
        "email": f"{letters}@example.net",
        "phone": f"0421 {1_000_000 + number}",
        "birth_date": date.fromordinal(700_000 + number),
        "postcode": f"{10_000 + number}",
    }
    return Profile(f"c-{number:06d}", **(own | otherwise))


def _save_simulated(
    connection: Connection, simulation: Simulation, without: frozenset[str] = frozenset()
) -> None:
    """Save the last profile of everybody, under the profile's id as customer id; no merge is told."""
    latest: dict[str, dict[str, object]] = {}
    for event in sorted(simulation.events, key=lambda one: (one["time"], one["id"])):
        if event["type"] in ("PersonProfileUpdated", "PassengerProfileUpdated"):
            data = dict(event["data"])
            data.setdefault("person_profile_id", data.pop("passenger_profile_id", None))
            latest[data["person_profile_id"]] = PersonProfileUpdated(**data).model_dump()
    rows = [
        {
            **profile,
            "operator_id": "nordlicht",
            "customer_id": person,
            "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
            "event_id": "profile",
            "search_text": "",
        }
        for person, profile in latest.items()
        if person not in without
    ]
    connection.execute(insert(schema.person_profile), rows)

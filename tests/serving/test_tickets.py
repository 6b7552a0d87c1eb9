"""The notes in recommendation ids: only ours are believed, and they say exactly what was shown."""

import dataclasses
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity_log.contracts.own import RecommendationShown
from activity_log.gate import Accepted, Gate
from serving.feedback import FeedbackRefusedError, Seen, feedback_event, seen
from serving.requests import Feedback
from serving.showing import Showing
from serving.tickets import Ticket, Tickets, family_digest

TICKETS = Tickets(b"a key for tests only, 32 bytes..")
ANNA = "c-00112233445566778899"
FAMILIES = [f"family-{number}" for number in range(20)]
TOURS = {f"{family}-2027": family for family in FAMILIES}

tickets = st.builds(
    Ticket,
    customer_id=st.none() | st.binary(min_size=10, max_size=10).map(lambda raw: f"c-{raw.hex()}"),
    version=st.none() | st.integers(1, 2**32 - 1),
    places=st.integers(0, 50),
) | st.builds(
    Ticket,
    customer_id=st.just(ANNA),
    version=st.just(3),
    places=st.integers(1, 50),
    propensity=st.floats(1e-6, 1.0),
    alternatives=st.lists(st.binary(min_size=5, max_size=5), min_size=2, max_size=10).map(tuple),
    drawn=st.just(1),
)


class Tour(NamedTuple):
    family: str


@given(tickets)
def test_an_id_says_what_was_written_fits_the_log_and_is_never_twice_the_same(ticket: Ticket):
    first, second = (TICKETS.write("nordlicht", ticket) for _ in range(2))
    assert TICKETS.read("nordlicht", first) == ticket
    assert first != second
    assert len(f"{first}:clicked:50") <= 200


def test_only_our_own_ids_of_the_same_operator_are_believed():
    written = TICKETS.write("nordlicht", Ticket(ANNA, 3, 5))
    turned = ("A" if written[20] != "A" else "B").join((written[:20], written[21:]))
    for other in (
        turned,
        written[:-4],
        written + "AAAA",
        "",
        "r1",
        "ä",
        "0b0d7ea6-5a5c-4b7e-bb5c-000000000000",
    ):
        assert TICKETS.read("nordlicht", other) is None, other
    assert TICKETS.read("suedwind", written) is None
    assert Tickets.of_this_process().read("nordlicht", written) is None


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path):
    written = Tickets.open(tmp_path / "keys").write("nordlicht", Ticket(ANNA, 3, 5))
    assert Tickets.open(tmp_path / "keys").read("nordlicht", written) == Ticket(ANNA, 3, 5)
    assert (tmp_path / "keys" / "feedback.key").stat().st_mode & 0o777 == 0o600


def told(recommendation_id: str, tour: str, position: int) -> Feedback:
    return Feedback(recommendation_id=recommendation_id, kind="shown", tour_id=tour, position=position)


def drawn_list(number: float, n: int = 3, share: float = 0.4) -> tuple[str, list[str]]:
    showing = Showing(TICKETS, "nordlicht", share, lambda: number)
    listing = showing.listing(list(map(Tour, FAMILIES)), n, ANNA, "7", explore=True)
    return listing.recommendation_id, [tour.family for tour in listing.shown]


def test_what_is_logged_of_a_drawn_place_is_the_chance_it_was_drawn_with():
    """Three places, of ten left the second best is drawn: weight 1/2 of 2.929, in 40 of 100 lists."""
    written, shown = drawn_list(0.6 + 0.4 / 2.929 + 0.01)
    assert shown == ["family-0", "family-1", "family-3"]
    ticket = TICKETS.read("nordlicht", written)
    known = seen("nordlicht", told(written, "family-3-2027", 3), ticket, TOURS, "anna")
    assert known.propensity == pytest.approx(0.4 * 0.5 / 2.9289682)
    assert known[1:] == ("anna", "nordlicht.recommender/7", tuple(FAMILIES[2:12]))
    above = seen("nordlicht", told(written, "family-0-2027", 1), ticket, TOURS, "anna")
    assert above == Seen(1.0, "anna", "nordlicht.recommender/7")


def test_a_browser_cannot_move_a_click_to_another_tour_or_place():
    written, _ = drawn_list(0.0)
    ticket = TICKETS.read("nordlicht", written)
    with pytest.raises(FeedbackRefusedError, match="tour_id: another tour stood at position 3"):
        seen("nordlicht", told(written, "family-5-2027", 3), ticket, TOURS, None)
    with pytest.raises(FeedbackRefusedError, match="position: the list had 3 places"):
        seen("nordlicht", told(written, "family-2-2027", 4), ticket, TOURS, None)


def test_the_event_is_one_the_gate_takes():
    now = datetime(2026, 11, 1, tzinfo=UTC)
    written, _ = drawn_list(0.0)
    feedback = told(written, "family-2-2027", 3)
    known = seen("nordlicht", feedback, TICKETS.read("nordlicht", written), TOURS, "anna")
    admission = Gate({"nordlicht"}, now).admit_document(feedback_event("nordlicht", feedback, known, now))
    assert isinstance(admission, Accepted)
    strangers = feedback_event("nordlicht", told("r-1", "x", 1), Seen(), now)
    assert strangers["data"] == {"recommendation_id": "r-1", "tour_id": "x", "position": 1, "propensity": 1.0}
    assert RecommendationShown(**strangers["data"]).alternatives == ()


def test_without_the_operators_leave_or_where_nobody_tells_nothing_is_drawn():
    closed, willing = (
        Showing(TICKETS, "nordlicht", 0.0, lambda: 0.99),
        Showing(TICKETS, "n", 0.5, lambda: 0.99),
    )
    assert (closed.wanted(5), willing.wanted(5)) == (5, 14)
    for listing in (
        closed.listing(list(map(Tour, FAMILIES)), 3, ANNA, "7", explore=True),
        willing.listing(list(map(Tour, FAMILIES)), 3, ANNA, "7"),
    ):
        assert [tour.family for tour in listing.shown] == FAMILIES[:3]
    ticket = TICKETS.read("nordlicht", closed.listing([Tour("harz")], 3).recommendation_id)
    assert ticket == Ticket(None, None, 1)


def test_digests_of_a_large_catalogue_differ():
    assert Counter(family_digest(f"family-{number}") for number in range(2_000)).most_common(1)[0][1] == 1
    assert dataclasses.asdict(Ticket(None, None, 1))["alternatives"] == ()

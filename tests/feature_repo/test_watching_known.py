"""What was known of somebody then, and from which events."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from activity_log.database import open_database
from activity_log.errors import UnknownCustomerError
from activity_log.vault import Vault
from feature_repo.watching.known import Known, NotKnownThenError, known_of
from tests.feature_repo.stories import Story, log_stories, utc

KnownOf = Callable[[str, str], Known]


@pytest.fixture(scope="module")
def knowing(empty_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Put a story into a log and ask it what was known of a person at a moment."""
    root, numbers = tmp_path_factory.mktemp("known"), count()

    @contextmanager
    def ask(story: Story) -> Iterator[KnownOf]:
        home = root / str(next(numbers))
        (logged,) = log_stories(empty_log, home, story)
        url = f"sqlite:///{home / 'log.db'}"
        with closing(open_database(url, Vault(bytes(32)))) as database, database.reading() as connection:
            yield lambda person, when: known_of(
                connection, logged.operator, logged.operator.pseudonym(person), utc(when)
            )

    return ask


def values(known: Known) -> dict[str, object]:
    return {one.feature.name: one.value for one in known.features}


def events(known: Known) -> list[tuple[str, str, bool]]:
    return [(one.event_id, one.type, one.counted) for one in known.events]


def test_a_booking_told_late_is_named_before_it_counts(knowing: Any):
    """Anna booked on the first; the office typed it in on the fifth."""
    story = Story()
    story.knows("anna", when="2024-01-01")
    story.books("anna", "2024-05-01", known="2024-05-05", amount="400.00")
    with knowing(story) as known_then:
        before, after = known_then("anna", "2024-05-03"), known_then("anna", "2024-05-06")
    assert (values(before)["total_bookings"], values(after)["total_bookings"]) == (0, 1)
    assert values(after)["lifetime_revenue"] == 400.0
    profile = ("0001", "PersonProfileUpdated", True)
    assert events(before) == [profile, ("0002", "BookingConfirmed", False)]
    assert events(after) == [profile, ("0002", "BookingConfirmed", True)]


def test_what_happens_later_is_not_named(knowing: Any):
    story = Story()
    story.knows("anna", when="2024-01-01")
    story.books("anna", "2024-05-01")
    with knowing(story) as known_then:
        assert [one.event_id for one in known_then("anna", "2024-04-01").events] == ["0001"]


def test_events_are_those_of_her_bookings_and_tours_and_nobody_elses(knowing: Any):
    """Bernd books for Anna and cancels; Clara has a booking and a tour of her own."""
    story = Story()
    story.knows("anna", "bernd", "clara", when="2024-01-01")
    story.publishes("nordsee-24", "nordsee", when="2024-01-02")
    story.publishes("harz-24", "harz", when="2024-01-02")
    booking = story.books("bernd", "2024-05-01", travellers=["anna", "bernd"])
    story.cancels("bernd", booking, "2024-05-02")
    story.books("clara", "2024-05-03", tour="harz-24")
    with knowing(story) as known_then:
        known = known_then("anna", "2024-06-01")
    assert events(known) == [
        ("0001", "PersonProfileUpdated", True),
        ("0004", "TourPublished", True),
        ("0006", "BookingConfirmed", True),
        ("0007", "BookingCancelled", True),
    ]


def test_who_was_merged_counts_as_the_other(knowing: Any):
    story = Story()
    story.knows("anna", "anna-again", when="2024-01-01")
    story.books("anna-again", "2024-02-01")
    story.books("anna", "2024-02-02", tour="nordsee-24")
    story.merges("anna", "anna-again", "2024-03-01")
    with knowing(story) as known_then:
        alone, merged = known_then("anna", "2024-02-15"), known_then("anna", "2024-04-01")
        assert values(alone)["total_bookings"] == 1
        assert {one.event_id for one in alone.events} == {"0001", "0004"}
        assert values(merged)["total_bookings"] == 2
        assert {one.event_id for one in merged.events} == {"0001", "0002", "0003", "0004", "0005"}
        assert values(known_then("anna-again", "2024-02-15"))["total_bookings"] == 1
        with pytest.raises(NotKnownThenError, match=r"counts as 'c-.*since 2024-03-01"):
            known_then("anna-again", "2024-04-01")


def test_nobody_is_told_from_not_yet(knowing: Any):
    story = Story()
    story.knows("anna", when="2024-01-01", known="2024-01-03")
    with knowing(story) as known_then:
        with pytest.raises(UnknownCustomerError, match="unknown customer: c-"):
            known_then("nobody", "2024-06-01")
        with pytest.raises(
            NotKnownThenError, match=r"not known before 2024-01-02 00:00: .* of 2024-01-03 10:00"
        ):
            known_then("anna", "2024-01-02")


def test_every_feature_is_told_and_the_missing_say_why(knowing: Any):
    story = Story()
    story.knows("anna", when="2024-01-01")
    with knowing(story) as known_then:
        known = known_then("anna", "2024-06-01")
    missing = [one for one in known.features if one.value is None]
    assert missing
    assert all(one.feature.null for one in missing)
    assert "Petersen" not in str(known)

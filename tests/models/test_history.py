"""Which version was live on a day, why, and by whom."""

from datetime import UTC, date, datetime

from models.history import Action, Change, apart, earlier_champion, live_on, tag_of, terms


def change(day: int, version: str, action: Action = "promoted", hour: int = 12) -> Change:
    at = datetime(2026, 2, day, hour, tzinfo=UTC)
    return Change(at=at, action=action, version=version, by="anna", why="better by 0.02")


STORY = [change(1, "1"), change(3, "2", hour=9), change(3, "1", "rolled back", hour=15), change(10, "3")]
"""Version 2 was live for six hours."""


def test_every_version_that_was_live_on_a_day_is_told():
    def versions(day: int) -> list[str]:
        return [term.change.version for term in live_on(STORY, date(2026, 2, day))]

    assert versions(2) == ["1"]
    assert versions(3) == ["1", "2", "1"]
    assert versions(4) == ["1"]
    assert versions(28) == ["3"]
    assert live_on(STORY, date(2026, 1, 31)) == []


def test_a_term_ends_where_the_next_begins_and_the_last_is_open():
    assert [(term.change.version, term.until) for term in terms(STORY)] == [
        ("1", STORY[1].at),
        ("2", STORY[2].at),
        ("1", STORY[3].at),
        ("3", None),
    ]


def test_going_back_undoes_promotions_one_by_one():
    assert earlier_champion(STORY[:1]) is None
    assert earlier_champion(STORY[:2]) == "1"
    assert earlier_champion(STORY[:3]) is None
    assert earlier_champion(STORY) == "1"


def test_changes_of_one_moment_keep_their_order():
    changes: list[Change] = []
    for told in (change(3, "1"), change(3, "2"), change(3, "1", "rolled back")):
        changes.append(apart(changes, told))
    tags = [tag_of(one, "any") for one in changes]
    assert tags == sorted(set(tags))
    assert earlier_champion(changes[:2]) == "1"
    assert (changes[2].at - changes[0].at).total_seconds() < 0.001

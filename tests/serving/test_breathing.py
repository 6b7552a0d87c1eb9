"""Rests between pieces of work, on a clock that is told the time."""

from serving.breathing import Breather, resting


class Day:
    """Time passes by working and resting only."""

    def __init__(self):
        self.now = 0.0
        self.rests: list[float] = []

    def rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += seconds


def test_it_rests_a_share_of_what_each_piece_took_and_rests_are_no_work():
    day = Day()
    for seconds in Breather(lambda: 2.0, lambda: day.now, day.rest).between([1.0, 3.0, 0.0]):
        day.now += seconds
    assert day.rests == [2.0, 6.0, 0.0]


def test_making_a_piece_is_work_too():
    day = Day()

    def pieces():
        for _ in range(2):
            day.now += 5.0
            yield 1.0

    for seconds in Breather(lambda: 1.0, lambda: day.now, day.rest).between(pieces()):
        day.now += seconds
    assert day.rests == [6.0, 6.0]


def test_the_share_may_change_while_the_work_goes_on():
    day, shares = Day(), iter([0.0, 4.0])
    for _ in Breather(lambda: next(shares), lambda: day.now, day.rest).between("ab"):
        day.now += 1.0
    assert day.rests == [0.0, 4.0]


def test_every_piece_comes_in_its_order_and_no_piece_is_no_rest():
    assert list(resting(0.0).between(iter("abc"))) == ["a", "b", "c"]
    assert list(resting(1000.0).between([])) == []

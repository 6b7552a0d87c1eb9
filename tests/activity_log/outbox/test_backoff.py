import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from activity_log.outbox.backoff import BackOff


class Never(random.Random):
    """Leaves nothing to chance: always the longest wait."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_waits_grow_until_they_are_long_enough_and_end():
    back_off = BackOff(first=timedelta(seconds=10), factor=4, longest=timedelta(minutes=10), attempts=6)
    waits = [back_off.wait(failures, Never()) for failures in range(1, 7)]
    assert [wait and wait.total_seconds() for wait in waits] == [10, 40, 160, 600, 600, None]


def test_the_usual_schedule_reaches_over_a_night():
    waits = [BackOff().wait(failures, Never()) for failures in range(1, 10)]
    total = sum((wait for wait in waits if wait), timedelta())
    assert timedelta(hours=18) < total / 2
    assert total < timedelta(hours=48)


@given(st.integers(1, 200), st.integers(), st.integers(1, 200))
def test_every_wait_is_between_a_half_and_the_whole_of_its_step(failures: int, seed: int, attempts: int):
    back_off = BackOff(attempts=attempts)
    whole = back_off.wait(failures, Never())
    wait = back_off.wait(failures, random.Random(seed))
    if failures >= attempts:
        assert wait is whole is None
    else:
        assert whole is not None
        assert wait is not None
        assert whole / 2 <= wait <= whole <= back_off.longest

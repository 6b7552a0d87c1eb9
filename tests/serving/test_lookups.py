"""Looking somebody up in time: found, too slow, or the database is away; and what is the caller's own fault."""

import threading

import anyio
import pytest

from activity_log.errors import UnknownCustomerError
from serving.lookups import REST_SECONDS, LookupFailedError, Lookups


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Away:
    """A database that cannot be reached."""

    def __init__(self):
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        raise ConnectionError("nobody answers")


def look_up(lookups: Lookups, lookup):
    return anyio.run(lookups.within, lookup)


def trouble(lookups: Lookups, lookup) -> str:
    with pytest.raises(LookupFailedError) as failed:
        look_up(lookups, lookup)
    return failed.value.trouble


def test_what_is_found_in_time_is_returned_from_a_thread_of_its_own():
    assert look_up(Lookups(), lambda: "Anna") == "Anna"
    assert look_up(Lookups(), threading.current_thread) is not threading.current_thread()


def test_what_takes_too_long_is_not_waited_for_and_nobody_rests_after_it():
    release = threading.Event()

    async def two() -> str:
        lookups = Lookups(budget=0.02)
        with pytest.raises(LookupFailedError) as failed:
            await lookups.within(lambda: release.wait(5))
        release.set()
        return f"{failed.value.trouble}, then {await lookups.within(lambda: 'found')}"

    assert anyio.run(two) == "busy, then found"


def test_where_all_threads_are_taken_the_next_is_told_in_time():
    release = threading.Event()

    async def many() -> list[str]:
        lookups, told = Lookups(budget=0.03), []

        async def one() -> None:
            with pytest.raises(LookupFailedError) as failed:
                await lookups.within(lambda: release.wait(5))
            told.append(failed.value.trouble)

        with anyio.fail_after(2):
            async with anyio.create_task_group() as group:
                for _ in range(12):
                    group.start_soon(one)
        release.set()
        return told

    assert anyio.run(many) == ["busy"] * 12


def test_after_a_failure_nobody_is_asked_for_a_while():
    clock, away = Clock(), Away()
    lookups = Lookups(monotonic=clock)
    assert trouble(lookups, away) == "unreachable"
    assert trouble(lookups, away) == "unreachable"
    assert trouble(lookups, lambda: "Anna") == "unreachable"
    assert away.asked == 1
    clock.now += REST_SECONDS - 0.001
    assert trouble(lookups, lambda: "Anna") == "unreachable"
    clock.now += 0.001
    assert look_up(lookups, lambda: "Anna") == "Anna"


def test_what_is_wrong_with_the_question_is_told_and_is_no_trouble():
    lookups = Lookups()

    def unknown() -> str:
        raise UnknownCustomerError(["c-nobody"])

    with pytest.raises(UnknownCustomerError, match="c-nobody"):
        look_up(lookups, unknown)
    assert look_up(lookups, lambda: "Anna") == "Anna"

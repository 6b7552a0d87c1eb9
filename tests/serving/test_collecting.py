"""What is collected, and what is set aside."""

import gc
import weakref

import pytest

from activity_log.garbage import without_cyclic_gc
from serving.collecting import collect


class Thing:
    """Something that may refer to itself."""

    def __init__(self, *, is_cycle: bool):
        self.other = self if is_cycle else None


@pytest.fixture(autouse=True)
def nothing_set_aside_for_long():
    yield
    gc.unfreeze()


def test_cycles_that_nobody_refers_to_go():
    ends = weakref.ref(Thing(is_cycle=True))
    assert ends() is not None
    collect()
    assert ends() is None


def test_what_stays_is_looked_at_no_more_and_goes_once_nobody_refers_to_it():
    kept = Thing(is_cycle=False)
    collect()
    assert not any(one is kept for one in gc.get_objects())
    ends = weakref.ref(kept)
    del kept
    assert ends() is None


def test_who_has_switched_collecting_off_is_not_collected():
    with without_cyclic_gc():
        ends = weakref.ref(Thing(is_cycle=True))
        collect()
        assert ends() is not None
    collect()
    assert ends() is None

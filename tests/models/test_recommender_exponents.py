"""The settings that say how much breadth and popularity count, on numbers that can be checked by hand."""

import numpy as np
import pytest

from models.recommender import AlsoBooked, AlsoBookedSettings, ALSSettings, History, ImplicitALS, bookings_of
from models.recommender.contract import Context


def who_booked(pairs):
    customers, families = zip(*pairs, strict=True)
    return bookings_of(customers, families, np.full(len(pairs), 5), np.full(len(pairs), 10.0))


@pytest.fixture
def four():
    """Nordsee: Anna, Bernd, Carla, Dora. Ostsee: Anna, Bernd. Harz: Bernd, who booked all three."""
    nordsee = [(name, "nordsee") for name in ("anna", "bernd", "carla", "dora")]
    return who_booked([*nordsee, ("anna", "ostsee"), ("bernd", "ostsee"), ("bernd", "harz")])


HARZ, NORDSEE, OSTSEE = 0, 1, 2


def similarity(bookings, **settings):
    return AlsoBooked.fit(bookings, AlsoBookedSettings(shrinkage=0.0, **settings)).similarity.toarray()


def test_without_any_exponent_common_customers_are_counted(four):
    counted = similarity(four, breadth_power=0.0, from_power=0.0, to_power=0.0)
    assert counted.tolist() == [[0, 1, 1], [1, 0, 2], [1, 2, 0]]


def test_each_exponent_divides_by_its_own_number(four):
    """Nordsee and Ostsee share Anna (2 families) and Bernd (3); 4 and 2 customers booked them."""
    by_breadth = similarity(four, breadth_power=1.0, from_power=0.0, to_power=0.0)
    assert by_breadth[NORDSEE, OSTSEE] == pytest.approx(1 / 2 + 1 / 3)
    of_the_booked = similarity(four, breadth_power=0.0, from_power=1.0, to_power=0.0)
    assert of_the_booked[NORDSEE, OSTSEE] == pytest.approx(2 / 4)
    of_the_suggested = similarity(four, breadth_power=0.0, from_power=0.0, to_power=1.0)
    assert of_the_suggested[NORDSEE, OSTSEE] == pytest.approx(2 / 2)


def test_the_lower_to_power_the_more_the_popular_are_suggested(four):
    """Of who booked Ostsee, both booked Nordsee and one Harz; but Harz was booked by nobody else."""
    mild, strict = (similarity(four, breadth_power=0.0, to_power=power)[OSTSEE] for power in (0.0, 1.5))
    assert mild[NORDSEE] > mild[HARZ]
    assert strict[NORDSEE] < strict[HARZ]


def test_the_confidence_of_als_shrinks_with_breadth():
    """Who booked twice the average of families is believed 1/root 2 as much in each."""
    pairs = [("anna", "a"), ("bernd", "b"), ("carla", "a"), ("carla", "b"), ("dora", "c"), ("dora", "a")]
    flat, damped = (
        ImplicitALS.fit(who_booked(pairs), ALSSettings(factors=2, alpha=8.0, breadth_power=power))
        for power in (0.0, 0.5)
    )
    assert flat.breadth == damped.breadth == pytest.approx(6 / 4)
    histories = who_booked([("x", "a"), ("x", "b"), ("x", "c")]).counts()
    assert flat._extra(histories).tolist() == [8.0] * 3
    np.testing.assert_allclose(damped._extra(histories), 8.0 / np.sqrt(2), rtol=1e-6)


def test_als_is_restored_with_its_exponent(four):
    fitted = ImplicitALS.fit(four, ALSSettings(factors=2, breadth_power=0.5))
    restored = ImplicitALS.restore(fitted.families, fitted.arrays())
    history = History(("ostsee", "harz"), (1, 2))
    np.testing.assert_array_equal(restored.score(history, Context()), fitted.score(history, Context()))

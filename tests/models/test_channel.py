"""Who is reached how: Anna reads letters, Bernd got one e-mail, and an operator whose sending says nothing."""

import numpy as np
import pytest

from models.channel import CHANNELS, FEATURES, ChannelModel, Messages, cohorts_of, messages_of

LETTER = CHANNELS.index("letter")
DE, AT = "de-DE", "de-AT"


def drawn(customers: int, aimed: float, elsewhere: float, sent: int = 14) -> tuple[Messages, np.ndarray]:
    """Customers with a favourite each, who read 70 % of what comes there and a part of it elsewhere."""
    generator = np.random.default_rng(3)
    n = len(CHANNELS)
    own = generator.integers(0, n, customers)
    goes = np.where(
        generator.random((customers, sent)) < aimed, own[:, None], generator.integers(0, n, (customers, sent))
    )
    reads = generator.random((customers, sent)) < 0.7 * np.where(goes == own[:, None], 1.0, elsewhere)
    counts = [(goes[:, :, None] == np.arange(n)).astype(float), reads[:, :, None]]
    return Messages(counts[0].sum(axis=1), (counts[0] * counts[1]).sum(axis=1)), own


@pytest.fixture(scope="module")
def model() -> ChannelModel:
    messages, _ = drawn(1_500, aimed=0.5, elsewhere=0.25)
    return ChannelModel.fit(messages, [DE] * 1_500, sending_tells=True)


def test_what_made_the_messages_is_found_again(model):
    assert model.aimed == pytest.approx(0.5, abs=0.04)
    assert model.elsewhere == pytest.approx(0.25, abs=0.04)


def test_nine_of_ten_favourites_are_found_and_the_doubt_is_honest():
    messages, own = drawn(1_500, aimed=0.5, elsewhere=0.25)
    told = ChannelModel.fit(messages, [DE] * 1_500, sending_tells=True).preference(messages, [DE] * 1_500)
    right = told.favourite.argmax(axis=1) == own
    assert right.mean() > 0.9
    assert told.favourite.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.03)


def test_with_no_message_all_that_is_left_is_the_cohort(model):
    none = Messages(np.zeros((1, 6)), np.zeros((1, 6)))
    told = model.preference(none, [DE])
    assert told.favourite[0] == pytest.approx(np.array(model.cohorts[DE]))
    assert told.favourite.max() < 0.3
    assert model.preference(none, ["fr-FR"]).favourite[0] == pytest.approx(np.array(model.cohorts[""]))


def test_one_letter_read_moves_less_than_ten():
    messages, _ = drawn(1_500, aimed=0.0, elsewhere=0.25)
    model = ChannelModel.fit(messages, [DE] * 1_500, sending_tells=False)
    letters = np.zeros((2, 6))
    letters[:, LETTER] = (1, 10)
    chances = model.preference(Messages(letters, letters), [DE, DE]).favourite[:, LETTER]
    assert 1 / 6 < chances[0] < chances[1]
    assert chances[1] > 0.8


def test_where_sending_does_not_tell_a_full_letterbox_says_nothing():
    messages, _ = drawn(800, aimed=0.0, elsewhere=0.5)
    model = ChannelModel.fit(messages, [DE] * 800, sending_tells=False)
    assert model.aimed == 0.0
    unread = np.zeros((1, 6))
    unread[0, LETTER] = 9
    assert model.preference(Messages(unread, np.zeros((1, 6))), [DE]).favourite[0, LETTER] < 1 / 6


def test_an_operator_without_messages_can_be_fitted():
    nothing = Messages(np.zeros((3, 6)), np.zeros((3, 6)))
    told = ChannelModel.fit(nothing, [DE, AT, ""], sending_tells=True).preference(nothing, [DE, AT, ""])
    assert told.favourite == pytest.approx(1 / 6)


def test_advertising_and_booking_letters_are_told_apart():
    """Four letters, three of them of campaigns and one of these read; one booking letter, read."""
    columns = {name: [0] for name in FEATURES} | {"locale": [None]}
    columns |= {
        "messages_delivered_letter": [4], "messages_read_letter": [2],
        "campaigns_delivered_letter": [3], "campaigns_read_letter": [1],
    }  # fmt: skip
    assert cohorts_of(columns) == [""]
    for purpose, sent, read in (("any", 4, 2), ("campaign", 3.5, 1.5), ("transactional", 2.5, 1.5)):
        counted = messages_of(columns, purpose)
        assert (counted.sent[0, LETTER], counted.read[0, LETTER]) == (sent, read)


def test_what_is_saved_is_loaded(model, tmp_path):
    model.save(tmp_path)
    assert ChannelModel.load(tmp_path) == model

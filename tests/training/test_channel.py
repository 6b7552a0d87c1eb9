"""The channel model beside the recipe that is live: both are fitted to the same past, and both are measured."""

import numpy as np
import pandas as pd
import pytest

from models.channel import CHANNELS
from training import channel
from training.channel import ChannelSpec, train_channel

MOMENTS = pd.date_range("2024-01-01", periods=4, freq="365D", tz="UTC")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Two hundred people who read on one channel only; what is sent follows what they read."""
    generator = np.random.default_rng(3)
    favourite = generator.integers(0, len(CHANNELS), 200)
    sent, read = np.zeros((200, len(CHANNELS)), int), np.zeros((200, len(CHANNELS)), int)
    frames = []
    for moment in MOMENTS:
        new = generator.poisson(1.0, sent.shape) + 3 * (np.arange(len(CHANNELS)) == favourite[:, None])
        chance = np.where(np.arange(len(CHANNELS)) == favourite[:, None], 0.7, 0.1)
        sent, read = sent + new, read + generator.binomial(new, chance)
        frames.append(frame_of(moment, sent, read))
    return pd.concat(frames, ignore_index=True)


def frame_of(moment: pd.Timestamp, sent: np.ndarray, read: np.ndarray) -> pd.DataFrame:
    columns = {"customer_id": [f"c-{n}" for n in range(len(sent))], "event_timestamp": moment}
    for place, name in enumerate(CHANNELS):
        columns |= {f"messages_delivered_{name}": sent[:, place], f"messages_read_{name}": read[:, place]}
        columns |= {f"campaigns_delivered_{name}": 0, f"campaigns_read_{name}": 0}
    return pd.DataFrame(columns | dict.fromkeys(channel_features() - columns.keys()))


def channel_features() -> set[str]:
    from models.channel import FEATURES

    return set(FEATURES)


def test_without_a_champion_nothing_is_compared_with_one(rows: pd.DataFrame):
    assert train_channel(rows, ChannelSpec()).report.champion is None


def test_a_champions_recipe_is_fitted_itself(rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch):
    """One recipe lets the choice of channels count, the other does not: their figures differ."""
    ours, live = ChannelSpec(), ChannelSpec(horizon_days=400)
    monkeypatch.setattr(channel, "_sending_tells", lambda _rows, _moments, spec: (spec == live, "told"))
    report = train_channel(rows, ours, live).report
    mine, its = (report.figure(name, "read_log_loss").value for name in ("channel", "champion"))
    assert its != mine
    assert report.gain("champion").value == pytest.approx(its - mine)

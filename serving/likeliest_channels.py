"""On which channel to write to people: of those they can be reached by, the one they are likeliest to read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from activity_log.errors import NoModelError
from activity_log.operators import Operator
from activity_log.segments.reach import Reach
from feature_repo.services import CHANNEL, INSIGHT
from feature_repo.store import CustomerFeatures, OnlineRow
from models.channel import CHANNELS, ChannelModel, cohorts_of, messages_of
from models.registry import Loaded
from serving.live_models import LiveModels


class LikeliestChannels:
    """The channels of one operator's customers."""

    def __init__(self, operator: Operator, features: CustomerFeatures, models: LiveModels):
        self._operator_id = operator.operator_id
        self._features = features
        self._models = models

    def likeliest(
        self, customers: Sequence[str], reach: Mapping[str, Reach], now: datetime
    ) -> dict[str, str | None]:
        """Return each customer's channel for a campaign; None: no address is known.

        Without a channel model the one they read most, or else the first they can be reached by.
        """
        loaded = self._live()
        service = CHANNEL if loaded else INSIGHT
        rows = self._features.online(service, self._operator_id, customers, now)
        orders = _by_model(rows, loaded.model) if loaded and rows else [_by_reading(row) for row in rows]
        return {
            row.customer_id: next((one for one in order if one in reach[row.customer_id].channels), None)
            for row, order in zip(rows, orders, strict=True)
        }

    def _live(self) -> Loaded[ChannelModel] | None:
        try:
            return cast(Loaded[ChannelModel], self._models.live("channel", self._operator_id))
        except NoModelError:
            return None


def _by_model(rows: Sequence[OnlineRow], model: ChannelModel) -> list[list[str]]:
    """Return all channels for each customer, the likeliest first."""
    columns = {name: [row.features[name] for row in rows] for name in rows[0].features}
    chances = model.preference(messages_of(columns, "campaign"), cohorts_of(columns)).favourite
    return [[CHANNELS[place] for place in (-row).argsort(kind="stable")] for row in chances]


def _by_reading(row: OnlineRow) -> list[str]:
    return sorted(CHANNELS, key=lambda one: one != row.features["most_read_channel"])

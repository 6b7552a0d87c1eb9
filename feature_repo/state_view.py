"""The one view that is online: all that is kept of a customer, packed into one value."""

from datetime import timedelta

import pyarrow as pa
from feast import FeatureView, Field, PushSource
from feast.types import Bytes, String

from activity_log.facts.tables import MOMENT
from activity_log.settings import Settings
from feature_repo.entities import CUSTOMER, OPERATOR, OWNER
from feature_repo.offline.rows import CREATED_TIMESTAMP, EVENT_TIMESTAMP, rows_source

STATE_VIEW = "customer_state"
PACKED = "packed"
PUSH_SOURCE = "customer_state_push"
MEANING = "What is kept of a customer, packed: from it every feature can be told for any later moment."

STATE_ROWS = pa.schema(
    {
        "operator_id": pa.string(),
        "customer_id": pa.string(),
        PACKED: pa.binary(),
        EVENT_TIMESTAMP: MOMENT,
        CREATED_TIMESTAMP: MOMENT,
    }
)
"""The Parquet rows under `features_dir/customer_state/<operator>/`."""


def state_view(settings: Settings, layout: str) -> FeatureView:
    """Return the view. layout: how the values are packed; a reader of another layout refuses them."""
    rows = rows_source(settings, STATE_VIEW, "The states of the newest full build.", OWNER)
    pushed = PushSource(
        name=PUSH_SOURCE,
        batch_source=rows,
        description="States computed anew after events, pushed by the follower.",
        owner=OWNER,
    )
    return FeatureView(
        name=STATE_VIEW,
        description=MEANING,
        entities=[OPERATOR, CUSTOMER],
        ttl=timedelta(0),
        schema=[
            Field(name="operator_id", dtype=String),
            Field(name="customer_id", dtype=String),
            Field(name=PACKED, dtype=Bytes, description=MEANING),
        ],
        source=pushed,
        online=True,
        tags={"layout": layout, "read_by": "feature_repo.reading", "grain": "customer"},
        owner=OWNER,
    )

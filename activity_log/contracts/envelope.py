"""The CloudEvents 1.0 envelope with our extension attributes `operatorid`, `dataversion`, `recordedtime`."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from activity_log.contracts.fields import Id, Moment, OperatorId


class Envelope(BaseModel):
    """An event as it travels. Unknown extension attributes are kept.

    time: when it happened (aware). recordedtime: when the source learned of it (CloudEvents' "recorded
    time" extension); only history that is brought in by file may say so, live events are recorded on receipt.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    specversion: Literal["1.0"] = "1.0"
    id: Id
    source: Id
    type: Id
    time: Moment
    operatorid: OperatorId
    dataversion: int = Field(default=1, ge=1)
    recordedtime: Moment | None = None
    datacontenttype: str = "application/json"
    data: dict[str, Any]

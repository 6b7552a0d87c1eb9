"""What all replies share: their behaviour, money as text, which model spoke, and a reason."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, PlainSerializer

Amount = Annotated[Decimal, PlainSerializer(str, return_type=str)]
"""Money as decimal text ("349.00"), never as a float."""

Band = Literal["low", "medium", "high"]


class Reply(BaseModel):
    """The common behaviour of replies."""

    model_config = ConfigDict(frozen=True)


class ModelInfo(Reply):
    """Which registered model spoke."""

    name: str
    version: str
    trained_at: datetime


class Reason(Reply):
    """Why, in one sentence that can be said aloud, with the numbers of the log it rests on."""

    kind: str
    text: str
    evidence: dict[str, Any]

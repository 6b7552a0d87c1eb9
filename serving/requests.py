"""What may be asked: the bodies of the POST endpoints, with their bounds."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_ITEMS = 50
MOST_CUSTOMERS = 1_000

ItemCount = Annotated[int, Field(strict=True, ge=1, le=MOST_ITEMS)]
Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
"""PostgreSQL takes no text with a NUL in it."""
TourIds = Annotated[list[Id], Field(max_length=100)]
CustomerIds = Annotated[list[Id], Field(min_length=1, max_length=MOST_CUSTOMERS)]
Cursor = Annotated[
    str,
    Field(min_length=1, max_length=600, description="The next_cursor of a page; without it the first one."),
]
PageSize = Annotated[int, Field(ge=1, le=100, description="How many on a page.")]
Yes = Annotated[bool, Field(strict=True)]


class Filters(BaseModel):
    """What the visitor asked to see only; an empty filter asks for nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    regions: list[str] = []
    themes: list[str] = []
    families: list[str] = []
    most_nights: int | None = Field(default=None, ge=0)
    highest_price: Decimal | None = Field(default=None, ge=0)
    departs_from: date | None = None
    departs_until: date | None = None


class Feedback(BaseModel):
    """A suggestion was shown or clicked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recommendation_id: str = Field(min_length=1, max_length=180)
    kind: Literal["shown", "clicked"]
    tour_id: Id
    position: int = Field(ge=1, le=MOST_ITEMS)

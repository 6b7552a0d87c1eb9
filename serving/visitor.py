"""Who asks for suggestions."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Visitor:
    """Who is to be advised, as far as is known. An anonymous visitor has viewed tours at most."""

    customer_id: str | None = None
    viewed_tours: Sequence[str] = ()
    boarding_point: str | None = None

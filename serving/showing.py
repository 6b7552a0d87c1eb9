"""What of a ranking is shown, and the id by which feedback finds back to it."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from models.recommender.exploring import CHOICES, Listed, explored
from serving.tickets import Ticket, Tickets, family_digest


class OfFamily(Protocol):
    """Anything ranked that belongs to a family of tours."""

    @property
    def family(self) -> str:
        """The family's id."""


T = TypeVar("T", bound=OfFamily)


@dataclass(frozen=True)
class Listing(Generic[T]):
    """The list as it is shown, and its id. propensity: of the last place."""

    shown: tuple[T, ...]
    recommendation_id: str
    propensity: float = 1.0


class Showing:
    """Makes lists of one operator's rankings. share: of lists whose last place is drawn; see `exploring`."""

    def __init__(
        self,
        tickets: Tickets,
        operator_id: str,
        share: float,
        number: Callable[[], float] = random.random,
    ):
        self._tickets = tickets
        self._operator_id = operator_id
        self._share = share
        self._number = number

    def wanted(self, n: int) -> int:
        """Return how many are to be ranked so that n can be shown."""
        return n + CHOICES - 1 if self._share else n

    def listing(
        self,
        ranked: Sequence[T],
        n: int,
        customer_id: str | None = None,
        version: str | None = None,
        *,
        explore: bool = False,
    ) -> Listing[T]:
        """Return the n best; with `explore`, the last of them as the operator's share of chance will have it.

        version: of the model that ranked, null: none did.
        """
        listed = explored(ranked, n, self._share if explore else 0.0, self._number())
        ticket = _ticket(listed, customer_id, version)
        return Listing(listed.shown, self._tickets.write(self._operator_id, ticket), listed.propensity)


def _ticket(listed: Listed[T], customer_id: str | None, version: str | None) -> Ticket:
    places, number = len(listed.shown), int(version) if version else None
    if not listed.alternatives:
        return Ticket(customer_id, number, places)
    families = [one.family for one in listed.alternatives]
    drawn = families.index(listed.shown[-1].family)
    digests = tuple(family_digest(family) for family in families)
    return Ticket(customer_id, number, places, listed.propensity, digests, drawn)

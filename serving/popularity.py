"""How many customers booked which family for which month, counted in the log."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from activity_log import schema
from activity_log.booked import is_cancelled
from serving.offers import Programme

ANY_MONTH = 0


@dataclass(frozen=True)
class Popularity:
    """Distinct bookers by month of travel (1-12, 0: any) and family."""

    by_month: Mapping[int, Mapping[str, int]]

    @classmethod
    def read(cls, connection: Connection, operator_id: str, programme: Programme) -> "Popularity":
        """Count the bookings that were not cancelled."""
        table = schema.booking
        query = select(table.c.customer_id, table.c.tour_id, table.c.departure_date).where(
            table.c.operator_id == operator_id, ~is_cancelled()
        )
        families, bookers = programme.family_of_tour, defaultdict[tuple[int, str], set[str]](set)
        for customer_id, tour_id, departure_date in connection.execute(query):
            family = families.get(tour_id, tour_id)
            bookers[departure_date.month, family].add(customer_id)
            bookers[ANY_MONTH, family].add(customer_id)
        counts = defaultdict[int, dict[str, int]](dict)
        for (month, family), who in bookers.items():
            counts[month][family] = len(who)
        return cls(counts)

    @property
    def families(self) -> Collection[str]:
        """All that anybody booked."""
        return self.by_month.get(ANY_MONTH, {}).keys()

    def customers(self, family: str, month: int) -> int:
        """Return how many customers booked a family for a month; 0: for any."""
        return self.by_month.get(month, {}).get(family, 0)

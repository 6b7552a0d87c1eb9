"""Finding customers by what a caller says of themselves, typos forgiven."""

from activity_log import reading
from activity_log.close_search import close_customers
from activity_log.database import Database
from activity_log.operators import Operator
from activity_log.reading import Profile
from serving.cursors import BadCursorError, read_cursor, write_cursor
from serving.replies import CustomerHit

HITS_ON_A_PAGE = 20
MOST_HITS = 1_000
"""Who needs more pages than that should say more of whom they mean."""
ENOUGH = 5
"""With so many exact hits nobody is looked for who is only spelled alike."""


class Finding:
    """The search over the people of one operator."""

    def __init__(self, database: Database, operator: Operator):
        self._database = database
        self._operator_id = operator.operator_id

    def page(
        self, query: str, cursor: str | None = None, limit: int = HITS_ON_A_PAGE
    ) -> tuple[list[CustomerHit], str | None]:
        """Return a page of hits, best first, and the cursor of the next one. Raises BadCursorError.

        query: part of the name in either order, of e-mail, postcode or phone, or a whole id. Where hardly anybody
        fits exactly, those follow who are spelled nearly so.
        """
        start = _start(cursor) if cursor else 0
        end = min(start + limit, MOST_HITS)
        found = self._found(query, end + 1)
        more = write_cursor(str(end)) if len(found) > end < MOST_HITS else None
        return [_hit(profile) for profile in found[start:end]], more

    def _found(self, query: str, limit: int) -> list[Profile]:
        with self._database.reading() as connection:
            exact = reading.search_profiles(connection, self._operator_id, query, limit)
            if len(exact) >= min(ENOUGH, limit):
                return exact
            close = close_customers(connection, self._operator_id, query, HITS_ON_A_PAGE)
            others = [one for one in close if one not in {hit.customer_id for hit in exact}]
            people = reading.profiles_of(connection, self._operator_id, others)
        return [*exact, *(people[one] for one in others)][:limit]


def _start(cursor: str) -> int:
    place = read_cursor(cursor)
    if not (place.isascii() and place.isdigit() and len(place) < 6):
        raise BadCursorError(cursor)
    return int(place)


def _hit(profile: Profile) -> CustomerHit:
    return CustomerHit(**{name: getattr(profile, name) for name in CustomerHit.model_fields})

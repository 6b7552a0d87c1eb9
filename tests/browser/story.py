"""A desk that knows the people of the story, and a door that knows their dispatcher."""

from activity_log.errors import BusflowError, NoModelError, UnknownCustomerError
from activity_log.segments.definitions import UnknownSegmentError
from activity_log.timeline import TimelineFilter
from serving.access import AccessDeniedError
from serving.crm.records import ConsentState, SegmentOverview, SegmentPage, SlippingAway, TravelRecord
from serving.replies import CustomerHit, CustomerInsight, TimelineEntry, TimelinePage

from . import lists, trips
from .anna import anna, newcomer
from .people import ANNA, NAMES, PHONES
from .years import annas_years

GOOD_TOKEN = "token.of.nordlicht"
EXPIRED_TOKEN = "token.of.yesterday"
WIDGET_TOKEN = "token.of.a.widget"

PAGE = 8


class StoryAccess:
    """Knows one good token; the others are expired or meant for the widget."""

    def verify(self, token: str) -> str:
        if token == GOOD_TOKEN:
            return "nordlicht"
        status = 403 if token == WIDGET_TOKEN else 401
        raise AccessDeniedError(status, "not with this token")


class StoryDesk:
    """Answers from the story. has_model, has_value: false while that model is not trained yet."""

    has_model = True
    has_value = True
    has_segments = True

    async def search(self, operator_id: str, query: str, language: str) -> list[CustomerHit]:
        wanted = query.casefold()
        return [hit(customer_id) for customer_id in NAMES if wanted in searchable(customer_id)][:20]

    async def insight(self, operator_id: str, customer_id: str, language: str) -> CustomerInsight:
        check(customer_id)
        return anna(language) if customer_id == ANNA else newcomer(customer_id, language)

    async def travels(self, operator_id: str, customer_id: str, language: str) -> TravelRecord:
        check(customer_id)
        return trips.travels(customer_id, language)

    async def consent(self, operator_id: str, customer_id: str) -> ConsentState:
        check(customer_id)
        return trips.consent(customer_id)

    async def timeline(
        self, operator_id: str, customer_id: str, language: str, cursor: str | None, only: TimelineFilter
    ) -> TimelinePage:
        check(customer_id)
        if cursor is not None and not cursor.isdigit():
            raise BusflowError(f"cursor '{cursor}': use the next_cursor of a page")
        everything = annas_years(language) if customer_id == ANNA else []
        entries, start = [one for one in everything if passes(one, only)], int(cursor or 0)
        following = start + PAGE if start + PAGE < len(entries) else None
        return TimelinePage(
            entries=entries[start : start + PAGE],
            next_cursor=None if following is None else str(following),
        )

    async def slipping_away(self, operator_id: str, language: str) -> SlippingAway:
        if not self.has_model:
            raise NoModelError("no churn model is live for 'nordlicht'")
        return lists.slipping(language, has_value=self.has_value)

    async def segments(self, operator_id: str, language: str) -> SegmentOverview:
        return lists.overview(language) if self.has_segments else SegmentOverview([], [])

    async def segment(self, operator_id: str, segment_id: str, language: str, page: int) -> SegmentPage:
        found = lists.segment_page(segment_id, language, page)
        if found is None:
            raise UnknownSegmentError(operator_id, segment_id)
        return found


def check(customer_id: str) -> None:
    if customer_id not in NAMES:
        raise UnknownCustomerError([customer_id])


def passes(entry: TimelineEntry, only: TimelineFilter) -> bool:
    return (
        (only.types is None or entry.type in only.types)
        and (only.since is None or entry.occurred_at >= only.since)
        and (only.until is None or entry.occurred_at < only.until)
    )


def searchable(customer_id: str) -> str:
    return " ".join([*NAMES[customer_id], PHONES.get(customer_id, "")]).casefold()


def hit(customer_id: str) -> CustomerHit:
    given, family = NAMES[customer_id]
    return CustomerHit(
        customer_id=customer_id,
        given_name=given,
        family_name=family,
        postcode="22767",
        email=f"{family.lower()}@example.org",
        phone=PHONES.get(customer_id),
    )

"""The people of the tests, and a desk that knows them.

Anna Petersen books the Nordsee every May, from Hamburg, for two; this May she did not, and we may be losing her.
Bernd Hansen travels with her and never books. Clara Lüders books whatever comes. Mallory has put markup into the
name. Anton to Viktor Petersen share the family name and fill the list of hits.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from activity_log.errors import BusflowError, NoModelError, UnknownCustomerError
from serving.access import AccessDeniedError
from serving.crm.desk import SlippingCustomer
from serving.replies import (
    BehaviorAggregate,
    ChannelPreference,
    ChurnRisk,
    CustomerHit,
    CustomerInsight,
    EngagementScore,
    ModelInfo,
    Person,
    Reason,
    RecommendationModel,
    RecommendedTour,
    TimelineEntry,
    TimelinePage,
)

NOW = datetime(2026, 5, 31, 22, 30, tzinfo=UTC)  # already the first of June in Hamburg
MODEL = ModelInfo(name="churn-nordlicht", version="7", trained_at=NOW)
MARKUP = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'

GOOD_TOKEN = "token.of.nordlicht"
EXPIRED_TOKEN = "token.of.yesterday"
WIDGET_TOKEN = "token.of.a.widget"

ANNA, BERND, CLARA, MALLORY = "c-anna", "c-bernd", "c/clara?", "c-mallory"
NAMES = {
    ANNA: ("Anna", "Petersen"),
    BERND: ("Bernd", "Hansen"),
    CLARA: ("Clara", "Lüders"),
    MALLORY: (MARKUP, "Mallory"),
    **{f"c-{name.lower()}": (name, "Petersen") for name in ("Anton", "Kerstin", "Viktor")},
}
PHONES = {ANNA: "+49 40 123456", BERND: "+49 461 98765"}


class StoryAccess:
    """Knows one good token; the others are expired or meant for the widget."""

    def verify(self, token: str) -> str:
        if token == GOOD_TOKEN:
            return "nordlicht"
        status = 403 if token == WIDGET_TOKEN else 401
        raise AccessDeniedError(status, "not with this token")


class StoryDesk:
    """Answers from the story. `has_model` false: nothing is trained yet."""

    has_model = True

    async def search(self, operator_id: str, query: str, language: str) -> list[CustomerHit]:
        wanted = query.casefold()
        return [hit(customer_id) for customer_id in NAMES if wanted in searchable(customer_id)][:20]

    async def insight(self, operator_id: str, customer_id: str, language: str) -> CustomerInsight:
        if customer_id not in NAMES:
            raise UnknownCustomerError([customer_id])
        return anna(language) if customer_id == ANNA else newcomer(customer_id, language)

    async def timeline(
        self, operator_id: str, customer_id: str, language: str, cursor: str | None
    ) -> TimelinePage:
        if customer_id not in NAMES:
            raise UnknownCustomerError([customer_id])
        if customer_id != ANNA:
            return TimelinePage(entries=[], next_cursor=None)
        if cursor is not None and not cursor.isdigit():
            raise BusflowError(f"cursor '{cursor}': use the next_cursor of a page")
        entries, start = annas_years(language), int(cursor or 0)
        following = start + 8 if start + 8 < len(entries) else None
        return TimelinePage(
            entries=entries[start : start + 8],
            next_cursor=None if following is None else str(following),
        )

    async def slipping_away(self, operator_id: str, language: str) -> list[SlippingCustomer]:
        if not self.has_model:
            raise NoModelError("no churn model is live for 'nordlicht'")
        return [
            SlippingCustomer(
                ANNA, "Anna Petersen", 0.724, "high", 5284.5, "EUR", datetime(2025, 1, 18, tzinfo=UTC)
            ),
            SlippingCustomer(
                CLARA, "Clara Lüders", 0.41, "medium", 8120.0, "EUR", datetime(2025, 9, 2, tzinfo=UTC)
            ),
            SlippingCustomer(MALLORY, f"{MARKUP} Mallory", 0.12, "low", 349.0, "EUR", None),
        ]


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


def in_language(language: str, german: str, english: str) -> str:
    return english if language == "en" else german


def reason(kind: str, text: str) -> Reason:
    return Reason(kind=kind, text=text, evidence={})


def annas_risk(language: str) -> ChurnRisk:
    reasons = [
        reason(
            "season_missed",
            in_language(
                language,
                "Hat sechs Jahre lang im Januar für den Mai gebucht, in diesem Jahr nicht.",
                "Booked in January for May six years in a row, but not this year.",
            ),
        ),
        reason(
            "rating",
            in_language(
                language,
                "Gab nach der letzten Reise 2 von 5 Sternen.",
                "Gave 2 of 5 stars after the last trip.",
            ),
        ),
    ]
    return ChurnRisk(
        customer_id=ANNA,
        probability=0.724,
        band="high",
        horizon_days=365,
        reasons=reasons,
        as_of=NOW,
        model=MODEL,
    )


def anna(language: str) -> CustomerInsight:
    return CustomerInsight(
        customer_id=ANNA,
        person=person(ANNA, birth_date=date(1949, 3, 8), consent=True),
        as_of=NOW,
        behavior=BehaviorAggregate(
            currency="EUR",
            lifetime_revenue=5284.5,
            total_bookings=7,
            cancelled_bookings=1,
            last_booking_at=datetime(2025, 1, 18, 9, 0, tzinfo=UTC),
            average_booking_lead_time=118.0,
            median_booking_gap_days=364.0,
            usual_booking_month=1,
            usual_travel_month=5,
            favourite_family="nordsee",
            favourite_family_name="Nordsee",
            average_party_size=2.0,
            total_trips=6,
            preferred_seat_position="window-front",
            preferred_boarding_point="Hamburg ZOB",
            no_show_count=0,
            onboard_spend=84.3,
        ),
        engagement=EngagementScore(nps=6, satisfaction=2.5, churn_risk=0.724),
        channel_preference=ChannelPreference(channel="letter", messages_delivered=12, messages_read=9),
        segments=[
            in_language(language, "Frühbucher", "Early bookers"),
            in_language(language, "Paare", "Couples"),
        ],
        churn_risk=annas_risk(language),
        recommendations=recommended(language),
        timeline=annas_years(language)[:5],
    )


def newcomer(customer_id: str, language: str) -> CustomerInsight:
    """A profile about which little is known: no behaviour, no risk, nothing to offer."""
    return CustomerInsight(
        customer_id=customer_id,
        person=person(customer_id),
        as_of=None,
        behavior=None,
        engagement=EngagementScore(nps=None, satisfaction=None, churn_risk=None),
        channel_preference=ChannelPreference(channel=None, messages_delivered=1, messages_read=0),
        segments=[],
        churn_risk=None,
        recommendations=recommended(language, tours=[]),
        timeline=[],
    )


def person(customer_id: str, birth_date: date | None = None, *, consent: bool = False) -> Person:
    given, family = NAMES[customer_id]
    return Person(
        given_name=given,
        family_name=family,
        email=f"{family.lower()}@example.org",
        phone=PHONES.get(customer_id),
        birth_date=birth_date,
        postcode="22767",
        locale="de",
        marketing_consent=consent,
    )


def recommended(language: str, tours: list[RecommendedTour] | None = None) -> RecommendationModel:
    return RecommendationModel(
        recommendation_id="r-1",
        customer_id=ANNA,
        model=MODEL,
        basis="hybrid",
        basis_note=in_language(
            language,
            "eigene Reisen und ähnliche Gäste, denn es gibt genug Buchungen.",
            "own trips and similar customers, as there are enough bookings.",
        ),
        generated_at=NOW,
        items=three_tours(language) if tours is None else tours,
    )


def long_winded(tours: list[RecommendedTour]) -> list[RecommendedTour]:
    """The longest that names and reasons get: words of a real catalogue, sentences of our templates."""
    name = "Lüneburger Heide 2027 – Heideblüte mit Kutschfahrt durch den Wilseder Berg"
    text = (
        "Sie haben sich Sächsische Schweiz angesehen: 112 von 240 Gästen, die dafür gebucht waren, "
        "waren es auch für diese Reise."
    )
    return [
        one.model_copy(
            update={"name": name, "reason": one.reason.model_copy(update={"text": text}), "seats_left": 2}
        )
        for one in tours
    ]


def three_tours(language: str) -> list[RecommendedTour]:
    return [
        tour(
            1,
            "nordsee-2027",
            in_language(language, "Nordsee – Inselträume auf Föhr", "North Sea – the island of Föhr"),
            in_language(
                language,
                "Sie waren sechsmal im Mai an der Nordsee, zuletzt 2025.",
                "You went to the North Sea six times in May, most recently in 2025.",
            ),
            region="Nordsee",
            price="649.00",
            seats_left=3,
        ),
        tour(
            2,
            "bodensee-2027",
            in_language(language, "Bodensee und Insel Mainau", "Lake Constance and Mainau"),
            in_language(
                language,
                "Viele, die an die Nordsee fahren, fahren auch hierhin.",
                "Many who go to the North Sea also go here.",
            ),
            region="Bodensee",
            price="1234.50",
            seats_left=18,
        ),
        tour(
            3,
            "advent-2026",
            in_language(language, "Adventszauber in Lübeck", "Advent in Lübeck"),
            in_language(
                language,
                "Im Dezember am häufigsten gebucht, Einstieg in Hamburg.",
                "Booked most often in December, with boarding in Hamburg.",
            ),
            region="Lübeck",
            price="59.00",
            seats_left=1,
            nights=0,
            departs_on=date(2026, 12, 5),
        ),
    ]


def tour(position: int, tour_id: str, name: str, why: str, **fields: Any) -> RecommendedTour:
    return RecommendedTour(
        tour_id=tour_id,
        departure_id=f"{tour_id}-1",
        name=name,
        score=1 / position,
        position=position,
        reason=reason("story", why),
        family_id=tour_id.split("-", maxsplit=1)[0],
        region=fields["region"],
        theme=None,
        nights=fields.get("nights", 5),
        departs_on=fields.get("departs_on", date(2027, 5, 8)),
        price=Decimal(fields["price"]),
        currency="EUR",
        seats_left=fields["seats_left"],
    )


def annas_years(language: str) -> list[TimelineEntry]:
    """Two touchpoints a year of each of the years 2025 to 2020, newest first, and one message on top."""
    read = in_language(language, "Hat den Brief „Frühling“ gelesen.", "Read the letter “Spring”.")
    top = entry("m", "MessageRead", "communications", NOW, "contact", read)
    years = [one for year in range(2025, 2019, -1) for one in annas_year(year, language)]
    return [top, *years]


def annas_year(year: int, language: str) -> list[TimelineEntry]:
    travelled = in_language(
        language, f"Stieg in Hamburg ZOB ein ({year}).", f"Boarded at Hamburg ZOB ({year})."
    )
    booked = in_language(
        language, f"Buchte Nordsee {year} für zwei, 754,93 €.", f"Booked Nordsee {year} for two, €754.93."
    )
    may, january = datetime(year, 5, 10, 5, 40, tzinfo=UTC), datetime(year, 1, 18, 9, 0, tzinfo=UTC)
    return [
        entry(f"t{year}", "BoardingEventCreated", "operations", may, "traveller", travelled),
        entry(f"b{year}", "BookingConfirmed", "commerce", january, "booker", booked),
    ]


def entry(
    event_id: str, event_type: str, source: str, occurred_at: datetime, role: str, text: str
) -> TimelineEntry:
    return TimelineEntry(
        event_id=event_id, type=event_type, source=source, occurred_at=occurred_at, role=role, text=text
    )

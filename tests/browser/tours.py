"""What is suggested to Anna."""

from datetime import date
from decimal import Decimal
from typing import Any

from serving.replies import RecommendationModel, RecommendedTour

from .people import ANNA, MODEL, NOW, in_language, reason


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

"""What is on sale: tours and dated departures, each as the newest event states it."""

import json
from collections.abc import Iterable
from typing import cast

from activity_log import schema
from activity_log.bulk import Keep, Row
from activity_log.contracts.commerce import DepartureScheduled, TourPublished
from activity_log.folding import Fold, Projection
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator


def _tours(_operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    tour = cast("TourPublished", event.payload)
    yield (
        event.operator_id,
        tour.tour_id,
        tour.family_id,
        tour.name.de,
        tour.name.en,
        tour.region,
        tour.theme,
        tour.nights,
        str(tour.price_from),
        tour.currency,
        event.occurred_us,
        event.event_id,
    )


def _departures(_operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    departure = cast("DepartureScheduled", event.payload)
    yield (
        event.operator_id,
        departure.departure_id,
        departure.tour_id,
        departure.departs_on.isoformat(),
        json.dumps(departure.boarding_point_ids),
        departure.seats_total,
        departure.seats_left,
        str(departure.price),
        departure.currency,
        event.occurred_us,
        event.event_id,
    )


CATALOGUE = Projection(
    "catalogue",
    (
        Fold(schema.tour, Keep.LATEST, frozenset({"TourPublished"}), _tours),
        Fold(
            schema.departure,
            Keep.LATEST,
            frozenset({"DepartureScheduled", "DepartureUpdated"}),
            _departures,
        ),
    ),
)

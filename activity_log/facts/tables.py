"""The fact tables and their columns. Column names are spelled here and nowhere else."""

from collections.abc import Mapping
from types import MappingProxyType

import pyarrow as pa

MOMENT = pa.timestamp("us", tz="UTC")
MONEY = pa.decimal128(14, 2)

_STAMP = {
    "operator_id": pa.string(),
    "customer_id": pa.string(),
    "occurred_at": MOMENT,
    "recorded_at": MOMENT,
    "event_id": pa.string(),
}
"""Whom a fact counts for, when it happened, when it was known, and the event it comes from."""

_PARTY = {"booking_id": pa.string(), "tour_id": pa.string(), "departure_id": pa.string()}


def _table(columns: Mapping[str, pa.DataType]) -> pa.Schema:
    return pa.schema({**_STAMP, **columns})


FACT_TABLES: Mapping[str, pa.Schema] = MappingProxyType(
    {
        # one row per profile update: the identity anchor, without the identity
        "profiles": _table(
            {"locale": pa.string(), "postcode_area": pa.string(), "marketing_consent": pa.bool_()}
        ),
        # customer_id is the booker
        "bookings": _table(
            {
                **_PARTY,
                "departure_date": pa.date32(),
                "amount": MONEY,
                "currency": pa.string(),
                "sales_channel": pa.string(),
                "party_size": pa.int32(),
            }
        ),
        # one row per named traveller of a booking
        "trips": _table(
            {
                **_PARTY,
                "departure_date": pa.date32(),
                "seat_position": pa.string(),
                "boarding_point_id": pa.string(),
                "is_booker": pa.bool_(),
            }
        ),
        # customer_id is the booker
        "cancellations": _table({"booking_id": pa.string(), "refund_amount": MONEY}),
        "no_shows": _table({"booking_id": pa.string()}),
        "boardings": _table(
            {
                "booking_id": pa.string(),
                "boarding_point_id": pa.string(),
                "seat_position": pa.string(),
                "minutes_late": pa.int32(),
            }
        ),
        # extras bought before or during the trip; kind: ancillary or onboard
        "extras": _table(
            {"kind": pa.string(), "category": pa.string(), "amount": MONEY, "currency": pa.string()}
        ),
        "payments": _table(
            {"booking_id": pa.string(), "amount": MONEY, "currency": pa.string(), "method": pa.string()}
        ),
        "abandonments": _table({"tour_id": pa.string(), "step": pa.string()}),
        # the status is delivered or read; without a campaign it is about a booking of theirs
        "messages": _table(
            {
                "message_id": pa.string(),
                "channel": pa.string(),
                "status": pa.string(),
                "campaign_id": pa.string(),
            }
        ),
        "conversations": _table({"channel": pa.string(), "satisfaction": pa.int32(), "nps": pa.int32()}),
        "consents": _table({"purpose": pa.string(), "granted": pa.bool_()}),
        # kind: merged or unmerged; customer_id is the surviving one
        "merges": _table({"kind": pa.string(), "merged_customer_id": pa.string()}),
        # the catalogue has no customer: customer_id is null
        "tours": _table(
            {
                "tour_id": pa.string(),
                "family_id": pa.string(),
                "region": pa.string(),
                "theme": pa.string(),
                "nights": pa.int32(),
                "price_from": MONEY,
            }
        ),
        "departures": _table(
            {
                "departure_id": pa.string(),
                "tour_id": pa.string(),
                "departs_on": pa.date32(),
                "seats_total": pa.int32(),
                "seats_left": pa.int32(),
                "price": MONEY,
            }
        ),
        # what was suggested; position counts from 1, clicked or only shown; no customer_id: nobody signed in
        "suggestions": _table(
            {
                "recommendation_id": pa.string(),
                "tour_id": pa.string(),
                "position": pa.int32(),
                "propensity": pa.float64(),
                "clicked": pa.bool_(),
                "model": pa.string(),
                "alternatives": pa.list_(pa.string()),
            }
        ),
    }
)

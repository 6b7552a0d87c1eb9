"""SQL of the floor: a select per group of features, over the tables of `feature_floor_tables`."""

from benchmarks.feature_floor_tables import CHANNELS, joined, latest, lists, most, of, within

_DAYS = {f"{days}d": within("seconds", days) for days in (90, 365, 730)}

_TOTALS = f"""SELECT n, count(*) AS total_bookings, sum(amount)::DOUBLE AS lifetime_revenue,
    sum(amount)::DOUBLE / count(*) AS average_booking_value, max(amount)::DOUBLE AS highest_booking_value,
    sum(amount)::DOUBLE / nullif(sum(party_size), 0) AS average_price_per_seat,
    sum(amount) FILTER (nights * party_size > 0)::DOUBLE
        / nullif(sum(nights * party_size) FILTER (nights * party_size > 0), 0) AS average_price_per_night,
    sum(party_size) / count(*) AS average_party_size, max(party_size)::BIGINT AS largest_party_size,
    avg(lead_time) AS average_booking_lead_time,
    min(lead_time) AS shortest_booking_lead_time,
    count(DISTINCT month(occurred)) AS different_booking_months, max(occurred) AS last_occurred,
    min(seconds) AS first_booked, max(seconds) AS last_booked,
    {", ".join(f"count(*) FILTER ({where}) AS bookings_{name}" for name, where in _DAYS.items())},
    {", ".join(f"sum(amount) FILTER ({where})::DOUBLE AS revenue_{name}" for name, where in _DAYS.items())},
    count(*) FILTER (departure_day >= getvariable('d')) AS upcoming_trips,
    max(departure_day) FILTER (departure_day < getvariable('d')) AS departed_day
    FROM booked GROUP BY n"""

_RHYTHM = """SELECT n, count(*) AS booking_days, max(booking_day) AS last_day,
    median(gap)::DOUBLE AS median_booking_gap_days, max(gap)::DOUBLE AS longest_booking_gap_days,
    (max(gap) - min(gap)) / 2.0 AS spread
    FROM (SELECT n, booking_day, booking_day - lag(booking_day) OVER (PARTITION BY n ORDER BY booking_day) AS gap
        FROM (SELECT DISTINCT n, booking_day FROM booked))
    GROUP BY n"""

_COMPANY = """SELECT n, count(DISTINCT companion) AS companions, count(DISTINCT event_id) AS trips_in_company
    FROM (SELECT one.n, one.event_id, coalesce(canonical_id, other.customer_id) AS companion
        FROM (SELECT DISTINCT n, event_id FROM travelled) AS one
        JOIN trips AS other USING (event_id) LEFT JOIN counted_as ON other.customer_id = counted_as.customer_id)
    JOIN people USING (n) WHERE companion <> customer_id GROUP BY n"""

_MESSAGES = f"""SELECT n, sum(delivered)::BIGINT AS messages_delivered, sum(read)::BIGINT AS messages_read,
    {
    ", ".join(
        f"coalesce(sum({counted}{what}) FILTER (channel = '{channel}'), 0)::BIGINT AS {kind}_{what}_{channel}"
        for kind, counted in (("messages", ""), ("campaigns", "campaign_"))
        for what in ("delivered", "read")
        for channel in CHANNELS
    )
},
    sum(delivered_365d)::BIGINT AS messages_delivered_365d, sum(read_365d)::BIGINT AS messages_read_365d,
    sum(answered) / nullif(sum(delivered), 0) AS read_rate,
    sum(answered_365d) / nullif(sum(delivered_365d), 0) AS read_rate_365d,
    sum(delay) / nullif(sum(delays), 0) / 3600 AS average_read_delay_hours,
    max(last_delivered) AS last_delivered, max(last_read) AS last_read,
    arg_min(channel, (-read, channel)) FILTER (read > 0) AS most_read_channel
    FROM by_channel GROUP BY n"""

_TALKS = f"""SELECT n, count(*) AS conversations, count(*) FILTER (satisfaction <= 2) AS complaints,
    count(*) FILTER ({within("seconds", 365)}) AS conversations_365d,
    count(*) FILTER ({within("seconds", 365)} AND satisfaction <= 2) AS complaints_365d,
    avg(satisfaction) AS average_satisfaction, avg(nps) AS average_nps,
    arg_max(satisfaction, (occurred_at, event_id))::BIGINT AS last_satisfaction,
    arg_max(nps, (occurred_at, event_id))::BIGINT AS last_nps,
    max(seconds) FILTER (satisfaction <= 2) AS last_complained
    FROM talk GROUP BY n"""

_PURPOSES = f"""SELECT n, list_sort(list(purpose)) AS consented_purposes
    FROM (SELECT n, purpose, arg_max(granted, (occurred_at, event_id)) AS granted
        FROM ({of("consents", "occurred_at, event_id, purpose, granted")}) GROUP BY n, purpose)
    WHERE granted GROUP BY n"""

_CONSENT = f"""SELECT n, arg_max(granted, (occurred_at, event_id)) AS marketing_consent FROM (
    SELECT n, occurred_at, event_id, marketing_consent AS granted FROM profile UNION ALL
    {of("consents", "occurred_at, event_id, granted", "purpose = 'marketing'")}) GROUP BY n"""

_CHECKOUTS = f"""SELECT n, count(*) AS abandoned_checkouts, max(seconds) AS last_abandoned,
    count(*) FILTER ({within("seconds", 90)}) AS abandoned_checkouts_90d,
    count(*) FILTER ({within("seconds", 365)}) AS abandoned_checkouts_365d
    FROM ({of("abandonments", "seconds")}) GROUP BY n"""

_CANCELLED = f"""SELECT n, count(DISTINCT booking_id) AS cancelled_bookings, max(seconds) AS last_cancelled
    FROM ({of("cancellations", "booking_id, seconds")}) GROUP BY n"""

_TRIPS = """SELECT n, count(DISTINCT travelled.booking_id) AS total_trips,
    count(DISTINCT booked.booking_id) AS trips_as_booker,
    count(DISTINCT booked.booking_id) / count(DISTINCT travelled.booking_id) AS booker_share,
    count(DISTINCT month(travelled.departure_date) % 12 // 3) AS seasons_travelled
    FROM travelled LEFT JOIN booked USING (n, booking_id) GROUP BY n"""

_NO_SHOWS = f"""SELECT n, count(DISTINCT booking_id) AS no_show_count, max(seconds) AS last_missed
    FROM ({of("no_shows", "booking_id, seconds")}) GROUP BY n"""

_BOARDINGS = f"""SELECT n, count(*) FILTER (minutes_late >= 15) AS late_boardings_365d,
    max(minutes_late)::BIGINT AS worst_lateness_365d
    FROM ({of("boardings", "minutes_late", within("seconds", 365))}) GROUP BY n"""

_EXTRAS = f"""SELECT n,
    {
    ", ".join(
        f"sum(amount) FILTER (kind = '{kind}')::DOUBLE AS {kind}_spend, "
        f"sum(amount) FILTER (kind = '{kind}' AND {within('seconds', 365)})::DOUBLE AS {kind}_spend_365d, "
        f"count(*) FILTER (kind = '{kind}') AS {kind}_purchases"
        for kind in ("onboard", "ancillary")
    )
}
    FROM ({of("extras", "kind, amount, seconds")}) GROUP BY n"""

_REPETITION = """SELECT n, count(DISTINCT family_id) AS different_families,
    (count(*) - count(DISTINCT family_id)) / nullif(count(*) - 1, 0) AS repeat_share,
    (count(*) - count(DISTINCT family_id) + 1) / (count(*) + 1) AS repeat_propensity,
    sum(nights) / nullif(count(nights), 0) AS average_nights, max(nights)::BIGINT AS longest_nights
    FROM taken GROUP BY n"""

_AHEAD = """SELECT n, list_sort(list(DISTINCT departure_id)) AS upcoming_departure_ids
    FROM taken WHERE departure_day >= getvariable('d') GROUP BY n"""


def _zero(*names: str) -> str:
    return ", ".join(f"coalesce({name}, 0) AS {name}" for name in names)


def _since(**names: str) -> str:
    return ", ".join(
        f"(getvariable('s') - {value}) / 86400.0::DOUBLE AS {name}" for name, value in names.items()
    )


_BY_CHANNEL = [
    f"{kind}_{what}_{channel}"
    for kind in ("messages", "campaigns")
    for what in ("delivered", "read")
    for channel in CHANNELS
]

GROUP_TABLES = {
    "customer_profile": f"""SELECT *, {_since(tenure_days="first_known")} FROM people {
        joined(
            [
                "SELECT n, min(seconds) AS first_known, count(*) AS profile_updates FROM profile GROUP BY n",
                latest("locale", "profile"),
                latest("postcode_area", "profile"),
                _PURPOSES,
            ]
        )
    }""",
    "customer_booking": f"""SELECT *, since_last / median_booking_gap_days AS overdue_ratio,
            (month(make_timestamp(epoch_us(getvariable('t')))) - usual_booking_month + 12) % 12 AS months_from_usual,
            since_last AS days_since_last_booking, last_occurred::TIMESTAMPTZ AS last_booking_at,
            cancelled_bookings / nullif(cancelled_bookings + total_bookings, 0) AS cancellation_rate,
            last_day + expected - rebooking_window_days - getvariable('s') / 86400.0::DOUBLE
                AS days_to_rebooking_window
        FROM (SELECT * REPLACE ({
        _zero(
            "total_bookings",
            "bookings_90d",
            "bookings_365d",
            "bookings_730d",
            "upcoming_trips",
            "lifetime_revenue",
            "revenue_90d",
            "revenue_365d",
            "revenue_730d",
            "cancelled_bookings",
        )
    }),
            {
        _since(
            days_since_first_booking="first_booked",
            since_last="last_booked",
            days_since_last_cancellation="last_cancelled",
            days_since_last_departure="departed_day * 86400",
        )
    },
            coalesce(median_booking_gap_days, 365) AS expected,
            CASE WHEN last_day IS NOT NULL THEN greatest(coalesce(spread, 0), 30)::DOUBLE END AS rebooking_window_days
        FROM people {
        joined(
            [
                _TOTALS,
                _RHYTHM,
                _CANCELLED,
                most("booked", "month(occurred)", "usual_booking_month", "usual_booking_month_share"),
                most("booked", "month(departure_date)", "usual_travel_month"),
                most("booked", "currency", "currency"),
                most("booked", "sales_channel", "usual_sales_channel"),
            ]
        )
    })""",
    "customer_travel": f"""SELECT * REPLACE ({
        _zero(
            "total_trips",
            "trips_as_booker",
            "companions",
            "trips_in_company",
            "no_show_count",
            "late_boardings_365d",
            "onboard_spend",
            "onboard_spend_365d",
            "onboard_purchases",
            "ancillary_spend",
            "ancillary_spend_365d",
            "ancillary_purchases",
        )
    }),
            coalesce(no_show_count, 0) / total_trips AS no_show_rate,
            {_since(days_since_last_no_show="last_missed")}
        FROM people {
        joined(
            [
                _TRIPS,
                _COMPANY,
                _NO_SHOWS,
                _BOARDINGS,
                _EXTRAS,
                most("travelled", "seat_position", "preferred_seat_position", "seat_position_share"),
                most("travelled", "boarding_point_id", "preferred_boarding_point", "boarding_point_share"),
            ]
        )
    }""",
    "customer_engagement": f"""SELECT * REPLACE ({
        _zero(
            "messages_delivered",
            "messages_read",
            *_BY_CHANNEL,
            "messages_delivered_365d",
            "messages_read_365d",
            "conversations",
            "conversations_365d",
            "complaints",
            "complaints_365d",
            "abandoned_checkouts",
            "abandoned_checkouts_90d",
            "abandoned_checkouts_365d",
        )
    },
            coalesce(marketing_consent, false) AS marketing_consent),
            {
        _since(
            days_since_last_message="last_delivered",
            days_since_last_read="last_read",
            days_since_last_complaint="last_complained",
            days_since_last_abandoned_checkout="last_abandoned",
        )
    }
        FROM people {joined([_MESSAGES, _TALKS, _CHECKOUTS, _CONSENT])}""",
    "customer_taste": f"""SELECT * FROM people {
        joined(
            [
                lists("family_id", "family"),
                lists("region", "region"),
                lists("theme", "theme"),
                _REPETITION,
                _AHEAD,
                most(
                    "(SELECT DISTINCT n, booking_id, family_id FROM travelled)",
                    "family_id",
                    "favourite_family",
                    "favourite_family_share",
                ),
                most("taken", "region", "favourite_region"),
                most("taken", "theme", "favourite_theme"),
            ]
        )
    }""",
}

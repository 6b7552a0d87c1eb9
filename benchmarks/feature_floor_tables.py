"""SQL of the floor: the tables that its groups start from, made one after the other at a moment."""

from collections.abc import Iterable

CHANNELS = ("email", "whatsapp", "sms", "phone", "letter", "push")


def most(rows: str, value: str, name: str, share: str = "") -> str:
    """Return the value seen most often, ties going to the first; and its share."""
    shared = f", max(seen) / sum(seen) AS {share}" if share else ""
    return f"""SELECT n, arg_min(v, (-seen, v)) AS {name}{shared}
        FROM (SELECT n, {value} AS v, count(*) AS seen FROM {rows} WHERE {value} IS NOT NULL GROUP BY ALL)
        GROUP BY n"""


def latest(value: str, rows: str) -> str:
    """Return the latest non-null value, between equals of the greater event id."""
    return f"SELECT n, arg_max({value}, (occurred_at, event_id)) AS {value} FROM {rows} GROUP BY n"


def lists(value: str, name: str) -> str:
    """Return the values taken, in order, and how often each."""
    return f"""SELECT n, list_transform(pairs, lambda pair: pair.v) AS {name}_ids,
            list_transform(pairs, lambda pair: pair.times) AS {name}_counts
        FROM (SELECT n, list_sort(list({{'v': v, 'times': times}})) AS pairs
            FROM (SELECT n, {value} AS v, count(*) AS times FROM taken WHERE {value} IS NOT NULL GROUP BY ALL)
            GROUP BY n)"""


def of(fact: str, columns: str, where: str = "true") -> str:
    """Return the rows of a fact that count, with the number of the customer they count for."""
    return f"""SELECT n, {columns} FROM {fact} JOIN member ON {fact}.customer_id = member.member_id
        WHERE known_at < getvariable('t') AND {where}"""


def joined(parts: Iterable[str]) -> str:
    """Join parts to the numbered customers."""
    return " ".join(f"LEFT JOIN ({part}) USING (n)" for part in parts)


def within(column: str, days: int) -> str:
    """Return whether a second lies at most so many days back."""
    return f"getvariable('s') - {column} <= {days * 86400}"


TOUR = "coalesce(tour.family_id, tour_id) AS family_id, region, theme, nights"
TRIP = "booking_id, event_id, departure_id, departure_date, epoch_ms(departure_date) // 86400000 AS departure_day"

TABLES = {
    "counted_as": """SELECT customer_id, canonical_id FROM identities
        WHERE getvariable('t') > valid_from AND getvariable('t') <= valid_to""",
    "people": """SELECT row_number() OVER ()::INTEGER AS n, customer_id
        FROM (SELECT DISTINCT customer_id FROM profiles WHERE known_at < getvariable('t')) AS seen
        ANTI JOIN counted_as USING (customer_id)""",
    "member": """SELECT customer_id AS member_id, n FROM people UNION ALL
        SELECT counted_as.customer_id, n FROM counted_as JOIN people ON canonical_id = people.customer_id""",
    "tour": """SELECT tour_id, family_id, region, theme, nights FROM tours WHERE known_at < getvariable('t')
        QUALIFY row_number() OVER (PARTITION BY tour_id ORDER BY occurred_at DESC, event_id DESC) = 1""",
    "kept": """SELECT * FROM (SELECT * FROM bookings WHERE known_at < getvariable('t')) AS one
        ANTI JOIN (SELECT booking_id FROM cancellations WHERE known_at < getvariable('t')) USING (booking_id)
        QUALIFY row_number() OVER (PARTITION BY booking_id ORDER BY occurred_at DESC, event_id DESC) = 1""",
    "booked": f"""SELECT n, {TRIP}, seconds, make_timestamp(epoch_us(occurred_at)) AS occurred, amount, currency,
            sales_channel, party_size, seconds // 86400 AS booking_day, {TOUR},
            CASE WHEN departure_date IS NOT NULL THEN greatest(departure_day - booking_day, 0) END AS lead_time
        FROM kept JOIN member ON kept.customer_id = member_id LEFT JOIN tour USING (tour_id)""",
    "travelled": f"""SELECT n, {TRIP}, seat_position, boarding_point_id, is_booker, {TOUR}
        FROM trips JOIN member ON trips.customer_id = member_id LEFT JOIN tour USING (tour_id)
        SEMI JOIN (SELECT event_id FROM kept) AS k USING (event_id)""",
    "taken": """SELECT n, booking_id, any_value(departure_id) AS departure_id,
            any_value(departure_day) AS departure_day, any_value(family_id) AS family_id,
            any_value(region) AS region, any_value(theme) AS theme,
            any_value(nights) AS nights
        FROM (SELECT n, booking_id, departure_id, departure_day, family_id, region, theme, nights FROM booked
            UNION ALL
            SELECT n, booking_id, departure_id, departure_day, family_id, region, theme, nights FROM travelled)
        GROUP BY n, booking_id""",
    "profile": of("profiles", "seconds, occurred_at, event_id, locale, postcode_area, marketing_consent"),
    "talk": of("conversations", "seconds, occurred_at, event_id, satisfaction, nps"),
    "by_channel": f"""SELECT n, channel, count(delivered) AS delivered, count(read) AS read,
            count(delivered) FILTER (campaign_id IS NOT NULL) AS campaign_delivered,
            count(read) FILTER (campaign_id IS NOT NULL) AS campaign_read,
            count(*) FILTER (delivered IS NOT NULL AND read IS NOT NULL) AS answered,
            sum(greatest(delay, 0)) FILTER (delay IS NOT NULL) AS delay, count(delay) AS delays,
            max(delivered) AS last_delivered, max(read) AS last_read,
            count(*) FILTER ({within("delivered", 365)}) AS delivered_365d,
            count(*) FILTER ({within("read", 365)}) AS read_365d,
            count(*) FILTER ({within("delivered", 365)} AND read IS NOT NULL) AS answered_365d
        FROM (SELECT n, min(channel) AS channel, min(campaign_id) AS campaign_id,
                max(seconds) FILTER (status = 'delivered') AS delivered,
                max(seconds) FILTER (status = 'read') AS read,
                min(seconds) FILTER (status = 'read') - min(seconds) FILTER (status = 'delivered') AS delay
            FROM ({of("messages", "message_id, seconds, channel, status, campaign_id")}) GROUP BY n, message_id)
        GROUP BY n, channel""",
}

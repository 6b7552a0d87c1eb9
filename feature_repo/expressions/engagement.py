"""How a customer answers: messages by channel, conversations and their ratings, checkouts, consent."""

from collections.abc import Mapping
from typing import Any, get_args

import ibis
import ibis.expr.types as ir

from activity_log.contracts.fields import Channel
from feature_repo.expressions.clocks import ROW, Facts, Known, latest, most_frequent
from feature_repo.expressions.moving import Now, Value, count, ratio

LOW_SATISFACTION = 2
"""Up to which rating (1-5) a conversation counts as a complaint."""

CHANNELS: tuple[str, ...] = get_args(Channel)

YEAR = 365
QUARTER = 90
SECONDS_PER_HOUR = 3_600.0


def messages(facts: Facts, known: Known) -> ir.Table:
    """Return each message once: when it was last delivered and last read, in seconds since 1970, null if never."""
    rows = known.rows(facts.messages)
    delivered, read = rows.status == "delivered", rows.status == "read"
    return rows.group_by([*ROW, "message_id"]).agg(
        channel=rows.channel.min(),
        campaign_id=rows.campaign_id.min(),
        delivered=rows["at"].max(where=delivered),
        read=rows["at"].max(where=read),
        delay=rows["at"].min(where=read) - rows["at"].min(where=delivered),
    )


def settled_messages(rows: ir.Table) -> Mapping[str, ir.Value]:
    """Messages of a lifetime, together and by channel, and those of campaigns by channel."""
    delivered, read, campaign = rows.delivered.notnull(), rows.read.notnull(), rows.campaign_id.notnull()
    counted = {
        "messages_delivered": delivered,
        "messages_read": read,
        "campaigns_delivered": delivered & campaign,
        "campaigns_read": read & campaign,
    }
    by_channel = {
        f"{what}_{channel}": rows.count(where=where & (rows.channel == channel))
        for what, where in counted.items()
        for channel in CHANNELS
    }
    return {
        "messages_delivered": rows.count(where=delivered),
        "messages_read": rows.count(where=read),
        **by_channel,
        "read_rate": rows.count(where=delivered & read) / rows.count(where=delivered).nullif(0),
        "average_read_delay_hours": rows.delay.clip(lower=0).mean() / SECONDS_PER_HOUR,
        "last_delivered": rows.delivered.max(),
        "last_read": rows.read.max(),
    }


def message_windows(rows: Any, now: Now) -> Mapping[str, Value]:
    """Messages of the last year; what was read counts for the rate only if its delivery does."""
    delivered = now.within(YEAR, rows.delivered)
    return {
        "messages_delivered_365d": count(delivered),
        "messages_read_365d": count(now.within(YEAR, rows.read)),
        "answered_365d": count(delivered & (rows.read > 0)),
    }


def lasting_messages(rows: ir.Table, now: Now) -> ir.BooleanValue:
    """Return which messages were delivered or read within the last year."""
    return now.within(YEAR, ibis.greatest(rows.delivered, rows.read))


def conversations(facts: Facts, known: Known) -> ir.Table:
    """Return the conversations of each customer."""
    rows = known.rows(facts.conversations)
    return rows.mutate(satisfaction=rows.satisfaction.cast("float64"))


def settled_conversations(rows: ir.Table) -> Mapping[str, ir.Value]:
    """Ratings of a lifetime."""
    complaint = rows.satisfaction <= LOW_SATISFACTION
    return {
        "conversations": rows.count(),
        "complaints": rows.count(where=complaint),
        "average_satisfaction": rows.satisfaction.mean(),
        "average_nps": rows.nps.sum() / rows.nps.count().nullif(0),
        "last_complained": rows["at"].max(where=complaint),
    }


def conversation_windows(rows: Any, now: Now) -> Mapping[str, Value]:
    """Conversations of the last year, and how many of them ended badly."""
    recent = now.within(YEAR, rows.at)
    return {
        "conversations_365d": count(recent),
        "complaints_365d": count(recent & (rows.satisfaction <= LOW_SATISFACTION)),
    }


def abandonments(facts: Facts, known: Known) -> ir.Table:
    """Return the checkouts each customer left."""
    return known.rows(facts.abandonments)


def settled_abandonments(rows: ir.Table) -> Mapping[str, ir.Value]:
    """Abandoned checkouts of a lifetime."""
    return {"abandoned_checkouts": rows.count(), "last_abandoned": rows["at"].max()}


def abandonment_windows(rows: Any, now: Now) -> Mapping[str, Value]:
    """Abandoned checkouts of the last quarter and year."""
    return {
        "abandoned_checkouts_90d": count(now.within(QUARTER, rows.at)),
        "abandoned_checkouts_365d": count(now.within(YEAR, rows.at)),
    }


def within_a_year(rows: ir.Table, now: Now) -> ir.BooleanValue:
    """Return which rows happened within the last year."""
    return now.within(YEAR, rows["at"])


def answers(facts: Facts, known: Known) -> tuple[ir.Table, ...]:
    """Return the channel read most, the latest ratings and the latest word on marketing."""
    each, talks = messages(facts, known), known.rows(facts.conversations)
    return (
        most_frequent(each.filter(each.read.notnull()), "channel", "most_read_channel"),
        latest(talks, "last_nps", "nps"),
        latest(talks, "last_satisfaction", "satisfaction"),
        _consent(facts, known),
    )


def engagement_moving(values: Any, now: Now) -> Mapping[str, Value]:
    """Ages and rates."""
    return {
        "read_rate_365d": ratio(values.answered_365d, values.messages_delivered_365d),
        "days_since_last_message": now.days_since(values.last_delivered),
        "days_since_last_read": now.days_since(values.last_read),
        "days_since_last_complaint": now.days_since(values.last_complained),
        "days_since_last_abandoned_checkout": now.days_since(values.last_abandoned),
    }


def _consent(facts: Facts, known: Known) -> ir.Table:
    """Return the latest word on marketing, whether said by a profile or by a consent event."""
    shared = ("occurred_at", "event_id")
    said_by_profile = known.rows(facts.profiles).select(*ROW, *shared, granted=ibis._.marketing_consent)
    consents = known.rows(facts.consents)
    said = consents.filter(consents.purpose == "marketing").select(*ROW, *shared, "granted")
    return latest(said_by_profile.union(said), "marketing_consent", "granted")

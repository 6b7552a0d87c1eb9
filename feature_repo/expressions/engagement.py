"""How a customer answers: messages by channel, conversations and their ratings, checkouts, consent."""

import ibis
import ibis.expr.types as ir

from feature_repo.expressions.clocks import (
    ROW,
    Facts,
    beside,
    days_before,
    known,
    latest,
    most_frequent,
)

LOW_SATISFACTION = 2
"""Up to which rating (1-5) a conversation counts as a complaint."""


def engagement(facts: Facts, as_of: ir.Table) -> ir.Table:
    """Messages, ratings, abandoned checkouts and consent of each customer; see `groups` for each column."""
    messages = known(facts.messages, facts, as_of)
    table = beside(
        as_of,
        _messages(messages),
        most_frequent(messages.filter(messages.status == "read"), "channel", "most_read_channel"),
        _conversations(facts, as_of),
        latest(known(facts.conversations, facts, as_of), "last_nps", "nps"),
        latest(known(facts.conversations, facts, as_of), "last_satisfaction", "satisfaction"),
        _abandonments(facts, as_of),
        _consent(facts, as_of),
    )
    counts = (
        "messages_delivered", "messages_read", "messages_delivered_365d", "messages_read_365d",
        "conversations_365d", "complaints_365d", "abandoned_checkouts_90d",
    )  # fmt: skip
    return table.mutate(
        **{name: table[name].fill_null(0) for name in counts},
        last_nps=table.last_nps.cast("int64"),
        last_satisfaction=table.last_satisfaction.cast("int64"),
        marketing_consent=table.marketing_consent.fill_null(False),
    )


def _messages(facts_of_messages: ir.Table) -> ir.Table:
    """Count messages, each once; what was read counts for the rate only if its delivery does."""
    messages = _each_message(facts_of_messages)
    return messages.group_by(list(ROW)).agg(
        messages_delivered=messages.delivered.sum(),
        messages_read=messages.read.sum(),
        messages_delivered_365d=messages.delivered_365d.sum(),
        messages_read_365d=messages.read_365d.sum(),
        read_rate_365d=(messages.delivered_365d & messages.read).sum()
        / messages.delivered_365d.sum().nullif(0),
        days_since_last_read=messages.days_since_read.min(),
    )


def _each_message(rows: ir.Table) -> ir.Table:
    age = days_before(rows.as_of, rows.occurred_at)
    delivered, read = rows.status == "delivered", rows.status == "read"
    return rows.group_by([*ROW, "message_id"]).agg(
        delivered=delivered.any(),
        read=read.any(),
        delivered_365d=(delivered & (age <= 365)).any(),
        read_365d=(read & (age <= 365)).any(),
        days_since_read=age.min(where=read),
    )


def _conversations(facts: Facts, as_of: ir.Table) -> ir.Table:
    talks = known(facts.conversations, facts, as_of)
    recent = days_before(talks.as_of, talks.occurred_at) <= 365
    return talks.group_by(list(ROW)).agg(
        conversations_365d=talks.count(where=recent),
        complaints_365d=talks.count(where=recent & (talks.satisfaction <= LOW_SATISFACTION)),
        average_satisfaction=talks.satisfaction.sum() / talks.satisfaction.count().nullif(0),
    )


def _abandonments(facts: Facts, as_of: ir.Table) -> ir.Table:
    left = known(facts.abandonments, facts, as_of)
    recent = days_before(left.as_of, left.occurred_at) <= 90
    return left.group_by(list(ROW)).agg(abandoned_checkouts_90d=left.count(where=recent))


def _consent(facts: Facts, as_of: ir.Table) -> ir.Table:
    """Return the latest word on marketing, whether said by a profile or by a consent event."""
    shared = ("occurred_at", "event_id")
    said_by_profile = known(facts.profiles, facts, as_of).select(
        *ROW, *shared, granted=ibis._.marketing_consent
    )
    consents = known(facts.consents, facts, as_of)
    said = consents.filter(consents.purpose == "marketing").select(*ROW, *shared, "granted")
    return latest(said_by_profile.union(said), "marketing_consent", "granted")

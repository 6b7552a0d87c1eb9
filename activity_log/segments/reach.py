"""Whom marketing may write to, and by which channels: consent as it is now, and what the profile holds."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from activity_log import schema
from activity_log.bulk import batches
from activity_log.consents import Word, said
from activity_log.merging import survivors
from activity_log.outbox.people import MARKETING

_IDS_PER_QUERY = 500

CHANNELS_OF: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "phone": ("phone", "sms", "whatsapp"),
    "postcode": ("letter",),
}
"""The channels that a field of the profile opens; push needs an app, of which profiles say nothing."""


@dataclass(frozen=True)
class Reach:
    """contact_allowed: the latest word on marketing was yes. channels: that the profile holds an address for."""

    contact_allowed: bool
    channels: frozenset[str]


@dataclass(frozen=True)
class Audience:
    """Of so many customers, how many may be written to, and how many of these by each channel."""

    customers: int
    contactable: int
    by_channel: Mapping[str, int]


NOBODY = Reach(False, frozenset())


def reach_of(connection: Connection, operator_id: str, customer_ids: Collection[str]) -> dict[str, Reach]:
    """Return how customers who have a profile may be reached; merged people by the words and addresses of all.

    The same consent as `outbox.people.contact_allowed` finds, for many at once. No address is returned.
    """
    counts_as = _ids_of(connection, operator_id, customer_ids)
    words: defaultdict[str, list[Word]] = defaultdict(list)
    channels: defaultdict[str, set[str]] = defaultdict(set)
    table = schema.person_profile
    query = select(
        table.c.customer_id, table.c.occurred_at, table.c.event_id, table.c.marketing_consent,
        *(table.c[field].is_not(None).label(field) for field in CHANNELS_OF),
    ).where(table.c.operator_id == operator_id)  # fmt: skip
    for some in batches(counts_as, _IDS_PER_QUERY):
        for row in connection.execute(query.where(table.c.customer_id.in_(some))):
            customer = counts_as[row.customer_id]
            words[customer].append((row.occurred_at, row.event_id, row.marketing_consent))
            channels[customer].update(*(CHANNELS_OF[field] for field in CHANNELS_OF if getattr(row, field)))
    with_profile = list(words)
    for customer_id, word in said(connection, operator_id, MARKETING, counts_as):
        words[counts_as[customer_id]].append(word)
    return {one: Reach(bool(max(words[one])[-1]), frozenset(channels[one])) for one in with_profile}


def audience(customer_ids: Collection[str], reach: Mapping[str, Reach]) -> Audience:
    """Count whom one may write to."""
    allowed = [reach[one] for one in customer_ids if reach.get(one, NOBODY).contact_allowed]
    by_channel = Counter(channel for one in allowed for channel in one.channels)
    channels = sorted({channel for opened in CHANNELS_OF.values() for channel in opened})
    return Audience(len(customer_ids), len(allowed), {channel: by_channel[channel] for channel in channels})


def _ids_of(connection: Connection, operator_id: str, customer_ids: Iterable[str]) -> dict[str, str]:
    """Return by every id whom of the customers it belongs to: themselves, and those merged into them."""
    asked = set(customer_ids)
    merged = {one: root for one, root in survivors(connection, operator_id).items() if root in asked}
    return {one: one for one in sorted(asked)} | merged

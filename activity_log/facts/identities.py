"""Who was counted as whom, and when: merges folded into intervals."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Merge:
    """From `effective_at` on, `merged` counts as `surviving`. Both are customer ids of one operator."""

    surviving: str
    merged: str
    effective_at: datetime


@dataclass(frozen=True)
class Identity:
    """`customer_id` is counted as `canonical_id` at moments after `valid_from`, up to `valid_to`."""

    customer_id: str
    canonical_id: str
    valid_from: datetime
    valid_to: datetime


def identities(merges: Iterable[Merge]) -> list[Identity]:
    """Fold merges, in any order of arrival, into the intervals of everybody who was ever merged away.

    A chain (A into B, B into C) counts A as C from the second merge on. A merge of somebody into themselves,
    or into a person who counts as them already, changes nothing.
    """
    current: dict[str, Identity] = {}
    closed: list[Identity] = []
    for merge in sorted(merges, key=lambda m: (m.effective_at, m.surviving, m.merged)):
        root = _root(current, merge.surviving)
        gone = _root(current, merge.merged)
        if root == gone:
            continue
        group = [gone, *(member for member, identity in current.items() if identity.canonical_id == gone)]
        for member in group:
            if member in current:
                before = current[member]
                closed.append(Identity(member, gone, before.valid_from, merge.effective_at))
            current[member] = Identity(member, root, merge.effective_at, END_OF_TIME)
    return sorted(
        [*closed, *current.values()], key=lambda identity: (identity.customer_id, identity.valid_from)
    )


def _root(current: dict[str, Identity], customer_id: str) -> str:
    return current[customer_id].canonical_id if customer_id in current else customer_id

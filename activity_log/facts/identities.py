"""Who was counted as whom, and when: merges, and what took them back, folded into intervals."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)

MERGED, UNMERGED = "merged", "unmerged"


@dataclass(frozen=True)
class IdentityLink:
    """What the Backoffice said of two customers of one operator at `occurred_at`; it counts after `effective_at`.

    kind: MERGED, they are one person, who counts as `surviving`; or UNMERGED, they are two.
    """

    kind: str
    surviving: str
    merged: str
    occurred_at: datetime
    effective_at: datetime
    event_id: str


@dataclass(frozen=True)
class Identity:
    """`customer_id` is counted as `canonical_id` at moments after `valid_from`, up to `valid_to`."""

    customer_id: str
    canonical_id: str
    valid_from: datetime
    valid_to: datetime


def identities(links: Iterable[IdentityLink]) -> list[Identity]:
    """Fold merges and unmerges, in any order of arrival, into the intervals of everybody who counted as another.

    A merge holds from its effect on. An unmerge ends every merge of the same two, whichever of them survived,
    that happened before it (between equals: with a smaller event id); the merge ends when the unmerge takes
    effect, and never began if it was known before.

    At each moment, people are what the merges that hold at that moment make of them, taken in the order they
    happened, as if there had never been another: each lets the whole group of `merged` count as whom
    `surviving` counts as; of two who are one person already it changes nothing. So after A into B, B into C,
    A counts as C; take back the first, and A is alone while B still counts as C. Were A also merged into C,
    A would stay with C.

    The time taken grows with the links, the intervals, and the group that an unmerge, or a merge known late,
    touches.
    """
    people = _People()
    for moment, changes in _changes(links):
        people.change(moment, changes)
    return people.intervals()


@dataclass(frozen=True, eq=False)
class _Hold:
    """A merge while it holds, equal only to itself. `order`: its place among the merges as they happened."""

    order: tuple[datetime, str]
    surviving: str
    merged: str


@dataclass
class _Changes:
    """The merges that begin and end to hold at one moment."""

    begin: list[_Hold] = field(default_factory=list)
    end: list[_Hold] = field(default_factory=list)


def _changes(links: Iterable[IdentityLink]) -> Iterator[tuple[datetime, _Changes]]:
    pairs: defaultdict[frozenset[str], list[IdentityLink]] = defaultdict(list)
    for link in links:
        pairs[frozenset((link.surviving, link.merged))].append(link)
    changes: defaultdict[datetime, _Changes] = defaultdict(_Changes)
    for said in pairs.values():
        for hold, since, until in _holds(said):
            changes[since].begin.append(hold)
            if until < END_OF_TIME:
                changes[until].end.append(hold)
    return iter(sorted(changes.items()))


def _holds(said: list[IdentityLink]) -> Iterator[tuple[_Hold, datetime, datetime]]:
    """Yield the merges of one pair that ever hold, with since and until when."""
    ended = END_OF_TIME
    for link in sorted(said, key=lambda one: (one.occurred_at, one.event_id), reverse=True):
        if link.kind == UNMERGED:
            ended = min(ended, link.effective_at)
        elif link.effective_at < ended and link.surviving != link.merged:
            order = (link.occurred_at, link.event_id)
            yield _Hold(order, link.surviving, link.merged), link.effective_at, ended


class _People:
    """The groups that count as one at a moment, and the intervals closed before it."""

    def __init__(self) -> None:
        self._holds: defaultdict[str, set[_Hold]] = defaultdict(set)
        self._root: dict[str, str] = {}
        self._group: dict[str, list[str]] = {}
        self._newest: dict[str, tuple[datetime, str]] = {}
        self._open: dict[str, Identity] = {}
        self._closed: list[Identity] = []

    def change(self, moment: datetime, changes: _Changes) -> None:
        """Let merges begin and end to hold at `moment`, and write down who counts as somebody else by it."""
        touched: set[str] = set()
        for hold in changes.end:
            for one in (hold.surviving, hold.merged):
                self._holds[one].discard(hold)
        late: list[_Hold] = []
        for hold in sorted(changes.begin, key=lambda begun: begun.order):
            self._holds[hold.surviving].add(hold)
            self._holds[hold.merged].add(hold)
            if changes.end or late or not self._is_newest(hold):
                late.append(hold)
            else:
                touched.update(self._join(hold))
        touched.update(self._regroup([*changes.end, *late]))
        self._write_down(touched, moment)

    def intervals(self) -> list[Identity]:
        """Return all intervals, by customer and time."""
        return sorted(
            [*self._closed, *self._open.values()], key=lambda one: (one.customer_id, one.valid_from)
        )

    def _is_newest(self, hold: _Hold) -> bool:
        roots = (self._root_of(hold.surviving), self._root_of(hold.merged))
        return all(root not in self._newest or self._newest[root] < hold.order for root in roots)

    def _join(self, hold: _Hold) -> list[str]:
        """Let the group of the merged count as whom the surviving counts as; return who changed."""
        root, gone = self._root_of(hold.surviving), self._root_of(hold.merged)
        self._newest[root] = hold.order
        if root == gone:
            return []
        moving = self._group.pop(gone, [gone])
        self._newest.pop(gone, None)
        self._group.setdefault(root, [root]).extend(moving)
        self._root.update(dict.fromkeys(moving, root))
        return moving

    def _regroup(self, changed: list[_Hold]) -> set[str]:
        """Take the groups of these merges apart and join them anew from what holds; return their people."""
        touched: set[str] = set()
        for hold in changed:
            for one in (hold.surviving, hold.merged):
                root = self._root_of(one)
                touched.update(self._group.get(root, [root]))
        for one in touched:
            for known in (self._root, self._group, self._newest):
                known.pop(one, None)
        holding = {hold for one in touched for hold in self._holds[one]}
        for hold in sorted(holding, key=lambda held: held.order):
            self._join(hold)
        return touched

    def _write_down(self, touched: Iterable[str], moment: datetime) -> None:
        for one in touched:
            root, before = self._root_of(one), self._open.get(one)
            if root == (before.canonical_id if before else one):
                continue
            if before:
                self._closed.append(Identity(one, before.canonical_id, before.valid_from, moment))
                del self._open[one]
            if root != one:
                self._open[one] = Identity(one, root, moment, END_OF_TIME)

    def _root_of(self, one: str) -> str:
        return self._root.get(one, one)

"""Following the log of one operator, a batch at a time.

States are written first and the mark that they are there afterwards, so whoever is killed in between does a batch
again and leaves nothing out. Everything a state is computed from is read from one snapshot of the log.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Connection, or_, select

from activity_log import ledger, projection_state, schema
from activity_log.bulk import batches
from activity_log.clock import Clock
from activity_log.contracts.backoffice import PersonProfileUpdated
from activity_log.database import Database
from activity_log.errors import BusflowError
from activity_log.facts.of_customers import CustomerFacts
from activity_log.facts.touched import touched_by
from activity_log.garbage import without_cyclic_gc
from activity_log.ledger import LoggedEvent
from activity_log.moments import from_microseconds, microseconds
from activity_log.operators import Operator
from activity_log.projection_state import ONLINE
from activity_log.turns import turn
from feature_repo.freshness.filling import Fill
from feature_repo.freshness.mark import Mark, Place, StateStore, find_mark
from feature_repo.recomputing import STATES, Recomputing

EVENTS_AT_ONCE = 500
CUSTOMERS_AT_ONCE = 500
FEW_CUSTOMERS = 1_000
"""Up to so many a store is filled customer by customer, which needs no fact files."""

NEEDED = ("profiles", "identities", "bookings", "timeline")
"""The read models by which a customer's events are found."""


class FrozenLogError(BusflowError):
    """A read model shows the world of an earlier moment."""

    def __init__(self, operator_id: str, name: str, until: datetime):
        super().__init__(
            f"the read model '{name}' shows the world of {until:%Y-%m-%d %H:%M} UTC, and the online features wait: "
            f"`busflow replay -o {operator_id}` brings it to the present"
        )


@dataclass(frozen=True)
class Step:
    """What one batch did. events: read; customers: written; is_level: nothing more was there."""

    events: int = 0
    customers: int = 0
    is_level: bool = True


class Follower:
    """Follows one operator's log. Use it from one thread at a time; other processes may follow the same."""

    def __init__(
        self,
        database: Database,
        operator: Operator,
        store: StateStore,
        recomputing: Recomputing,
        fill: Fill | None = None,
    ):
        self.operator = operator
        self._fill = fill
        self._database = database
        self._store = store
        self._recomputing = recomputing
        self._facts = CustomerFacts(operator)
        self._due: list[tuple[int, int]] = []
        self._at: Mark | None = None

    @property
    def level(self) -> int:
        """The seq up to which the store was found or made level with the log; -1: not looked yet."""
        return self._at.place.level if self._at else -1

    def next_due(self) -> datetime | None:
        """Return when the next event that lies ahead comes due; None: none does."""
        return from_microseconds(self._due[0][0]) if self._due else None

    def step(self, clock: Clock) -> Step:
        """Bring what one batch of events, and events come due, change into the store.

        Does nothing while another process is at it. Raises FrozenLogError, and what the database and the store
        raise; then nothing is lost, and the next step does it again.
        """
        now = clock()
        with (
            without_cyclic_gc(),
            self._database.reading() as connection,
            turn(connection, f"online-{self.operator.operator_id}") as is_ours,
        ):
            if not is_ours:
                return Step()
            mark = self._resume(connection)
            if mark is None:
                return self._begin(connection, now)
            as_of = max(now, mark.as_of)
            events = self._events(connection, mark.place.level)
            due = self._come_due(as_of)
            if events or due:
                customers = self._bring(connection, events, due, as_of)
                self._look_ahead(events, as_of)
                self._settle(events[-1].seq if events else mark.place.level, as_of)
                return Step(len(events), customers, is_level=len(events) < EVENTS_AT_ONCE)
        return Step()

    def _begin(self, connection: Connection, now: datetime) -> Step:
        """Bring the states of all customers into a store that never followed the log, or by another layout."""
        self._check_not_frozen(connection)
        operator_id = self.operator.operator_id
        level, customers = ledger.last_seq(connection, operator_id), _everybody(connection, operator_id)
        if (
            self._fill is not None
            and len(customers) > FEW_CUSTOMERS
            and not self._facts_are_frozen(connection)
        ):
            self._push_all(self._fill, customers, now)
        else:
            self._push(connection, customers, now)
        self._due = self._ahead(connection, Mark(Place(level, 0), now))
        self._settle(level, now)
        return Step(customers=len(customers))

    def _resume(self, connection: Connection) -> Mark | None:
        """Return how far the store is, and know what lies ahead; anew where another process went on meanwhile."""
        mark = self._found(connection)
        if mark != self._at:
            self._due = self._ahead(connection, mark) if mark else []
            self._at = mark
        return mark

    def _found(self, connection: Connection) -> Mark | None:
        """Return the store's mark, or the log's own note where that says less: the log may be an older backup."""
        operator_id = self.operator.operator_id
        mark, noted = (
            find_mark(self._store, operator_id),
            projection_state.online_level(connection, operator_id),
        )
        if mark is None or noted is None:
            return None
        level = min(mark.place.level, noted.seq)
        return Mark(Place(level, min(mark.place.due_after, level)), mark.as_of)

    def _events(self, connection: Connection, level: int) -> list[LoggedEvent]:
        operator_id = self.operator.operator_id
        return next(ledger.read(connection, operator_id, after=level, chunk=EVENTS_AT_ONCE), [])

    def _ahead(self, connection: Connection, mark: Mark) -> list[tuple[int, int]]:
        """Return when events before the mark come due, with their seqs, the next one first."""
        table, place = schema.event, mark.place
        query = select(table.c.occurred_at, table.c.recorded_at, table.c.seq).where(
            table.c.operator_id == self.operator.operator_id,
            table.c.seq > place.due_after,
            table.c.seq <= place.level,
            or_(table.c.occurred_at >= mark.as_of, table.c.recorded_at >= mark.as_of),
        )
        return sorted(
            (microseconds(max(happened, recorded)), seq)
            for happened, recorded, seq in connection.execute(query)
        )

    def _come_due(self, as_of: datetime) -> list[int]:
        before = microseconds(as_of)
        return [seq for known_us, seq in self._due if known_us < before]

    def _bring(
        self, connection: Connection, events: Sequence[LoggedEvent], due: Sequence[int], as_of: datetime
    ) -> int:
        """Push the states of all whom these events touch; return their number."""
        self._check_not_frozen(connection)
        earlier = ledger.read_some(connection, due) if due else []
        tours = self._facts.tours(connection)
        touched = touched_by(connection, self.operator, [*events, *earlier], tours)
        self._push(connection, touched, as_of)
        return len(touched)

    def _push(self, connection: Connection, customers: Collection[str], as_of: datetime) -> None:
        for some in batches(sorted(customers), CUSTOMERS_AT_ONCE):
            self._store.push(self._states(connection, some, as_of))

    def _push_all(self, fill: Fill, customers: Collection[str], as_of: datetime) -> None:
        """Push what a full build says, and empty states of everybody whom it does not know any more."""
        absent = set(customers)
        for states in fill(self._database, self.operator, as_of):
            self._store.push(states)
            absent.difference_update(states["customer_id"].to_pylist())
        self._store.push(self._empty(absent, as_of))

    def _facts_are_frozen(self, connection: Connection) -> bool:
        levels = projection_state.levels(connection, self.operator.operator_id)
        return levels[projection_state.FACTS].until is not None

    def _check_not_frozen(self, connection: Connection) -> None:
        levels = projection_state.levels(connection, self.operator.operator_id)
        for name in NEEDED:
            if (until := levels[name].until) is not None:
                raise FrozenLogError(self.operator.operator_id, name, until)

    def _states(self, connection: Connection, customers: Collection[str], as_of: datetime) -> pa.Table:
        """Compute states; of who does not exist, or counts as somebody else, an empty one."""
        states = self._recomputing.states(self._facts.of(connection, customers), customers, as_of)
        absent = set(customers).difference(states["customer_id"].to_pylist())
        return pa.concat_tables([states, self._empty(absent, as_of)])

    def _empty(self, customers: Collection[str], as_of: datetime) -> pa.Table:
        whose = {"operator_id": self.operator.operator_id, "as_of": as_of, "packed": b""}
        return pa.Table.from_pylist(
            [whose | {"customer_id": one} for one in sorted(customers)], schema=STATES
        )

    def _look_ahead(self, events: Sequence[LoggedEvent], as_of: datetime) -> None:
        """Drop what has come due, and remember those of these events that have not."""
        before = microseconds(as_of)
        fresh = ((max(one.occurred_us, one.recorded_us), one.seq) for one in events)
        self._due = sorted(one for one in (*self._due, *fresh) if one[0] >= before)

    def _settle(self, level: int, as_of: datetime) -> None:
        """Mark in the store, then note in the log, that the events up to this level are in it."""
        due_after = min((seq - 1 for _, seq in self._due), default=level)
        self._at = Mark(Place(level, due_after), as_of)
        self._store.push(self._at.rows(self.operator.operator_id))
        with self._database.writing() as connection:
            projection_state.settle(connection, self.operator.operator_id, [ONLINE], level)


def _everybody(connection: Connection, operator_id: str) -> list[str]:
    """Return everybody who ever had a profile, forgotten and merged people included."""
    table = schema.touchpoint
    of_profiles = (table.c.operator_id == operator_id, table.c.type == PersonProfileUpdated.__name__)
    return list(connection.execute(select(table.c.customer_id).where(*of_profiles).distinct()).scalars())

"""Following the logs of all operators, until told to stop. What fails for one operator does not stop the others."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from activity_log import ledger, schema
from activity_log.clock import Clock
from activity_log.database import Database
from activity_log.errors import BusflowError
from activity_log.lags import online_lag
from activity_log.operators import list_operators
from activity_log.outbox.backoff import BackOff
from feature_repo.freshness.filling import Fill
from feature_repo.freshness.follower import Follower, Step
from feature_repo.freshness.mark import StateStore
from feature_repo.recomputing import Recomputing

POLL_SECONDS = 0.1
AWAY_SECONDS = 3.0
"""Until a database that did not answer is asked again."""
TELL_EVERY = timedelta(seconds=5)
PATIENCE = BackOff(first=timedelta(seconds=0.5), factor=2.0, longest=timedelta(seconds=30), attempts=2**31)


class NotFollowedError(BusflowError):
    """The online features of some operators could not be brought level with the log."""


@dataclass
class Tally:
    """What was done so far. failures: batches that have to be done again."""

    events: int = 0
    customers: int = 0
    failures: int = 0


@dataclass
class _Watched:
    """One operator: the newest event seen, and what went wrong lately."""

    follower: Follower
    newest: int
    failures: int = 0
    problem: str = ""
    retry_at: datetime | None = None
    told_at: datetime | None = None

    def wants(self, now: datetime) -> bool:
        """Say whether there is something to do now."""
        if self.retry_at is not None:
            return now >= self.retry_at
        due = self.follower.next_due()
        return self.follower.level < self.newest or (due is not None and due < now)


@dataclass
class Following:
    """Keeps a store level with the log. Any number may run, in as many processes: they take turns.

    tell: gets a line for people on whatever happens. fill: how a store gets everybody at the start; customer by
    customer without it.
    """

    database: Database
    store: StateStore
    clock: Clock
    tell: Callable[[str], object] = lambda _: None
    fill: Fill | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    tally: Tally = field(default_factory=Tally)
    chance: random.Random = field(default_factory=random.SystemRandom)
    _recomputing: Recomputing = field(default_factory=Recomputing)
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _newest: int = -1
    _away: bool = False

    def run(self) -> None:
        """Follow until `stopping` is set; the batch under way then is finished first."""
        while not self.stopping.is_set():
            try:
                is_level = self._round()
            except DBAPIError as error:
                self._database_away(error)
                self.stopping.wait(AWAY_SECONDS)
                continue
            if is_level:
                self.stopping.wait(POLL_SECONDS)

    def catch_up(self) -> None:
        """Follow until the store is level with the log. Raises NotFollowedError naming whose is not."""
        while not self.stopping.is_set():
            if self._round():
                if not any(one.wants(self.clock()) for one in self._watched.values()):
                    break
                self.stopping.wait(POLL_SECONDS)  # another process is at it
        problems = [one.problem for one in self._watched.values() if one.problem]
        if problems:
            raise NotFollowedError("; ".join(problems))

    def _round(self) -> bool:
        """Do one batch for every operator that has news; return whether nothing was left then."""
        self._look()
        now, is_level = self.clock(), True
        for watched in self._watched.values():
            if not self.stopping.is_set() and watched.wants(now):
                is_level &= self._step(watched)
        return is_level

    def _step(self, watched: _Watched) -> bool:
        try:
            step = watched.follower.step(self.clock)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one operator, the others go on
            self._failed(watched, error)
            return True
        if watched.problem:
            self.tell(f"{watched.follower.operator.operator_id}: going on")
        watched.failures, watched.problem, watched.retry_at = 0, "", None
        self.tally.events += step.events
        self.tally.customers += step.customers
        self._tell_lag(watched, step)
        return step.is_level

    def _failed(self, watched: _Watched, error: Exception) -> None:
        self.tally.failures += 1
        watched.failures += 1
        wait = PATIENCE.wait(watched.failures, self.chance) or PATIENCE.longest
        watched.retry_at = self.clock() + wait
        problem = f"{watched.follower.operator.operator_id}: {_in_one_line(error)}"
        if problem != watched.problem:
            self.tell(f"{problem}; the online features wait, trying again")
        watched.problem = problem

    def _tell_lag(self, watched: _Watched, step: Step) -> None:
        """Tell now and then how far behind we are, and once when we no longer are."""
        now, operator_id = self.clock(), watched.follower.operator.operator_id
        if step.is_level:
            if watched.told_at is not None:
                self.tell(f"{operator_id}: the online features are level with the log")
            watched.told_at = None
        elif watched.told_at is None or now - watched.told_at >= TELL_EVERY:
            with self.database.reading() as connection:
                lag = online_lag(connection, operator_id, now)
            self.tell(
                f"{operator_id}: the online features are {lag.events} events behind, {lag.seconds:.0f} s"
            )
            watched.told_at = now

    def _look(self) -> None:
        """See what is new in the log, and who."""
        table = schema.event
        with self.database.reading() as connection:
            newest = connection.execute(select(func.max(table.c.seq))).scalar() or 0
            if newest == self._newest:
                return
            of_each = select(table.c.operator_id, func.max(table.c.seq)).where(table.c.seq > self._newest)
            news = [] if self._newest < 0 else connection.execute(of_each.group_by(table.c.operator_id)).all()
        if self._newest < 0 or any(operator_id not in self._watched for operator_id, _ in news):
            self._meet()
        for operator_id, seq in news:
            self._watched[operator_id].newest = seq
        self._newest, self._away = newest, False

    def _meet(self) -> None:
        """Get to know operators that were registered since the last time."""
        for operator in list_operators(self.database):
            if operator.operator_id not in self._watched:
                with self.database.reading() as connection:
                    newest = ledger.last_seq(connection, operator.operator_id)
                follower = Follower(self.database, operator, self.store, self._recomputing, self.fill)
                self._watched[operator.operator_id] = _Watched(follower, newest)

    def _database_away(self, error: DBAPIError) -> None:
        if not self._away:
            self.tell(f"the database does not answer, trying again: {_in_one_line(error)}")
        self._away = True


def _in_one_line(error: Exception) -> str:
    text = str(getattr(error, "orig", None) or error).strip()
    return next(iter(text.splitlines()), type(error).__name__)

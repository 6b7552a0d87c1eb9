"""The rules of one operator as the service knows them: read again when they change, compiled when it matters."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from activity_log.catalogue import Catalogue
from activity_log.database import Database
from activity_log.rules.keeping import Rule, every_rule, rules_level
from serving.rules.in_force import InForce, rules_in_force

LOOK_AGAIN_SECONDS = 1.0
"""So long a list may follow rules that were changed meanwhile."""


class Rulebook:
    """Answers which rules hold now; looks into the database every LOOK_AGAIN_SECONDS at most."""

    def __init__(
        self,
        database: Database,
        operator_id: str,
        seconds: Callable[[], float] = monotonic,
    ):
        self._database = database
        self._operator_id = operator_id
        self._seconds = seconds
        self._looked: float | None = None
        self._level = 0
        self._rules: list[Rule] = []
        self._made_of: tuple[list[Rule], Catalogue] | None = None
        self._in_force = InForce()

    def in_force(self, current: Callable[[], Catalogue], now: datetime) -> InForce:
        """Return the rules that hold now. current: gives the catalogue, asked for only if there are rules."""
        if self._looked is None or self._seconds() - self._looked >= LOOK_AGAIN_SECONDS:
            self._look()
        if not self._rules:
            return NO_RULES
        catalogue = current()
        made, until = self._made_of, self._in_force.until
        is_current = made is not None and made[0] is self._rules and made[1] is catalogue
        if not is_current or (until is not None and until <= now):
            self._in_force = rules_in_force(self._rules, catalogue, now)
            self._made_of = (self._rules, catalogue)
        return self._in_force

    def _look(self) -> None:
        with self._database.reading() as connection:
            level = rules_level(connection, self._operator_id)
            if level != self._level:
                self._rules = [
                    one for one in every_rule(connection, self._operator_id) if one.withdrawn_at is None
                ]
                self._level = level
        self._looked = self._seconds()


NO_RULES = InForce()

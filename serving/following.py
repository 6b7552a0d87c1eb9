"""Keeps operators level with the log while the service answers: a look every fifth of a second."""

import gc
import math
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence

import structlog

from activity_log.clock import Clock
from activity_log.preparing import without_cyclic_gc
from serving.breathing import Breather, resting
from serving.tenants import Tenant

LOOK_EVERY_SECONDS = 0.2
RANK_SECONDS = 0.1
"""So long, of each look, guests are ranked for who have no standing yet."""
SCORE_EVERY_SECONDS = 30.0
TRY_AGAIN_SECONDS = 2.0
WAIT_FOR_GUESTS_SECONDS = 30.0
"""Then requests are taken, and those not read yet are read when they ask."""

RESTFUL = resting(1.0)

_log = structlog.get_logger("serving.following")


class Following:
    """Three threads: one fills the operators' memory once, one keeps it level, one scores their customers."""

    def __init__(self, tenants: Mapping[str, Tenant], clock: Clock):
        self._tenants = tenants
        self._clock = clock
        self._failed: dict[str, str] = {}
        self._is_level = threading.Event()
        self._is_filled = threading.Event()
        self._waits_until = math.inf

    def start(self, first: Callable[[], Sequence[Tenant]]) -> None:
        """Start. first: makes the operators whose guests are read before anybody asks."""
        for name, work, every in (
            ("following", Following.look, LOOK_EVERY_SECONDS),
            ("scoring", Following.score, SCORE_EVERY_SECONDS),
        ):
            threading.Thread(
                target=_again, args=(weakref.ref(self), work, every), name=name, daemon=True
            ).start()
        threading.Thread(target=self._fill, args=(first,), name="filling", daemon=True).start()

    def missing(self) -> list[str]:
        """Name what has not been read yet: models and catalogues, then the guests, for whom there is a limit."""
        if not self._is_level.is_set():
            return ["models and features"]
        if self._is_filled.is_set() or time.monotonic() > self._waits_until:
            return []
        return ["customers"]

    def look(self) -> None:
        """Bring all operators level, and rank a little for whoever has no standing."""
        for operator_id, tenant in list(self._tenants.items()):
            try:
                tenant.look(self._clock())
                deadline = time.monotonic() + RANK_SECONDS
                tenant.rank_everybody(RESTFUL, lambda until=deadline: time.monotonic() < until)  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 (whatever it is: what is known goes on being answered from)
                self._tell(operator_id, type(error).__name__)
            else:
                self._tell(operator_id, "")

    def _fill(self, first: Callable[[], Sequence[Tenant]]) -> None:
        while True:
            try:
                tenants = first()
                for tenant in tenants:
                    tenant.prepare(self._clock())
                self._is_level.set()
                self._waits_until = time.monotonic() + WAIT_FOR_GUESTS_SECONDS
                with without_cyclic_gc():
                    for tenant in tenants:
                        tenant.fill(self._clock(), Breather(lambda: float(not self.missing())))
                gc.freeze()  # a full collection would stop all answers for as long as there are guests
            except Exception as error:  # noqa: BLE001 (whatever it is: it is tried until it goes)
                _log.warning("guests not read yet", kind=type(error).__name__)
                time.sleep(TRY_AGAIN_SECONDS)
            else:
                self._is_filled.set()
                return

    def score(self) -> None:
        """Score the customers of all operators anew where that is due."""
        for operator_id, tenant in list(self._tenants.items()):
            try:
                tenant.slipping.refresh(self._clock())
            except Exception as error:  # noqa: BLE001 (whatever it is: it is tried again)
                _log.warning("customers not scored", operator=operator_id, kind=type(error).__name__)

    def _tell(self, operator_id: str, kind: str) -> None:
        """Tell once that an operator cannot be kept level, and once that it can again."""
        if self._failed.get(operator_id, "") != kind:
            _log.warning("not level with the log" if kind else "level again", operator=operator_id, kind=kind)
        self._failed[operator_id] = kind


def _again(following: "weakref.ref[Following]", work: Callable[["Following"], None], every: float) -> None:
    """Do something again and again, until nobody is followed any more."""
    pause = threading.Event()
    while not pause.wait(every):
        alive = following()
        if alive is None:
            return
        work(alive)
        del alive

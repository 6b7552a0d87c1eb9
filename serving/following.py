"""Keeps operators level with the log while the service answers: a look every fifth of a second."""

import gc
import math
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence

import structlog

from activity_log.clock import Clock
from activity_log.garbage import without_cyclic_gc
from serving.breathing import Breather, resting
from serving.tenants import Tenant

LOOK_EVERY_SECONDS = 0.2
RANK_SECONDS = 0.1
"""So long, of each look, guests are ranked for who have no standing yet."""
SCORE_EVERY_SECONDS = 30.0
FILL_EVERY_SECONDS = 0.5
WAIT_FOR_GUESTS_SECONDS = 2.0
"""Then requests are taken, and those not read yet are read when they ask."""

RESTFUL = resting(1.0)

_log = structlog.get_logger("serving.following")


class Following:
    """Three threads: one fills the operators' memory, one keeps it level, one scores their customers."""

    def __init__(self, tenants: Mapping[str, Tenant], clock: Clock):
        self._tenants = tenants
        self._clock = clock
        self._failed: dict[str, str] = {}
        self._is_level = threading.Event()
        self._is_filled = threading.Event()
        self._unread = ""
        self._waits_until = math.inf
        self._first: Callable[[], Sequence[Tenant]] = tuple

    def start(self, first: Callable[[], Sequence[Tenant]]) -> None:
        """Start. first: makes the operators whose guests are read before anybody asks."""
        self._first = first
        for name, work, every in (
            ("following", Following.look, LOOK_EVERY_SECONDS),
            ("filling", Following.fill, FILL_EVERY_SECONDS),
            ("scoring", Following.score, SCORE_EVERY_SECONDS),
        ):
            threading.Thread(
                target=_again, args=(weakref.ref(self), work, every), name=name, daemon=True
            ).start()

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
                tenant.look(self._clock(), ahead=True)
                deadline = time.monotonic() + RANK_SECONDS
                tenant.rank_everybody(RESTFUL, lambda until=deadline: time.monotonic() < until)  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 (whatever it is: what is known goes on being answered from)
                self._tell(operator_id, type(error).__name__)
            else:
                self._tell(operator_id, "")

    def fill(self) -> None:
        """Read the guests of all operators that want it: at the start, and after the log was laid out anew."""
        try:
            self._prepare()
            waiting = [tenant for tenant in list(self._tenants.values()) if tenant.wants_filling]
            if waiting:
                with without_cyclic_gc():
                    for tenant in waiting:
                        # the first time everybody is waited for, ready or not: who asks unread costs more
                        tenant.fill(self._clock(), Breather(lambda: float(self._is_filled.is_set())))
                    gc.freeze()  # see `collecting`
            self._is_filled.set()
            self._unread = ""
        except Exception as error:  # noqa: BLE001 (whatever it is: it is tried until it goes)
            if self._unread != type(error).__name__:  # told once, and tried twice a second
                _log.warning("guests not read yet", kind=type(error).__name__)
            self._unread = type(error).__name__

    def _prepare(self) -> None:
        """Have models and catalogues of the first operators at hand, once."""
        if self._is_level.is_set():
            return
        for tenant in self._first():
            tenant.prepare(self._clock())
        self._waits_until = time.monotonic() + WAIT_FOR_GUESTS_SECONDS
        self._is_level.set()

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

"""Looking somebody up in time, or doing without: what an answer may wait for, and how long."""

import time
from collections.abc import Callable
from typing import Literal, TypeVar

import anyio
import structlog
from anyio import CapacityLimiter

from activity_log.errors import BusflowError

BUDGET_SECONDS = 0.15
AT_ONCE = 8
REST_SECONDS = 1.0
"""After a failure nobody is looked up for so long: the others need not wait to learn the same."""

T = TypeVar("T")

_log = structlog.get_logger("serving.lookups")


class LookupFailedError(Exception):
    """Somebody could not be looked up in time."""

    def __init__(self, trouble: Literal["unreachable", "busy"]):
        super().__init__(trouble)
        self.trouble: Literal["unreachable", "busy"] = trouble


class NotReadyError(BusflowError):
    """Nothing is known of an operator yet, and the log cannot be asked."""

    def __init__(self, operator_id: str):
        super().__init__(f"operator '{operator_id}' cannot be read at the moment: try again in a few seconds")


class Lookups:
    """Runs lookups in threads, a few at once, each within the budget."""

    def __init__(self, budget: float = BUDGET_SECONDS, monotonic: Callable[[], float] = time.monotonic):
        self._budget = budget
        self._monotonic = monotonic
        self._limiter: CapacityLimiter | None = None
        self._resting_until = 0.0

    async def within(self, lookup: Callable[[], T]) -> T:
        """Return what a lookup finds. Raises LookupFailedError, and what of ours it raises."""
        if self._monotonic() < self._resting_until:
            raise LookupFailedError("unreachable")
        if self._limiter is None:
            self._limiter = CapacityLimiter(AT_ONCE)
        try:
            with anyio.fail_after(self._budget):
                return await anyio.to_thread.run_sync(lookup, abandon_on_cancel=True, limiter=self._limiter)
        except TimeoutError as error:
            raise LookupFailedError("busy") from error
        except BusflowError:
            raise
        except Exception as error:  # whatever the database's driver raises
            _log.warning("lookup failed", kind=type(error).__name__)
            self._resting_until = self._monotonic() + REST_SECONDS
            raise LookupFailedError("unreachable") from error

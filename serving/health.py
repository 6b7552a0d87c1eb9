"""Whether this process should be sent requests: not before it has what it answers with."""

from collections.abc import Callable, Sequence
from time import monotonic

import anyio
from starlette.exceptions import HTTPException

FINDING_KEPT_SECONDS = 1.0
CHECK_SECONDS = 5.0


class Readiness:
    """What `GET /readyz` answers: 200, or 503 naming what is missing.

    missing: names what is not there yet, nothing once all is; it may wait for servers, and is asked in a thread, no
    oftener than FINDING_KEPT_SECONDS.
    """

    def __init__(self, missing: Callable[[], Sequence[str]], clock: Callable[[], float] = monotonic):
        self._missing = missing
        self._clock = clock
        self._found: Sequence[str] = ()
        self._until = 0.0

    async def check(self) -> None:
        """Raise HTTPException (503) unless the process is ready."""
        if self._clock() >= self._until:
            self._found = await self._look()
            self._until = self._clock() + FINDING_KEPT_SECONDS
        if self._found:
            raise HTTPException(503, f"not ready: {'; '.join(self._found)}")

    async def _look(self) -> Sequence[str]:
        try:
            with anyio.fail_after(CHECK_SECONDS):
                return await anyio.to_thread.run_sync(self._missing, abandon_on_cancel=True)
        except TimeoutError:
            return [f"no answer within {CHECK_SECONDS:g} seconds"]
        except Exception as error:  # noqa: BLE001 (whatever it is, this process should get no requests)
            return [type(error).__name__]

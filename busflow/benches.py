"""Opening the workbench of an operator for a command."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from activity_log.settings import load_settings
from busflow.console import say

if TYPE_CHECKING:
    from training.workbench import Workbench

STALE_LOG = timedelta(days=60)


def open_bench(operator_id: str, as_of: datetime | None = None) -> "Workbench":
    """Open the operator's workbench, its facts level with the log.

    as_of: the moment to be looked at. If the log ends long before, that is said.
    """
    from activity_log.database import open_log
    from training.workbench import Workbench

    settings = load_settings()
    bench = Workbench.open(settings, open_log(settings), operator_id, say)
    if as_of is None:
        return bench
    _, last = bench.log_span()
    if as_of - last > STALE_LOG:
        day_after = f"{last + timedelta(days=1):%Y-%m-%d}"
        say(f"the last booking is of {last:%Y-%m-%d}; --as-of {day_after} would score as of then")
    return bench

"""The timeline: one row per event and person it touches."""

from collections.abc import Iterable

from activity_log import schema
from activity_log.attribution import touches
from activity_log.bulk import Keep, Row
from activity_log.folding import Fold, Projection
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator
from activity_log.read_models.event_groups import TOUCHING


def _touchpoints(operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    return [
        (
            event.operator_id,
            operator.pseudonym(person),
            event.occurred_us,
            event.seq,
            role,
            event.event_type.name,
        )
        for person, role in touches(event.payload)
    ]


TIMELINE = Projection("timeline", (Fold(schema.touchpoint, Keep.NEW, TOUCHING, _touchpoints),))

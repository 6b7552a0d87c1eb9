"""Talk with each contact: conversations as they were rated. Messages need no table: the timeline leads to them."""

from collections.abc import Iterable
from typing import cast

from activity_log import schema
from activity_log.bulk import Keep, Row
from activity_log.contracts.communications import ConversationResolved
from activity_log.folding import Fold, Projection
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator


def _conversations(operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    conversation = cast("ConversationResolved", event.payload)
    if conversation.person_profile_id is None:
        return
    yield (
        event.operator_id,
        conversation.conversation_id,
        operator.pseudonym(conversation.person_profile_id),
        conversation.contact_id,
        conversation.channel,
        conversation.satisfaction,
        conversation.nps,
        event.occurred_us,
        event.event_id,
    )


THREADS = Projection(
    "threads",
    (Fold(schema.conversation, Keep.LATEST, frozenset({"ConversationResolved"}), _conversations),),
)

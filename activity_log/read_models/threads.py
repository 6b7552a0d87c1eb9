"""Talk with each contact: threads count messages, which are read through the timeline; conversations are rated."""

from collections.abc import Iterable
from typing import cast

from activity_log import schema
from activity_log.bulk import Keep, Row
from activity_log.contracts.communications import ConversationResolved, MessageDelivered
from activity_log.folding import Fold, Projection
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator


def _threads(operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    message = cast("MessageDelivered", event.payload)
    if message.person_profile_id is None:
        return ()
    counts = (0, 1) if event.event_type.name == "MessageRead" else (1, 0)
    customer_id, at = operator.pseudonym(message.person_profile_id), event.occurred_us
    return ((event.operator_id, customer_id, message.contact_id, *counts, at, at),)


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
    (
        Fold(schema.thread, Keep.TOTAL, frozenset({"MessageDelivered", "MessageRead"}), _threads),
        Fold(schema.conversation, Keep.LATEST, frozenset({"ConversationResolved"}), _conversations),
    ),
)

"""What Customer Intelligence tells the other contexts: written with its cause, delivered at least once.

`put` writes messages in the transaction of their cause; `react` does so for fresh events of the log;
`delivering` brings them to the broker and to webhooks. The order and the id of a message are fixed when it is
written, so a consumer that keeps ids sees each of them once.
"""

from activity_log.outbox.messages import Message, put
from activity_log.outbox.reacting import noticed, react

__all__ = ["Message", "noticed", "put", "react"]

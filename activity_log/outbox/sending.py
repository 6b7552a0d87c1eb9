"""Bringing one message to one destination: a signed HTTP request, or a confirmed publication."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Protocol

import httpx
from standardwebhooks import Webhook

from activity_log.broker.publisher import Publisher, open_publisher
from activity_log.errors import BusflowError
from activity_log.outbox.messages import ENVELOPE_TYPE
from activity_log.outbox.queue import Claimed

TOPIC = "busflow.enrichment"
"""What topics begin with; the message's type follows."""

ANSWER_SECONDS = 10.0
CONNECT_SECONDS = 5.0


class NotDeliveredError(BusflowError):
    """A destination did not confirm a message: what it answered, without a word of its body."""


class Sender(Protocol):
    """A way to one destination."""

    async def send(self, message: Claimed, now: datetime) -> None:
        """Bring a message there; return once it is confirmed. Raises BusflowError if it is not."""


class WebhookSender:
    """Posts messages, signed as Standard Webhooks have it. Any answer but 2xx within ten seconds is a failure.

    Redirects are not followed, and no byte of the answer's body is read.
    """

    def __init__(self, client: httpx.AsyncClient, url: str, secret: bytes):
        self._client = client
        self._url = url
        self._webhook = Webhook(secret)

    async def send(self, message: Claimed, now: datetime) -> None:
        """Post a message. Raises NotDeliveredError."""
        headers = {
            "content-type": ENVELOPE_TYPE,
            "webhook-id": message.message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(message.message_id, now, message.body.decode()),
        }
        request = self._client.stream("POST", self._url, content=message.body, headers=headers)
        try:
            async with asyncio.timeout(ANSWER_SECONDS), request as answer:
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise NotDeliveredError(f"no answer: {str(error) or type(error).__name__}") from error
        if not 200 <= status < 300:
            raise NotDeliveredError(f"answered {status}")


OpenPublisher = Callable[[str], AbstractAsyncContextManager[Publisher]]


class BrokerSender:
    """Publishes messages; connects when there is one to send, and anew after a failure."""

    def __init__(self, url: str, open_: OpenPublisher = open_publisher):
        self._url = url
        self._open = open_
        self._opened = AsyncExitStack()
        self._publisher: Publisher | None = None
        self._connecting = asyncio.Lock()

    async def send(self, message: Claimed, now: datetime) -> None:
        """Publish a message under the topic of its type. Raises BusflowError."""
        headers = {
            "content-type": ENVELOPE_TYPE,
            "message-id": message.message_id,
            "operatorid": message.operator_id,
            "partitionkey": message.customer_id,
        }
        publisher = await self._connected()
        try:
            await publisher.publish(f"{TOPIC}.{message.type}", message.body, headers)
        except BusflowError:
            self._publisher = None
            raise

    async def aclose(self) -> None:
        """Close the connection."""
        await self._opened.aclose()

    async def _connected(self) -> Publisher:
        async with self._connecting:
            if self._publisher is None:
                await self._opened.aclose()
                self._publisher = await self._opened.enter_async_context(self._open(self._url))
            return self._publisher


@asynccontextmanager
async def web_client() -> AsyncIterator[httpx.AsyncClient]:
    """Open the client that webhooks are called with."""
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    async with httpx.AsyncClient(timeout=timeout, follow_redirects=False) as client:
        yield client

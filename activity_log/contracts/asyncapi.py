"""One AsyncAPI 3.0 document of all events: a channel per source, what we receive and what we send."""

from itertools import groupby
from operator import attrgetter
from typing import Any

from activity_log.contracts.published import Contract

Document = dict[str, Any]

ENVELOPE = "envelope.json"
CONTENT_TYPE = "application/cloudevents+json"
DRAFT_2020_12 = "application/schema+json;version=2020-12"

DESCRIPTION = """\
Events in CloudEvents 1.0 structured JSON, each for one operator (`operatorid`). `dataversion` is the version of
the payload; left out, it is 1. Unknown fields are kept. Messages tagged `deprecated` are still understood: they
are read as what replaces them. Fields marked `x-personal` tell who somebody is and are encrypted in the log.
"""
RECEIVED = "Send to `POST /events`, one event or a list, or to the installation's broker topic."
SENT = "Delivered to the broker or as signed webhooks, at least once: keep the ids, and take each once."


def asyncapi_document(contracts: list[Contract]) -> Document:
    """Return the document; payloads are references to the published schemas beside it."""
    by_source = groupby(sorted(contracts, key=attrgetter("source")), key=attrgetter("source"))
    channels = {source: list(members) for source, members in by_source}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Busflow Customer Intelligence", "version": "1.0.0", "description": DESCRIPTION},
        "defaultContentType": CONTENT_TYPE,
        "channels": {source: _channel(members) for source, members in channels.items()},
        "operations": dict(_operation(source, members) for source, members in channels.items()),
        "components": {"messages": {_key(one): _message(one) for one in contracts}},
    }


def _channel(contracts: list[Contract]) -> Document:
    source, action = contracts[0].source, contracts[0].action
    return {
        "address": None,
        "title": source,
        "description": SENT if action == "send" else RECEIVED,
        "messages": {_key(one): {"$ref": f"#/components/messages/{_key(one)}"} for one in contracts},
    }


def _operation(source: str, contracts: list[Contract]) -> tuple[str, Document]:
    action = contracts[0].action
    messages = [{"$ref": f"#/channels/{source}/messages/{_key(one)}"} for one in contracts]
    operation = {"action": action, "channel": {"$ref": f"#/channels/{source}"}, "messages": messages}
    return f"{action}.{source}", operation


def _message(contract: Contract) -> Document:
    return {
        "name": contract.name,
        "title": f"{contract.name} v{contract.version}",
        "summary": _summary(contract),
        "contentType": CONTENT_TYPE,
        "tags": _tags(contract),
        **_succession(contract),
        "payload": {"schemaFormat": DRAFT_2020_12, "schema": _event(contract)},
    }


def _summary(contract: Contract) -> str:
    """Return the first sentence of the payload's docstring, and what replaces a retired contract."""
    said = " ".join((contract.payload.__doc__ or "").split("\n\n")[0].split())
    return f"Deprecated: send {_replacement(contract)}. {said}" if contract.replaced_by else said


def _replacement(contract: Contract) -> str:
    name, version = contract.current
    return f"{name} v{version}"


def _tags(contract: Contract) -> list[Document]:
    tags = [contract.source, *([f"for {contract.receiver}"] if contract.receiver else [])]
    return [{"name": name} for name in (*tags, *(["deprecated"] if contract.replaced_by else []))]


def _succession(contract: Contract) -> Document:
    if contract.replaced_by is None:
        return {}
    return {"deprecated": True, "x-replaced-by": _replacement(contract)}


def _event(contract: Contract) -> Document:
    """Return the schema of the whole event: the envelope, closed to this type and version."""
    properties: Document = {
        "source": {"const": contract.source},
        "type": {"const": contract.name},
        "dataversion": {"const": contract.version},
        "data": {"$ref": f"./{contract.path}"},
    }
    narrowed: Document = {"properties": properties}
    if contract.version > 1:
        narrowed["required"] = ["dataversion"]
    return {"allOf": [{"$ref": f"./{ENVELOPE}"}, narrowed]}


def _key(contract: Contract) -> str:
    return f"{contract.name}.v{contract.version}"

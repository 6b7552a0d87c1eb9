"""Publishes the contracts: JSON Schemas and the AsyncAPI document, the same bytes from the same models."""

import json
from pathlib import Path
from typing import Any

from activity_log.contracts.asyncapi import ENVELOPE, asyncapi_document
from activity_log.contracts.compatibility import Action, breaks
from activity_log.contracts.published import Contract, contracts
from activity_log.contracts.schemas import envelope_schema, schema_of
from activity_log.errors import BusflowError

ASYNCAPI = "asyncapi.json"
Schema = dict[str, Any]


def documents(published: list[Contract]) -> dict[str, str]:
    """Return the text of every file to publish, by its path below the folder of the contracts."""
    schemas = {contract.path: schema_of(contract) for contract in published}
    files = {ENVELOPE: envelope_schema(), **schemas, ASYNCAPI: asyncapi_document(published)}
    return {path: _text(document) for path, document in files.items()}


def publish(folder: Path, published: list[Contract] | None = None) -> list[str]:
    """Write the contracts into `folder` and return the paths of what changed.

    Raises BusflowError, and writes nothing, if a schema published there would change incompatibly or vanish:
    others rely on it.
    """
    offered = contracts() if published is None else published
    if broken := [*vanished(folder, offered), *incompatible(folder, offered)]:
        raise BusflowError("; ".join(broken))
    changed = outdated(folder, offered)
    for path, text in changed.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")
    return list(changed)


def outdated(folder: Path, offered: list[Contract]) -> dict[str, str]:
    """Return what is not published in `folder` as it is now: the texts by their paths."""
    return {path: text for path, text in documents(offered).items() if _read(folder / path) != text}


def incompatible(folder: Path, offered: list[Contract]) -> list[str]:
    """Return what breaks the promises published in `folder`, each with its remedy."""
    promises: list[tuple[str, Schema, Action, str]] = [
        (ENVELOPE, envelope_schema(), "receive", "the envelope has no versions: change it compatibly")
    ]
    promises += [(one.path, schema_of(one), one.action, _remedy(one)) for one in offered]
    problems = []
    for path, now, action, remedy in promises:
        text = _read(folder / path)
        if text and (found := breaks(json.loads(text), now, action)):
            problems.append(f"{path}: {', '.join(map(str, found))} ({remedy})")
    return problems


def vanished(folder: Path, offered: list[Contract]) -> list[str]:
    """Return what was published in `folder` and has no contract, or no file, any more; each with its remedy."""
    known = {one.path for one in offered}
    files = {path.relative_to(folder).as_posix() for path in folder.glob("*/*.v*.json")}
    listed = set(_listed(folder))
    return [
        *(f"{path}: published, but no contract any more (keep its model, with an upcaster)"
          for path in sorted((files | listed) - known)),
        *(f"{path}: published, but its file is gone (restore it)" for path in sorted((listed & known) - files)),
    ]  # fmt: skip


def _listed(folder: Path) -> list[str]:
    """Return the schemas that the published AsyncAPI document refers to."""
    text = _read(folder / ASYNCAPI)
    messages = json.loads(text)["components"]["messages"].values() if text else []
    events = [message["payload"]["schema"]["allOf"][1] for message in messages]
    return [event["properties"]["data"]["$ref"].removeprefix("./") for event in events]


def _remedy(contract: Contract) -> str:
    if contract.replaced_by:
        return "history does not change: restore the retired model"
    following = f"give it version {contract.version + 1}"
    return following + (" and an upcaster" if contract.action == "receive" else "")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _text(document: Schema) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"

"""The API document (OpenAPI 3.1), made of the operations that are served: the two cannot differ."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter

from serving.middleware import PROBLEM_JSON, RETRY_AFTER_SECONDS
from serving.replies import Problem
from serving.resources.operation import JSON, Operation

Json = dict[str, Any]

VERSION = "1.0.0"
_REFERENCE = "#/components/schemas/{model}"
_DESCRIPTION = """Customer Intelligence for coach-tour operators.

Every path answers as it stands and below `/v1`. Send `Authorization: Bearer <token>`: the token names the operator
and the role; `x-roles` says which roles may use an operation. Texts come in German, or in English by
`Accept-Language: en`. Errors are `application/problem+json` (RFC 9457). Where a list goes on, the `Link` header names
the next page.
"""
_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_TOLD: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "n: Input should be less than or equal to 50",
    HTTPStatus.UNAUTHORIZED: "send a token: Authorization: Bearer <token>",
    HTTPStatus.FORBIDDEN: "role 'widget' may not use /customers; crm may",
    HTTPStatus.NOT_FOUND: "unknown customer: c-nobody",
    HTTPStatus.CONFLICT: "departure 'nordsee-2027-05-08' is sold out: nobody can be invited",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the body is larger than 16 MB; send it in parts",
    HTTPStatus.TOO_MANY_REQUESTS: "too many requests; ask again in 30 seconds",
    HTTPStatus.SERVICE_UNAVAILABLE: "operator 'nordlicht' has no live churn model: train and promote one",
}
_RETRY_AFTER = {
    "description": "Seconds to wait before asking again.",
    "schema": {"type": "integer", "minimum": 0},
    "example": int(RETRY_AFTER_SECONDS),
}
_LINK = {
    "description": 'The next page, as in `<?cursor=...>; rel="next"`; absent at the end.',
    "schema": {"type": "string"},
}
_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "description": "The language of texts: the first of de and en in it; de without either.",
    "schema": {"type": "string"},
    "example": "de",
}


def api_document(operations: Iterable[Operation]) -> Json:
    """Return the document of these operations."""
    told = sorted(operations, key=lambda one: (one.path, one.method))
    schemas = _Schemas(told)
    paths: dict[str, Json] = {}
    for operation in told:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Busflow Customer Intelligence", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": "/v1", "description": "this version"}, {"url": "/", "description": "the newest"}],
        "tags": [{"name": tag} for tag in sorted({operation.tag for operation in told})],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.shared,
            "responses": {_response_name(status): _problem(status) for status in _TOLD},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


class _Schemas:
    """The schemas of all bodies and replies, in which what they share is told once."""

    def __init__(self, operations: Sequence[Operation]):
        asked = [
            (f"{way} {one.name}", way, TypeAdapter(kind))
            for one in operations
            for way, kind in (("validation", one.body), ("serialization", one.reply))
            if kind is not None
        ]
        asked.append(("problem", "serialization", TypeAdapter(Problem)))
        found, shared = TypeAdapter.json_schemas(asked, ref_template=_REFERENCE)  # type: ignore[arg-type]
        self._found = {name: schema for (name, _), schema in found.items()}
        self.shared: Json = shared["$defs"]

    def body(self, operation: Operation) -> Json:
        return self._found[f"validation {operation.name}"]

    def reply(self, operation: Operation) -> Json:
        return self._found[f"serialization {operation.name}"]


def _operation(operation: Operation, schemas: _Schemas) -> Json:
    document: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "x-roles": sorted(operation.roles),
        "parameters": _parameters(operation),
        "responses": _responses(operation, schemas),
    }
    if not operation.roles:
        document["security"] = []
    if operation.body is not None:
        content = {"schema": schemas.body(operation), "examples": _examples(operation.body_examples)}
        document["requestBody"] = {"required": True, "content": {JSON: content}}
    return document


def _parameters(operation: Operation) -> list[Json]:
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^/\\x00]+$"},
            "example": example,
        }
        for name, example in operation.path_examples.items()
    ]
    asked = operation.query.model_json_schema()["properties"] if operation.query else {}
    in_query = [_query_parameter(name, schema) for name, schema in asked.items()]
    return [*in_path, *in_query, *([_LANGUAGE] if operation.roles else [])]


def _query_parameter(name: str, schema: Json) -> Json:
    """Return a parameter; what may be null is what may be left out."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    told = {
        key: value for key, value in schema.items() if key not in ("anyOf", "title", "default", "examples")
    }
    for kind in kinds:
        told = kind | told
    if schema.get("default") is not None:
        told["default"] = schema["default"]
    parameter: Json = {"name": name, "in": "query", "required": False, "schema": told}
    parameter |= {"description": told.pop("description")} if "description" in told else {}
    return parameter | ({"example": schema["examples"][0]} if "examples" in schema else {})


def _responses(operation: Operation, schemas: _Schemas) -> Json:
    answered: Json = {"description": operation.status.phrase}
    if operation.reply is not None:
        content = {"schema": schemas.reply(operation), "examples": _examples(operation.examples)}
        answered["content"] = {operation.media_type.split(";")[0]: content}
    if operation.query is not None and "cursor" in operation.query.model_fields:
        answered["headers"] = {"Link": _LINK}
    if not operation.roles:
        return {str(int(operation.status)): answered}
    statuses = {*_ALWAYS, *operation.problems}
    if operation.method == "POST":
        statuses.add(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    problems = {
        str(int(status)): {"$ref": f"#/components/responses/{_response_name(status)}"}
        for status in sorted(statuses)
    }
    return {str(int(operation.status)): answered, **problems}


def _examples(examples: Mapping[str, Any]) -> Json:
    return {name.replace(" ", "_"): {"summary": name, "value": value} for name, value in examples.items()}


def _response_name(status: HTTPStatus) -> str:
    return status.phrase.title().replace(" ", "")


def _problem(status: HTTPStatus) -> Json:
    told: Json = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": _TOLD[status],
    }
    if status == HTTPStatus.BAD_REQUEST:
        field, _, detail = told["detail"].partition(": ")
        told["errors"] = [{"field": field, "detail": detail}]
    response: Json = {
        "description": status.phrase,
        "content": {PROBLEM_JSON: {"schema": {"$ref": _REFERENCE.format(model="Problem")}, "example": told}},
    }
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        response["headers"] = {"Retry-After": _RETRY_AFTER}
    return response

"""How an operation is served: the request is read, the answer made in a worker thread, the reply written."""

from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, get_origin
from urllib.parse import urlencode

import anyio
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from activity_log.errors import BusflowError
from serving.access import AccessDeniedError, current_caller
from serving.languages import language_of
from serving.middleware import field_errors, problem
from serving.problems import errors_of, status_of
from serving.resources.operation import JSON, Operation, Paged, Question

PATIENCE_SECONDS = 28.0
"""A little less than the framework waits, whose own answer is no problem+json."""
TOO_LONG = "the answer takes too long, or other long work is going on: ask for fewer at once, or later"


class BadRequestError(Exception):
    """The query, the path or the body is not as the document says; `errors` name the fields."""

    def __init__(self, error: ValidationError):
        super().__init__(str(error))
        self.errors = field_errors(error.errors(include_url=False, include_input=False))


def route(operation: Operation) -> Route:
    """Return the route that serves an operation."""
    reply = TypeAdapter(operation.reply) if operation.reply is not None else None

    async def serve(request: Request) -> Response:
        try:
            question = await _question(operation, request)
            if not operation.heavy:
                answered = await anyio.to_thread.run_sync(_answer, operation, question)
                return _response(operation, reply, answered, request)
            with anyio.move_on_after(PATIENCE_SECONDS):
                answered = await anyio.to_thread.run_sync(
                    _answer, operation, question, limiter=_one_at_a_time(), abandon_on_cancel=True
                )
                return _response(operation, reply, answered, request)
        except BadRequestError as error:
            return problem(HTTPStatus.BAD_REQUEST, errors=error.errors)
        except AccessDeniedError as denied:
            return problem(denied.status, denied.detail)
        except BusflowError as error:
            return problem(status_of(error), str(error), errors=errors_of(error))
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, TOO_LONG)

    return Route(operation.path, serve, methods=[operation.method])


def routes(operations: Iterable[Operation]) -> list[Route]:
    """Return the routes of all that the framework does not serve itself."""
    return [route(operation) for operation in operations if operation.answer is not None]


@cache
def _one_at_a_time() -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(1)


def _answer(operation: Operation, question: Question) -> Any:
    assert operation.answer is not None  # noqa: S101 (only such operations have a route)
    return operation.answer(question)


async def _question(operation: Operation, request: Request) -> Question:
    try:
        query = operation.query.model_validate(_asked(operation.query, request)) if operation.query else None
        body: Any = await request.body() if operation.body is not None else None
        if operation.body is not None and not operation.reads_bytes:
            body = operation.body.model_validate_json(body)
    except ValidationError as error:
        raise BadRequestError(error) from error
    state = request.app.state
    return Question(
        answers=state.answers,
        figures=lambda: state.figures,
        caller=current_caller.get(),
        language=language_of(request.headers.get("accept-language")),
        path=request.path_params,
        query=query,
        body=body,
    )


def _asked(query: type[BaseModel], request: Request) -> Mapping[str, Any]:
    """Return the query parameters, lists where the model has lists."""
    lists = {
        field.alias or name
        for name, field in query.model_fields.items()
        if get_origin(field.annotation) is list
    }
    parameters = request.query_params
    return {name: parameters.getlist(name) if name in lists else parameters[name] for name in parameters}


def _response(
    operation: Operation, reply: TypeAdapter[Any] | None, answered: Any, request: Request
) -> Response:
    headers = {}
    cursor = getattr(answered, "next_cursor", None)
    if cursor is not None:
        others = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
        headers["Link"] = f'<?{urlencode([*others, ("cursor", cursor)])}>; rel="next"'
    if isinstance(answered, Paged):
        answered = answered.items
    if reply is None:
        return Response(status_code=operation.status)
    if operation.media_type != JSON:
        return Response(answered, operation.status, headers, media_type=operation.media_type)
    return Response(reply.dump_json(answered), operation.status, headers, media_type=JSON)

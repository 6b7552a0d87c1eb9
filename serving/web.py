"""The Starlette app mounted in the service: GET resources, events in, feedback, CRM screen and widget."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import anyio
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from activity_log.errors import BusflowError
from serving.access import AccessDeniedError, Caller, TokenKeys, current_caller
from serving.answers import Answers
from serving.crm.routes import crm_routes
from serving.crm_desk import CrmDesk
from serving.languages import language_of
from serving.middleware import problem
from serving.observability import Figures, exposition
from serving.problems import status_of
from serving.replies import EventsReceipt, QuarantinedEvent, Reply
from serving.requests import Feedback
from serving.rules.routes import rules_routes
from serving.timeline_query import timeline_filter
from serving.widget.routes import widget_routes

Endpoint = Callable[[Request, Answers, Caller], Awaitable[Response]]


def create_web(keys: Callable[[], TokenKeys]) -> Starlette:
    """Return the app behind the access gate. Set `app.state.answers` and `.figures` before the first request."""
    app = Starlette(
        routes=[
            _route("/events", _post_events, "POST"),
            _route("/feedback", _post_feedback, "POST"),
            _route("/customers", _get_customers, "GET"),
            _route("/customers/{customer_id}/timeline", _get_timeline, "GET"),
            _route("/metrics", _get_metrics, "GET"),
        ]
    )
    desk = CrmDesk(lambda: app.state.answers)
    rules = rules_routes(lambda: app.state.answers.rules)
    app.router.routes.extend([*crm_routes(desk, _CrmDoor(keys)), *widget_routes(), *rules])
    return app


class _CrmDoor:
    """Lets tokens of role `crm` into the CRM screen."""

    def __init__(self, keys: Callable[[], TokenKeys]):
        self._keys = keys

    def verify(self, token: str) -> str:
        """Return the operator of the token. Raises AccessDeniedError."""
        caller = self._keys().verify(token)
        if caller.role != "crm":
            raise AccessDeniedError(403, f"role '{caller.role}' may not use the CRM screen; crm may")
        return caller.operator_id


def _route(path: str, endpoint: Endpoint, method: str) -> Route:
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request, request.app.state.answers, current_caller.get())
        except BusflowError as error:
            return problem(status_of(error), str(error))

    return Route(path, answer, methods=[method])


async def _post_events(request: Request, answers: Answers, caller: Caller) -> Response:
    body = await request.body()
    try:
        receipt = await anyio.to_thread.run_sync(answers.post_events, caller.operator_id, body)
    except ValueError as error:
        return problem(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}; nothing was taken in")
    return _json(
        EventsReceipt(
            accepted=receipt.accepted,
            duplicates=receipt.duplicates,
            discarded=receipt.discarded,
            quarantined=[QuarantinedEvent(id=item.id, reason=item.reason) for item in receipt.quarantined],
        ),
        HTTPStatus.ACCEPTED,
    )


async def _post_feedback(request: Request, answers: Answers, caller: Caller) -> Response:
    try:
        feedback = Feedback.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        return problem(HTTPStatus.BAD_REQUEST, f"{field}: {first['msg']}")
    await anyio.to_thread.run_sync(answers.give_feedback, caller.operator_id, feedback)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _get_customers(request: Request, answers: Answers, caller: Caller) -> Response:
    query = request.query_params.get("q", "")
    found = await anyio.to_thread.run_sync(answers.search_customers, caller.operator_id, query)
    return JSONResponse([hit.model_dump(mode="json") for hit in found])


async def _get_timeline(request: Request, answers: Answers, caller: Caller) -> Response:
    language = language_of(request.headers.get("accept-language"))
    page = await anyio.to_thread.run_sync(
        answers.customer_timeline,
        caller.operator_id,
        request.path_params["customer_id"],
        language,
        request.query_params.get("cursor"),
        timeline_filter(request.query_params),
    )
    return _json(page)


async def _get_metrics(request: Request, _answers: Answers, caller: Caller) -> Response:
    figures: Figures = request.app.state.figures
    return exposition(await anyio.to_thread.run_sync(figures.of_operator, caller.operator_id))


def _json(reply: Reply, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(reply.model_dump_json(), status, media_type="application/json")

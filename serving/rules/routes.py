"""Rules over HTTP: GET /rules, POST /rules, POST /rules/{rule_id}/withdraw, POST /rules/preview."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Protocol, TypeVar

import anyio
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from activity_log.errors import BusflowError
from activity_log.rules.drafts import RuleDraft, drafting_problem
from activity_log.rules.keeping import UnknownRuleError
from serving.access import Caller, current_caller
from serving.languages import Language, language_of
from serving.middleware import problem
from serving.problems import status_of
from serving.resources.rules import WRITERS
from serving.rules.replies import KeptRule, RulesPreview
from serving.rules.requests import NewRule, PreviewQuestion, RulesQuery

LONGEST_ID = 18

Body = TypeVar("Body", bound=BaseModel)


class Rules(Protocol):
    """What is asked of the answers."""

    def listing(self, operator_id: str, *, everything: bool) -> list[KeptRule]:
        """Return the rules in force and to come; `everything`: those that are over too."""
        ...

    def add(
        self, operator_id: str, draft: RuleDraft, by: str, language: Language, replaces: int | None
    ) -> KeptRule:
        """Put a rule in force."""
        ...

    def withdraw(self, operator_id: str, rule_id: int, by: str) -> KeptRule:
        """End a rule."""
        ...

    def preview(self, operator_id: str, asked: PreviewQuestion, language: Language) -> RulesPreview:
        """Try rules on visitors."""
        ...


class _RefusedError(Exception):
    """A reply that ends the request."""

    def __init__(self, reply: Response):
        self.reply = reply


def rules_routes(rules: Callable[[], Rules]) -> list[BaseRoute]:
    """Return the routes behind the access gate."""
    desk = _RulesDoor(rules)
    return [
        Route("/rules", _answering(desk.listing), methods=["GET"]),
        Route("/rules", _answering(desk.add), methods=["POST"]),
        Route("/rules/preview", _answering(desk.preview), methods=["POST"]),
        Route("/rules/{rule_id}/withdraw", _answering(desk.withdraw), methods=["POST"]),
    ]


def _answering(
    endpoint: Callable[[Request, Caller], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request, current_caller.get())
        except _RefusedError as refused:
            return refused.reply
        except UnknownRuleError as error:
            return problem(HTTPStatus.NOT_FOUND, str(error))
        except BusflowError as error:
            return problem(status_of(error), str(error))

    return answer


class _RulesDoor:
    """Reads requests, asks in a thread, and writes replies."""

    def __init__(self, rules: Callable[[], Rules]):
        self._rules = rules

    async def listing(self, request: Request, caller: Caller) -> Response:
        try:
            asked = RulesQuery.model_validate(dict(request.query_params))
        except ValidationError as error:
            raise _RefusedError(problem(HTTPStatus.BAD_REQUEST, drafting_problem(error))) from error
        found = await anyio.to_thread.run_sync(
            lambda: self._rules().listing(caller.operator_id, everything=asked.all)
        )
        return JSONResponse([one.model_dump(mode="json") for one in found])

    async def add(self, request: Request, caller: Caller) -> Response:
        _check_writer(caller)
        new = await _body(request, NewRule)
        draft, by = new.draft(), new.created_by or caller.role
        rule = await anyio.to_thread.run_sync(
            lambda: self._rules().add(caller.operator_id, draft, by, _language(request), new.replaces)
        )
        reply = _json(rule, HTTPStatus.CREATED)
        reply.headers["Location"] = "/rules"
        return reply

    async def withdraw(self, request: Request, caller: Caller) -> Response:
        _check_writer(caller)
        named = request.path_params["rule_id"]
        if not (named.isascii() and named.isdigit() and len(named) < LONGEST_ID):
            raise UnknownRuleError(caller.operator_id, named[:LONGEST_ID])
        rule_id = int(named)
        return _json(
            await anyio.to_thread.run_sync(self._rules().withdraw, caller.operator_id, rule_id, caller.role)
        )

    async def preview(self, request: Request, caller: Caller) -> Response:
        asked = await _body(request, PreviewQuestion)
        return _json(
            await anyio.to_thread.run_sync(
                self._rules().preview, caller.operator_id, asked, _language(request)
            )
        )


def _check_writer(caller: Caller) -> None:
    if caller.role not in WRITERS:
        detail = f"role '{caller.role}' may read and preview rules; {', '.join(WRITERS)} may change them"
        raise _RefusedError(problem(HTTPStatus.FORBIDDEN, detail))


async def _body(request: Request, model: type[Body]) -> Body:
    try:
        return model.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        raise _RefusedError(problem(HTTPStatus.BAD_REQUEST, drafting_problem(error))) from error


def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"))


def _json(reply: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(reply.model_dump_json(), status, media_type="application/json")

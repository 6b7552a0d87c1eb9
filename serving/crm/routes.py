"""Which CRM pages there are, and what each asks the desk."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from activity_log.errors import BusflowError, NoModelError, UnknownCustomerError
from serving.access import AccessDeniedError
from serving.crm import session
from serving.crm.desk import CrmAccess, Desk, SlippingCustomer
from serving.crm.pages import STATIC, TEXTS, Pages, language_of
from serving.languages import Language
from serving.replies import CustomerHit

HOME = "/crm"


class Visit(NamedTuple):
    """A signed-in dispatcher: whose data, in which language."""

    operator_id: str
    language: Language


Handler = Callable[[Request], Awaitable[Response]]
VisitHandler = Callable[[Request, Visit], Awaitable[Response]]


def crm_routes(desk: Desk, access: CrmAccess) -> list[BaseRoute]:
    """Return the routes of the CRM screen, all below `/crm`, to be put into a Starlette app."""
    pages = Pages()
    door, screen = _Door(pages, access), _Screen(pages, desk)
    return [
        Mount("/crm/static", StaticFiles(directory=STATIC)),
        Route("/crm/session", door.is_open, methods=["GET"]),
        Route("/crm/session", door.sign_in, methods=["POST"]),
        Route("/crm/sign-out", door.sign_out, methods=["POST"]),
        Route("/crm/search", door.guard(screen.hits)),
        Route("/crm/customers/{customer_id:path}", door.guard(screen.customer)),
        Route("/crm/timelines/{customer_id:path}", door.guard(screen.timeline)),
        Route(HOME, door.guard(screen.home)),
    ]


class _Door:
    """Lets in who holds a valid token, and shows everybody else the sign-in page."""

    def __init__(self, pages: Pages, access: CrmAccess):
        self._pages = pages
        self._access = access

    def guard(self, handler: VisitHandler) -> Handler:
        async def guarded(request: Request) -> Response:
            try:
                operator_id = self._access.verify(session.session_token(request))
            except AccessDeniedError:
                return self._pages.render(request, "sign_in.html", 401, problem=None)
            try:
                return await handler(request, Visit(operator_id, language_of(request)))
            except BusflowError:  # an address nobody was given, such as one with a made-up cursor
                return self._pages.render(request, "failed.html", 400)

        return guarded

    async def is_open(self, request: Request) -> Response:
        """Tell the sign-in page whether there is a session: a visit from another site comes without its cookie."""
        try:
            self._access.verify(session.session_token(request))
        except AccessDeniedError:
            return Response(status_code=401)
        return Response(status_code=204)

    async def sign_in(self, request: Request) -> Response:
        if not session.is_same_origin(request):
            return self._foreign(request)
        token = await session.posted_token(request)
        try:
            self._access.verify(token)
        except AccessDeniedError as denied:
            return self._refused(request, denied)
        response = RedirectResponse(HOME, status_code=303)
        session.open_session(response, request, token)
        return response

    async def sign_out(self, request: Request) -> Response:
        if not session.is_same_origin(request):
            return self._foreign(request)
        response = RedirectResponse(HOME, status_code=303)
        session.close_session(response)
        return response

    def _refused(self, request: Request, denied: AccessDeniedError) -> Response:
        texts = TEXTS[language_of(request)]
        problem = texts.key_wrong_role if denied.status == 403 else texts.key_refused
        return self._pages.render(request, "sign_in.html", denied.status, problem=problem)

    def _foreign(self, request: Request) -> Response:
        problem = TEXTS[language_of(request)].foreign_request
        return self._pages.render(request, "sign_in.html", 403, problem=problem)


class _Screen:
    """What a signed-in dispatcher sees."""

    def __init__(self, pages: Pages, desk: Desk):
        self._pages = pages
        self._desk = desk

    async def home(self, request: Request, visit: Visit) -> Response:
        query = _query(request)
        hits, slipping = await asyncio.gather(self._hits(visit, query), self._slipping(visit))
        return self._pages.render(request, "home.html", query=query, hits=hits, slipping=slipping)

    async def hits(self, request: Request, visit: Visit) -> Response:
        query = _query(request)
        hits = await self._hits(visit, query)
        return self._pages.render(request, "_hits.html", query=query, hits=hits)

    async def customer(self, request: Request, visit: Visit) -> Response:
        customer_id, cursor = request.path_params["customer_id"], request.query_params.get("cursor")
        try:
            insight, timeline = await asyncio.gather(
                self._desk.insight(visit.operator_id, customer_id, visit.language),
                self._desk.timeline(visit.operator_id, customer_id, visit.language, cursor),
            )
        except UnknownCustomerError:
            return self._unknown(request)
        return self._pages.render(
            request, "customer.html", insight=insight, timeline=timeline, later=cursor is not None
        )

    async def timeline(self, request: Request, visit: Visit) -> Response:
        customer_id, cursor = request.path_params["customer_id"], request.query_params.get("cursor")
        try:
            page = await self._desk.timeline(visit.operator_id, customer_id, visit.language, cursor)
        except UnknownCustomerError:
            return self._unknown(request)
        return self._pages.render(request, "_timeline.html", timeline=page, customer_id=customer_id)

    async def _hits(self, visit: Visit, query: str) -> list[CustomerHit]:
        return await self._desk.search(visit.operator_id, query, visit.language) if query else []

    async def _slipping(self, visit: Visit) -> list[SlippingCustomer] | None:
        try:
            return await self._desk.slipping_away(visit.operator_id, visit.language)
        except NoModelError:
            return None

    def _unknown(self, request: Request) -> Response:
        return self._pages.render(request, "not_found.html", 404)


def _query(request: Request) -> str:
    return request.query_params.get("q", "").strip()

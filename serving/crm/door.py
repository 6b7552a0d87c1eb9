"""The door of the screen: who holds a valid token comes in, everybody else sees the sign-in page."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from activity_log.errors import BusflowError
from serving.access import AccessDeniedError
from serving.crm import session
from serving.crm.desk import CrmAccess
from serving.crm.pages import TEXTS, Pages, language_of
from serving.languages import Language

HOME = "/crm"


class Visit(NamedTuple):
    """A signed-in dispatcher: whose data, in which language."""

    operator_id: str
    language: Language


Handler = Callable[[Request], Awaitable[Response]]
VisitHandler = Callable[[Request, Visit], Awaitable[Response]]


class Door:
    """Lets in who holds a valid token, and shows everybody else the sign-in page."""

    def __init__(self, pages: Pages, access: CrmAccess):
        self._pages = pages
        self._access = access

    def guard(self, handler: VisitHandler) -> Handler:
        """Return `handler` behind the door."""

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
        """Take a posted token, and keep it as the session's if it is valid."""
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
        """Forget the session's token."""
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

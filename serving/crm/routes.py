"""Which CRM pages there are, and what each asks the desk."""

import asyncio
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from activity_log.errors import NoModelError, UnknownCustomerError, WrongUseError
from activity_log.segments.definitions import UnknownSegmentError
from serving.crm.charts import bookings_drawing, spend_drawing
from serving.crm.desk import CrmAccess, Desk
from serving.crm.door import HOME, Door, Visit
from serving.crm.overlaps import shared_members
from serving.crm.pages import STATIC, TEXTS, Pages
from serving.crm.records import SlippingAway
from serving.crm.seasons import SEASONS, travel_years
from serving.crm.timeline_form import timeline_form
from serving.replies import CustomerHit


def crm_routes(desk: Desk, access: CrmAccess) -> list[BaseRoute]:
    """Return the routes of the CRM screen, all below `/crm`, to be put into a Starlette app."""
    pages = Pages()
    door, screen = Door(pages, access), _Screen(pages, desk)
    return [
        Mount("/crm/static", StaticFiles(directory=STATIC)),
        Route("/crm/session", door.is_open, methods=["GET"]),
        Route("/crm/session", door.sign_in, methods=["POST"]),
        Route("/crm/sign-out", door.sign_out, methods=["POST"]),
        Route("/crm/slipping", door.guard(screen.slipping)),
        Route("/crm/search", door.guard(screen.hits)),
        Route("/crm/customers/{customer_id:path}", door.guard(screen.customer)),
        Route("/crm/timelines/{customer_id:path}", door.guard(screen.timeline)),
        Route("/crm/charts/{customer_id:path}", door.guard(screen.charts)),
        Route("/crm/segments", door.guard(screen.segments)),
        Route("/crm/segments/{segment_id:path}", door.guard(screen.segment)),
        Route(HOME, door.guard(screen.home)),
    ]


class _Screen:
    """What a signed-in dispatcher sees."""

    def __init__(self, pages: Pages, desk: Desk):
        self._pages = pages
        self._desk = desk

    async def home(self, request: Request, visit: Visit) -> Response:
        query = _query(request)
        hits = await self._hits(visit, query)
        return self._pages.render(request, "home.html", query=query, hits=hits)

    async def slipping(self, request: Request, visit: Visit) -> Response:
        """Answer with the list, which takes long to find with many customers: see `_part`."""
        return self._part(request, "slipping", slipping=await self._slipping(visit))

    async def hits(self, request: Request, visit: Visit) -> Response:
        query = _query(request)
        hits = await self._hits(visit, query)
        return self._pages.render(request, "_hits.html", query=query, hits=hits)

    async def customer(self, request: Request, visit: Visit) -> Response:
        customer_id, cursor = request.path_params["customer_id"], request.query_params.get("cursor")
        form = timeline_form(request.query_params)
        operator_id, language = visit
        try:
            insight, travels, consent, timeline = await asyncio.gather(
                self._desk.insight(operator_id, customer_id, language),
                self._desk.travels(operator_id, customer_id, language),
                self._desk.consent(operator_id, customer_id),
                self._desk.timeline(operator_id, customer_id, language, cursor, form.only()),
            )
        except UnknownCustomerError:
            return self._unknown(request)
        return self._pages.render(
            request,
            "customer.html",
            insight=insight,
            travels=travels,
            consent=consent,
            timeline=timeline,
            form=form,
            is_later=cursor is not None or form.is_filled,
        )

    async def timeline(self, request: Request, visit: Visit) -> Response:
        customer_id, cursor = request.path_params["customer_id"], request.query_params.get("cursor")
        form = timeline_form(request.query_params)
        try:
            page = await self._desk.timeline(*_who(visit, customer_id), cursor, form.only())
        except UnknownCustomerError:
            return self._unknown(request)
        return self._pages.render(
            request, "_timeline.html", timeline=page, customer_id=customer_id, form=form
        )

    async def charts(self, request: Request, visit: Visit) -> Response:
        """Answer with the plots: see `_part`."""
        customer_id = request.path_params["customer_id"]
        try:
            travels = await self._desk.travels(*_who(visit, customer_id))
        except UnknownCustomerError:
            return self._unknown(request)
        years = travel_years(travels.bookings)
        values: dict[str, Any] = {"years": years, "seasons": SEASONS, "customer_id": customer_id}
        if years.years:
            names = TEXTS[visit.language].seasons
            values["bookings_svg"] = await anyio.to_thread.run_sync(
                bookings_drawing, years, names, visit.language
            )
            values["spend_svg"] = await anyio.to_thread.run_sync(spend_drawing, years, visit.language)
        return self._part(request, "charts", **values)

    async def segments(self, request: Request, visit: Visit) -> Response:
        overview = await self._desk.segments(*visit)
        return self._pages.render(
            request, "segments.html", overview=overview, shared=shared_members(overview)
        )

    async def segment(self, request: Request, visit: Visit) -> Response:
        operator_id, language = visit
        wanted = request.path_params["segment_id"]
        try:
            found = await self._desk.segment(operator_id, wanted, language, _page(request))
        except UnknownSegmentError:
            return self._pages.render(request, "no_segment.html", 404)
        return self._pages.render(request, "segment.html", found=found)

    def _part(self, request: Request, name: str, **values: Any) -> Response:
        """Render a part of a page for scripts; with `?page`, a page of its own for everybody else."""
        template = f"{name}.html" if "page" in request.query_params else f"_{name}.html"
        return self._pages.render(request, template, **values)

    async def _hits(self, visit: Visit, query: str) -> list[CustomerHit]:
        return await self._desk.search(visit.operator_id, query, visit.language) if query else []

    async def _slipping(self, visit: Visit) -> SlippingAway | None:
        try:
            return await self._desk.slipping_away(*visit)
        except NoModelError:
            return None

    def _unknown(self, request: Request) -> Response:
        return self._pages.render(request, "not_found.html", 404)


def _who(visit: Visit, customer_id: str) -> tuple[str, str, str]:
    return visit.operator_id, customer_id, visit.language


def _query(request: Request) -> str:
    return request.query_params.get("q", "").strip()


def _page(request: Request) -> int:
    text = request.query_params.get("page", "1")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise WrongUseError(f"page '{text[:40]}': use a number")
    return int(text)

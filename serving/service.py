"""The BentoML service: POST endpoints that look up, decide and answer; everything else is in `web`."""

import functools
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import anyio
import bentoml
from pydantic import SecretStr, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from activity_log.errors import BusflowError
from activity_log.garbage import without_cyclic_gc
from activity_log.settings import load_settings
from activity_log.telemetry import configure_logging
from activity_log.tracing import configure_tracing
from serving.access import AccessDeniedError, TokenKeys, check_customer, current_caller, open_token_keys
from serving.bodies import JsonBodies
from serving.collecting import collect_often
from serving.cors import Cors, Origins
from serving.draining import Draining, Workers
from serving.gate import AccessGate
from serving.health import Readiness
from serving.languages import Language, language_of
from serving.limits import Limits
from serving.middleware import CallersMistakes, OneErrorShape, problem
from serving.observability import SYSTEM_PATHS, Observed, RouteNames, ScrapeDoor
from serving.replies import ChurnRisk, CustomerInsight, RecommendationModel
from serving.requests import CustomerIds, Filters, Id, ItemCount, TourIds, Yes
from serving.shedding import Shedding, put_first
from serving.versions import Versioned
from serving.visitor import Visitor

SWITCH_SECONDS = 0.0005
"""So long at most a thread that reads in the background keeps the one that answers waiting; usual are 5 ms."""


@functools.cache
def metrics_token() -> SecretStr | None:
    """Return the token of the one who collects the figures of all operators, None if nobody may."""
    return load_settings().metrics_token


@functools.cache
def token_keys() -> TokenKeys:
    """Return the keys tokens are verified with, read when the first request comes."""
    return open_token_keys(load_settings())


@functools.cache
def limits() -> Limits:
    """Return how often somebody may ask."""
    return Limits(load_settings())


@functools.cache
def origins() -> Origins:
    """Return which sites may ask."""
    return Origins(load_settings().origins)


@functools.cache
def most_in_flight() -> int:
    """Return how many requests are answered at once."""
    return load_settings().max_in_flight


async def publish_keys(_request: Request) -> Response:
    """Answer with the public keys that tokens of this installation are verified with."""
    return JSONResponse(token_keys().jwks(), headers={"Cache-Control": "public, max-age=300"})


draining = Draining()
web = Starlette(routes=[Route("/.well-known/jwks.json", publish_keys)])
web.state.on_shutdown = []  # what is to be called, without arguments, once the last request is answered

P = ParamSpec("P")
T = TypeVar("T")


def listed(risks: list[ChurnRisk]) -> list[ChurnRisk]:
    """Return a list as a reply of its own: BentoML would make the list's JSON schema anew for each request."""
    return cast(list[ChurnRisk], Response(_RISKS.dump_json(risks), media_type="application/json"))


_RISKS = TypeAdapter(list[ChurnRisk])


def answering(endpoint: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T | Response]]:
    """Turn what the caller can mend into a problem reply."""

    @functools.wraps(endpoint)
    async def answer(*args: P.args, **kwargs: P.kwargs) -> T | Response:
        try:
            return await endpoint(*args, **kwargs)
        except BusflowError as error:
            from serving.problems import status_of

            return _problem(kwargs["ctx"], status_of(error), str(error))
        except AccessDeniedError as denied:
            return _problem(kwargs["ctx"], denied.status, denied.detail)
        except ValidationError as error:  # BentoML would take it for the caller's, and answer 400
            raise AssertionError(f"an answer breaks its own contract: {error}") from error

    return answer


def _problem(ctx: Any, status: int, detail: str) -> Response:
    """Return a problem, with its status on the context too: BentoML puts that one into every reply."""
    ctx.response.status_code = status
    return problem(status, detail)


@bentoml.service(
    name="busflow",
    traffic={"timeout": 30},
    metrics={"enabled": False},  # its own are labelled by raw paths, ids and all; ours are in `observability`
    tracing={"excluded_urls": ".*"},
    http={"port": 3000},
    logging={"access": {"enabled": False}},
)
@bentoml.asgi_app(web)
class Busflow:
    """Customer Intelligence for coach-tour operators."""

    def __init__(self) -> None:
        settings = load_settings()
        configure_logging(settings)
        configure_tracing()
        with without_cyclic_gc():  # the process that only starts the workers is spared these seconds
            from serving.application import connect, furnish
        furnish(web, token_keys, own_apis)
        names.read(web.routes)
        self._answers = connect(web, settings)
        web.state.on_shutdown.append(self._answers.close)
        logging.getLogger("bentoml._internal.server.http_app").addFilter(CallersMistakes())
        self._readiness = Readiness(self._missing)
        sys.setswitchinterval(SWITCH_SECONDS)
        collect_often()

    def _missing(self) -> list[str]:
        keys = [] if token_keys().are_known else ["the keys of the identity provider"]
        return [*draining.missing(), *keys, *self._answers.readiness()]

    async def __is_ready__(self) -> bool:
        await self._readiness.check()
        return True

    @bentoml.on_startup
    async def take_charge_of_the_server(self) -> None:
        """Shed before anything costs time, and let SIGTERM end the process once proxies know."""
        put_first(lambda app: Shedding(app, most_in_flight, origins))
        settings, shared = load_settings(), os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        draining.begin_at_sigterm(
            settings.drain_seconds, Workers(settings.workers, Path(shared) if shared else None)
        )

    @bentoml.on_shutdown
    async def finish(self) -> None:
        """Let everybody write down what they still hold."""
        for finish in web.state.on_shutdown:
            await anyio.to_thread.run_sync(finish)

    @bentoml.api
    @answering
    async def recommend(
        self,
        ctx: bentoml.Context,
        customer_id: Id | None = None,
        viewed_tours: TourIds = [],  # noqa: B006 (BentoML reads the default into the schema)
        boarding_point: Id | None = None,
        n: ItemCount = 5,
        filters: Filters = Filters(),  # noqa: B008
    ) -> RecommendationModel:
        """Suggest trips the visitor can really book, ranked, each with a true reason."""
        caller = current_caller.get()
        check_customer(caller, customer_id)
        visitor = Visitor(customer_id or caller.customer_id, viewed_tours, boarding_point)
        explore = caller.role == "widget"  # nobody else tells us what was seen
        return await self._answers.recommend_soon(
            caller.operator_id, visitor, _language(ctx), filters, n, explore=explore
        )

    @bentoml.api
    @answering
    async def also_booked(self, ctx: bentoml.Context, tour_id: Id, n: ItemCount = 5) -> RecommendationModel:
        """Suggest what bookers of a tour booked too."""
        return self._answers.also_booked(current_caller.get().operator_id, tour_id, n, _language(ctx))

    @bentoml.api
    @answering
    async def churn_risk(
        self, ctx: bentoml.Context, customer_ids: CustomerIds, reasons: Yes = True
    ) -> list[ChurnRisk]:
        """Chance that each customer books nothing within the horizon. Unknown ids: 404, all named."""
        risks = await self._answers.churn_risk_soon(
            current_caller.get().operator_id, customer_ids, _language(ctx), reasons=reasons
        )
        return listed(risks)

    @bentoml.api
    @answering
    async def customer_insight(self, ctx: bentoml.Context, customer_id: Id) -> CustomerInsight:
        """Return the 360° profile; the person's identity is in it for role `crm` only."""
        caller, language = current_caller.get(), _language(ctx)
        return await anyio.to_thread.run_sync(
            lambda: self._answers.customer_insight(
                caller.operator_id, customer_id, language, with_person=caller.role == "crm"
            )
        )


def _language(ctx: Any) -> Language:
    return language_of(ctx.request.headers.get("accept-language"))


service = cast(Any, Busflow)  # the decorator made a bentoml.Service of the class
own_apis = tuple(service.apis.values())
for api in own_apis:
    api.input_spec.model_config["extra"] = "forbid"  # a misspelt field gets an error, not a silent default
    api.input_spec.model_rebuild(force=True)
names = RouteNames((*SYSTEM_PATHS, *(api.route for api in own_apis)))
service.add_asgi_middleware(Versioned)
# it sees what the caller sees
service.add_asgi_middleware(Observed, names=names, is_closing=lambda: draining.is_closing)
# outside the gate, so that a widget on another site can read errors too
service.add_asgi_middleware(Cors, origins=origins)
service.add_asgi_middleware(OneErrorShape)
service.add_asgi_middleware(ScrapeDoor, token=metrics_token, figures=lambda: web.state.figures)
service.add_asgi_middleware(AccessGate, keys=token_keys, limits=limits, origins=origins)
service.add_asgi_middleware(JsonBodies)

"""The BentoML service: POST endpoints that look up, decide and answer; everything else is in `web`."""

import functools
import gc
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar, cast

import bentoml
from starlette.responses import Response

from activity_log.errors import BusflowError
from activity_log.settings import load_settings
from serving.access import AccessDeniedError, TokenKeys, check_customer, current_caller
from serving.answers import open_answers
from serving.languages import Language, language_of
from serving.middleware import AccessGate, OneErrorShape, problem
from serving.problems import status_of
from serving.recommending import Visitor
from serving.replies import ChurnRisk, CustomerInsight, RecommendationModel
from serving.requests import CustomerIds, Filters, ItemCount, TourIds
from serving.web import create_web


@functools.cache
def token_keys() -> TokenKeys:
    """Return the keys tokens are verified with, read when the first request comes."""
    return TokenKeys(load_settings().keys_dir)


web = create_web(token_keys)

P = ParamSpec("P")
T = TypeVar("T")


def answering(endpoint: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T | Response]]:
    """Turn what the caller can mend into a problem reply."""

    @functools.wraps(endpoint)
    async def answer(*args: P.args, **kwargs: P.kwargs) -> T | Response:
        try:
            return await endpoint(*args, **kwargs)
        except BusflowError as error:
            return problem(status_of(error), str(error))
        except AccessDeniedError as denied:
            return problem(denied.status, denied.detail)

    return answer


@bentoml.service(
    name="busflow",
    traffic={"timeout": 30},
    http={
        "port": 3000,
        "cors": {
            "enabled": True,
            "access_control_allow_origins": "*",
            "access_control_allow_methods": ["POST"],
            "access_control_allow_headers": ["authorization", "content-type", "accept-language"],
        },
    },
    logging={"access": {"enabled": False}},
)
@bentoml.asgi_app(web)
class Busflow:
    """Customer Intelligence for coach-tour operators."""

    def __init__(self) -> None:
        settings = load_settings()
        self._answers = open_answers(settings)
        web.state.answers = self._answers
        gc.collect()
        gc.freeze()

    @bentoml.api
    @answering
    async def recommend(
        self,
        ctx: bentoml.Context,
        customer_id: str | None = None,
        viewed_tours: TourIds = [],  # noqa: B006 (BentoML reads the default into the schema)
        boarding_point: str | None = None,
        n: ItemCount = 5,
        filters: Filters = Filters(),  # noqa: B008
    ) -> RecommendationModel:
        """Suggest trips the visitor can really book, ranked, each with a true reason."""
        caller = current_caller.get()
        check_customer(caller, customer_id)
        visitor = Visitor(customer_id or caller.customer_id, viewed_tours, boarding_point)
        return self._answers.recommend(caller.operator_id, visitor, _language(ctx), filters, n)

    @bentoml.api
    @answering
    async def also_booked(self, ctx: bentoml.Context, tour_id: str, n: ItemCount = 5) -> RecommendationModel:
        """Suggest what bookers of a tour booked too."""
        return self._answers.also_booked(current_caller.get().operator_id, tour_id, n, _language(ctx))

    @bentoml.api
    @answering
    async def churn_risk(self, ctx: bentoml.Context, customer_ids: CustomerIds) -> list[ChurnRisk]:
        """Chance that each customer books nothing within the horizon. Unknown ids: 404, all named."""
        return self._answers.churn_risk(current_caller.get().operator_id, customer_ids, _language(ctx))

    @bentoml.api
    @answering
    async def customer_insight(self, ctx: bentoml.Context, customer_id: str) -> CustomerInsight:
        """Return the 360° profile; the person's identity is in it for role `crm` only."""
        caller = current_caller.get()
        return self._answers.customer_insight(
            caller.operator_id, customer_id, _language(ctx), with_person=caller.role == "crm"
        )


def _language(ctx: Any) -> Language:
    return language_of(ctx.request.headers.get("accept-language"))


service = cast(Any, Busflow)  # the decorator made a bentoml.Service of the class
service.add_asgi_middleware(OneErrorShape)
service.add_asgi_middleware(AccessGate, keys=token_keys)

"""The service as it is, and beside its endpoints others of the same kind that do nothing: the floor.

Same requests, same replies, same middleware and access; what is answered was made when this module was read.
"""

from typing import Any

import bentoml

from benchmarks.floor_routes import JUDGE_NOTHING, RECOMMEND_NOTHING
from serving.replies import ChurnRisk, RecommendationModel
from serving.requests import CustomerIds, Filters, Id, ItemCount, TourIds, Yes
from serving.resources.examples.people import RISK
from serving.resources.examples.suggestions import RECOMMENDATION, TOUR
from serving.service import Busflow, answering, listed, names, service

_FIVE: list[dict[str, Any]] = [TOUR | {"position": place} for place in range(1, 6)]
_LIST = RecommendationModel.model_validate(RECOMMENDATION | {"items": _FIVE})
_RISKS = [ChurnRisk.model_validate(RISK)]


async def recommend_nothing(
    self: object,
    ctx: bentoml.Context,
    customer_id: Id | None = None,
    viewed_tours: TourIds = [],  # noqa: B006 (as in the service)
    boarding_point: Id | None = None,
    n: ItemCount = 5,
    filters: Filters = Filters(),  # noqa: B008
) -> RecommendationModel:
    """Return the same list to everybody."""
    return _LIST


async def judge_nothing(
    self: object, ctx: bentoml.Context, customer_ids: CustomerIds, reasons: Yes = True
) -> list[ChurnRisk]:
    """Return the same risk for everybody."""
    return listed(_RISKS)


for endpoint, route in ((recommend_nothing, RECOMMEND_NOTHING), (judge_nothing, JUDGE_NOTHING)):
    api = bentoml.api(answering(endpoint), route=route)
    api.input_spec.model_config["extra"] = "forbid"
    api.input_spec.model_rebuild(force=True)
    setattr(service.inner, endpoint.__name__, api)
    service.apis[endpoint.__name__] = api
names.also((RECOMMEND_NOTHING, JUDGE_NOTHING))

__all__ = ["Busflow"]

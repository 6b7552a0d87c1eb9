"""What the framework serves itself: its endpoints take their bodies from the signatures, and are told here."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Protocol

from pydantic import BaseModel

from serving.replies import ChurnRisk, CustomerInsight, RecommendationModel
from serving.resources.examples import people, suggestions
from serving.resources.operation import Operation

_UNKNOWN = (HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)
_HEALTH = {
    "/livez": "Whether the process runs",
    "/readyz": "Whether it can answer",
    "/healthz": "Whether it is well",
}


_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "kid": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
    "use": "sig",
    "alg": "ES256",
}
_KEYS = Operation(
    "GET", "/.well-known/jwks.json", "The public keys that tokens are verified with (RFC 7517)", "Health",
    dict[str, Any], {"one key": {"keys": [_KEY]}},
)  # fmt: skip


class NativeApi(Protocol):
    """What is asked of an endpoint of the framework."""

    route: str
    input_spec: type[BaseModel]


_TOLD = (
    Operation(
        "POST", "/recommend", "Suggest trips the visitor can really book, ranked, each with a true reason",
        "Suggestions", RecommendationModel,
        {"a known customer": suggestions.RECOMMENDATION, "a stranger": suggestions.FOR_A_STRANGER},
        body_examples={
            "a known customer": {"customer_id": people.ANNA, "n": 3},
            "a stranger who looked at a tour": {
                "viewed_tours": ["nordsee-2027"], "boarding_point": "bremen-zob",
                "filters": {"most_nights": 7, "highest_price": "800.00", "departs_from": "2027-04-01"},
            },
        },
        problems=(HTTPStatus.NOT_FOUND,),
    ),
    Operation(
        "POST", "/also_booked", "Suggest what bookers of a tour booked too",
        "Suggestions", RecommendationModel, {"other tours": suggestions.ALSO_BOOKED},
        body_examples={"three tours": {"tour_id": "nordsee-2027", "n": 3}}, problems=_UNKNOWN,
    ),
    Operation(
        "POST", "/churn_risk", "The chance that each customer books nothing within the horizon, and why",
        "Customers", list[ChurnRisk],
        {"with reasons": [people.RISK], "without": [people.RISK_WITHOUT_REASONS]},
        body_examples={
            "one customer": {"customer_ids": [people.ANNA]},
            "a nightly job": {"customer_ids": [people.ANNA, people.BERND], "reasons": False},
        },
        problems=_UNKNOWN,
    ),
    Operation(
        "POST", "/customer_insight", "The 360° profile; who the person is, for role crm only",
        "Customers", CustomerInsight, {"to an analyst": suggestions.PROFILE},
        body_examples={"one customer": {"customer_id": people.ANNA}}, problems=_UNKNOWN,
    ),
)  # fmt: skip


def native(apis: Iterable[NativeApi]) -> list[Operation]:
    """Return the framework's endpoints as operations, and its health. KeyError: one is not told here."""
    told: Mapping[str, Operation] = {operation.path: operation for operation in _TOLD}
    posts = [replace(told[api.route], body=_body(api)) for api in apis]
    health = [Operation("GET", path, summary, "Health", None, {}) for path, summary in _HEALTH.items()]
    return [*posts, *health, _KEYS]


def _body(api: NativeApi) -> Any:
    """Return the model of an endpoint's body under a name of its own: the framework calls all of them Input."""
    name = "".join(part.title() for part in api.route.strip("/").split("_")) + "Request"
    return type(name, (api.input_spec,), {"__module__": __name__, "__doc__": None})

"""The operator's rules for recommendations, as the document tells them; `serving.rules.routes` serves them."""

from http import HTTPStatus

from serving.access import Role
from serving.resources.operation import Operation
from serving.rules.replies import KeptRule, RulesPreview
from serving.rules.requests import NewRule, PreviewQuestion, RulesQuery

TAG = "Rules"
WRITERS: frozenset[Role] = frozenset({"marketing"})
"""Who may change rules; whoever may use /rules at all reads and previews them."""
_NEW = {"kind": "boost", "target": {"region": "Nordsee"}, "factor": 1.5, "note": "Saisonstart"}
_KEPT = _NEW | {
    "rule_id": 12, "position": None, "at_most": None, "valid_from": "2026-11-01T00:00:00Z", "valid_to": None,
    "created_by": "marketing", "created_at": "2026-10-28T09:12:40Z", "withdrawn_at": None, "withdrawn_by": None,
    "replaced_by": None, "in_force": True, "remarks": [],
}  # fmt: skip
_WITHDRAWN = _KEPT | {
    "withdrawn_at": "2026-12-01T08:00:00Z", "withdrawn_by": "marketing", "in_force": False,
}  # fmt: skip
_PREVIEW = {
    "at": "2026-11-01T12:00:00Z", "lists": 1, "lists_changed": 1,
    "visitors": [
        {
            "customer_id": None, "changed": True,
            "before": [{"position": 1, "tour_id": "bodensee-2027", "departure_id": "bodensee-2027-06-12",
                        "name": "Bodensee 2027", "rules": []}],
            "after": [{"position": 1, "tour_id": "nordsee-2027", "departure_id": "nordsee-2027-05-08",
                       "name": "Nordsee 2027", "rules": [13]}],
        }
    ],
    "tours": [
        {"tour_id": "nordsee-2027", "name": "Nordsee 2027", "lists_before": 0, "lists_after": 1,
         "place_before": None, "place_after": 1.0}
    ],
    "rules": [
        {"rule_id": 13, "kind": "boost", "target": {"region": "Nordsee"}, "proposed": True, "lists_changed": 1,
         "no_effect": None}
    ],
}  # fmt: skip


DESCRIBED = (
    Operation(
        "GET", "/rules", "The rules in force and to come", TAG, list[KeptRule],
        {"one rule": [_KEPT], "none": []}, query=RulesQuery,
    ),
    Operation(
        "POST", "/rules", "Put a rule in force; for role marketing", TAG, KeptRule, {"a boost": _KEPT},
        body=NewRule, body_examples={"a boost": _NEW}, status=HTTPStatus.CREATED,
        problems=(HTTPStatus.NOT_FOUND,), only=WRITERS,
    ),
    Operation(
        "POST", "/rules/{rule_id}/withdraw", "End a rule; for role marketing", TAG, KeptRule,
        {"ended": _WITHDRAWN}, path_examples={"rule_id": "12"}, problems=(HTTPStatus.NOT_FOUND,), only=WRITERS,
    ),
    Operation(
        "POST", "/rules/preview", "What rules would change, on the lists of some visitors", TAG, RulesPreview,
        {"a boost": _PREVIEW}, body=PreviewQuestion,
        body_examples={"a boost": {"propose": [_NEW], "sample": 3}}, problems=(HTTPStatus.NOT_FOUND,),
    ),
)  # fmt: skip

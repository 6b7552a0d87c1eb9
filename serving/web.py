"""The Starlette app mounted in the service: all operations but the framework's own, CRM screen and widget."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from starlette.applications import Starlette

from serving.access import AccessDeniedError, TokenKeys
from serving.crm.routes import crm_routes
from serving.crm_desk import CrmDesk
from serving.openapi import api_document
from serving.resources.all_operations import OPERATIONS
from serving.resources.operation import Operation
from serving.resources.routes import routes
from serving.resources.rules import DESCRIBED
from serving.rules.routes import rules_routes
from serving.widget.routes import widget_routes


def add_routes(app: Starlette, keys: Callable[[], TokenKeys], beside: Sequence[Operation] = ()) -> None:
    """Add all routes to the app behind the access gate.

    beside: what is served beside it, for the document. Set `app.state.answers` and `.figures` before the first
    request.
    """

    @cache
    def document() -> dict[str, Any]:
        return api_document((*OPERATIONS, *DESCRIBED, describing, *beside))

    describing = Operation(
        "GET", "/openapi.json", "This document", "Health", dict[str, Any], {}, lambda _: document()
    )
    desk = CrmDesk(lambda: app.state.answers)
    app.router.routes.extend(routes((*OPERATIONS, describing)))
    rules = rules_routes(lambda: app.state.answers.rules)
    app.router.routes.extend([*crm_routes(desk, _CrmDoor(keys)), *widget_routes(), *rules])


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

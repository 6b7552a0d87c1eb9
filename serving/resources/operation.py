"""One thing that can be asked over HTTP, told once: the route that serves it and its page in the API document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from serving.access import Caller, Role, roles_of
from serving.answers import Answers
from serving.languages import Language
from serving.observability import Figures

JSON = "application/json"


class Query(BaseModel):
    """What may stand behind the question mark; a misspelt name gets an error, not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Body(BaseModel):
    """What may be posted; a misspelt field gets an error, not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Question:
    """One request, read and checked. path: the parameters of the path. query, body: of the operation's models.

    body: the bytes as they came where the operation reads them itself.
    """

    answers: Answers
    figures: Callable[[], Figures]
    caller: Caller
    language: Language
    path: Mapping[str, str]
    query: Any = None
    body: Any = None

    @property
    def operator_id(self) -> str:
        """Whose data is asked for."""
        return self.caller.operator_id


class Paged(NamedTuple):
    """A page of a list. next_cursor: of the following page, told in the Link header; null: the end."""

    items: Sequence[Any]
    next_cursor: str | None


@dataclass(frozen=True)
class Operation:
    """An endpoint.

    path: with parameters as `{customer_id}`. answer: runs in a worker thread and returns `reply`, or raises; null:
    the framework serves it. reply: a type; null: nothing is sent back. body, query: models of what is asked.
    reads_bytes: `body` describes what is posted, but the answer checks it itself. problems: statuses beside those all
    have. examples, body_examples: by name. path_examples: of each parameter. heavy: may take seconds; only one of
    these runs at a time in a process, so that quick answers are not held up. only: fewer roles than the path allows.
    """

    method: Literal["GET", "POST"]
    path: str
    summary: str
    tag: str
    reply: Any
    examples: Mapping[str, Any]
    answer: Callable[[Question], Any] | None = None
    body: Any = None
    body_examples: Mapping[str, Any] = field(default_factory=dict)
    reads_bytes: bool = False
    query: type[BaseModel] | None = None
    path_examples: Mapping[str, str] = field(default_factory=dict)
    status: HTTPStatus = HTTPStatus.OK
    problems: tuple[HTTPStatus, ...] = ()
    media_type: str = JSON
    heavy: bool = False
    only: frozenset[Role] | None = None

    @property
    def name(self) -> str:
        """The operation's id, as in get_customers_timeline."""
        parts = [part for part in self.path.split("/") if part and not part.startswith("{")]
        one = "one_" if self.path.endswith("}") else ""
        return f"{self.method.lower()}_{one}{'_'.join(parts).replace('.', '_')}"

    @property
    def roles(self) -> frozenset[Role]:
        """Who may ask."""
        return self.only or roles_of(self.path)

"""The one error shape."""

from pydantic import Field

from serving.replies.contract import Reply


class FieldError(Reply):
    """What is wrong with a field, and how it should be. field: of the body or the query, parts joined by dots."""

    field: str
    detail: str


class Problem(Reply):
    """The one error shape (RFC 9457, application/problem+json). errors: where fields are at fault, each of them."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default=[])

"""The field types that event payloads are made of. One spelling for ids, money, channels and moments."""

import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

__all__ = [
    "Channel",
    "Currency",
    "Id",
    "Locale",
    "LocalizedText",
    "Moment",
    "Money",
    "OperatorId",
    "Payload",
    "Personal",
    "Purpose",
    "Text",
    "date",
    "personal_fields",
]

Id = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=2_000)]
OperatorId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


def _written_as_time(value: object) -> object:
    """Refuse bare numbers: whether they count seconds or milliseconds, or are a slip, cannot be told."""
    if isinstance(value, datetime) or (isinstance(value, str) and _STARTS_WITH_DATE.match(value)):
        return value
    raise PydanticCustomError("not_a_time", "Input should be a time like 2026-05-01T10:00:00Z")


_STARTS_WITH_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

Moment = Annotated[AwareDatetime, BeforeValidator(_written_as_time)]
"""An aware moment, as CloudEvents write it (RFC 3339)."""


class _NoFloat:
    """Refuses a JSON number with a point, which would become a float on its way: the gate reads those exactly."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        exact = core_schema.union_schema(
            [core_schema.str_schema(strict=True), core_schema.int_schema(strict=True)],
            mode="left_to_right",
            custom_error_type="decimal_type",
        )
        money = handler(source)
        return core_schema.json_or_python_schema(core_schema.chain_schema([exact, money]), money)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(schema["python_schema"])


Money = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2), _NoFloat()]
"""An amount in the unit of `currency`, at most two decimals, never negative: refunds have their own field."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
Channel = Literal["email", "whatsapp", "sms", "phone", "letter", "push"]
Purpose = Literal["marketing", "profiling", "newsletter"]


class _PersonalMark:
    """Marks a payload field as personal; it changes nothing about what is valid."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "x-personal": True}


_PERSONAL = _PersonalMark()
_Value = TypeVar("_Value")

Personal = Annotated[_Value, _PERSONAL]
"""`email: Personal[Text | None] = None`: tells who somebody is, or what was said in confidence."""


class Payload(BaseModel):
    """The `data` of an event. Fields of a newer producer that we do not know are kept, not dropped.

    data_version: raised by one with every incompatible change; `upcasting` then takes the older ones along.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    data_version: ClassVar[int] = 1


class LocalizedText(Payload):
    """A text in German and, where there is one, in English."""

    de: Text
    en: Text | None = None

    def in_language(self, language: str) -> str:
        """Return the text in `language` (`de` or `en`), falling back to German."""
        return self.en if language == "en" and self.en else self.de


@cache
def personal_fields(payload_type: type[Payload]) -> frozenset[str]:
    """Return the names of the top-level fields marked `Personal`; all of them are encrypted at rest."""
    return frozenset(name for name, spec in payload_type.model_fields.items() if _PERSONAL in spec.metadata)

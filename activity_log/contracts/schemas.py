"""JSON Schemas (draft 2020-12) of the contracts, as strict as JSON Schema can be about what we take in."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from activity_log.contracts.envelope import Envelope
from activity_log.contracts.published import Contract

Schema = dict[str, Any]

DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?"
OFFSET = r"([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"
NOT_BLANK = r"\S"


class _ContractSchema(GenerateJsonSchema):
    """Says in patterns what pydantic's own schemas leave unsaid: offsets, decimals, blanks, calendar dates."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Leave titles out: they would repeat the field's name."""
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Say that what we send has all its fields; what we take in may leave those with a default out."""
        return self.mode == "serialization" or super().field_is_required(field, total)

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """Say that where blanks are stripped, blanks alone are not text."""
        described = super().str_schema(schema)
        if schema.get("strip_whitespace") and schema.get("min_length"):
            described.setdefault("pattern", NOT_BLANK)
        return described

    def date_schema(self, schema: core_schema.DateSchema) -> JsonSchemaValue:
        """Describe a calendar date."""
        return {**super().date_schema(schema), "pattern": f"^{DATE}$"}

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        """Describe a moment with its offset from UTC."""
        return {**super().datetime_schema(schema), "pattern": f"^{DATE}[Tt ]{CLOCK}{OFFSET}$"}

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """Describe an exact decimal as text; a number is understood, too."""
        whole, places = _digits(schema)
        sign = "" if schema.get("ge", -1) >= 0 else "-?"
        text: Schema = {"type": "string", "pattern": rf"^{sign}\d{{1,{whole}}}(\.\d{{1,{places}}})?$"}
        if self.mode == "serialization":
            return text
        number: Schema = {"type": "number", "exclusiveMaximum": 10**whole}
        number |= {"exclusiveMinimum": -(10**whole)} if sign else {"minimum": 0}
        return {"anyOf": [text, number]}


def _digits(schema: core_schema.DecimalSchema) -> tuple[int, int]:
    places = schema["decimal_places"]
    return schema["max_digits"] - places, places


def schema_of(contract: Contract) -> Schema:
    """Return the schema of a contract's payload (the `data` of the event)."""
    mode: JsonSchemaMode = "serialization" if contract.action == "send" else "validation"
    described: Schema = {
        "title": contract.name,
        "x-source": contract.source,
        "x-dataversion": contract.version,
    }
    if contract.replaced_by:
        name, version = contract.replaced_by
        described |= {"deprecated": True, "x-replaced-by": f"{name} v{version}"}
    return _dialect(described, _generated(contract.payload, mode))


def envelope_schema() -> Schema:
    """Return the schema of the CloudEvents envelope that every event travels in."""
    return _dialect({"title": "Envelope"}, _generated(Envelope, "validation"))


def _dialect(described: Schema, generated: Schema) -> Schema:
    return {"$schema": GenerateJsonSchema.schema_dialect, **described, **generated, **described}


def _generated(model: type[BaseModel], mode: JsonSchemaMode) -> Schema:
    return model.model_json_schema(mode=mode, schema_generator=_ContractSchema)

"""What a rule may say: a contract that refuses what could never have an effect, and names field and remedy."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

Kind = Literal["pin", "boost", "bury", "exclude", "at_most"]
TargetKind = Literal["tour_id", "family_id", "departure_id", "region", "theme"]

LAST_PLACE = 50
STRONGEST = 100.0
"""The largest factor of a boost; the smallest of a bury is its inverse."""

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Target(BaseModel):
    """What a rule is about: one of its fields, and no other, is set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tour_id: Name | None = None
    family_id: Name | None = None
    departure_id: Name | None = None
    region: Name | None = None
    theme: Name | None = None

    @property
    def kind(self) -> TargetKind:
        """Which field is set."""
        (kind,) = self.model_fields_set & {name for name, value in self if value is not None}
        return kind  # type: ignore[return-value]

    @property
    def name(self) -> str:
        """The id, region or theme."""
        return str(getattr(self, self.kind))

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for _, value in self) != 1:
            raise ValueError(f"name exactly one of {', '.join(type(self).model_fields)}")
        return self


class RuleDraft(BaseModel):
    """A rule that is to be in force. valid_to: exclusive; null: without end, or from now on.

    position: the place a pin takes, from 1. factor: multiplies the score, above 1 for a boost, below for a bury.
    at_most: so many departures of one family in a list; without a target, of every family.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    target: Target | None = None
    position: int | None = Field(default=None, ge=1, le=LAST_PLACE, strict=True)
    factor: float | None = Field(default=None, ge=1 / STRONGEST, le=STRONGEST, allow_inf_nan=False)
    at_most: int | None = Field(default=None, ge=1, le=LAST_PLACE, strict=True)
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None
    note: str = Field(default="", max_length=500)

    @field_validator("note")
    @classmethod
    def _on_one_line(cls, note: str) -> str:
        if not note.isprintable():
            raise ValueError("write it on one line")
        return note

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for field, owner in (("position", "pin"), ("at_most", "at_most")):
            self._goes_with(field, {owner})
        self._goes_with("factor", {"boost", "bury"})
        if self.factor is not None and (self.factor > 1) != (self.kind == "boost"):
            side = "above 1" if self.kind == "boost" else "below 1"
            raise ValueError(f"factor: a {self.kind} wants one {side}, not {self.factor:g}")
        if self.factor == 1:
            raise ValueError("factor: 1 changes nothing; above 1 boosts, below 1 buries")
        self._check_target()
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError("valid_to: must be later than valid_from; it is exclusive")
        return self

    def _goes_with(self, field: str, kinds: set[str]) -> None:
        value = getattr(self, field)
        if self.kind in kinds and value is None:
            raise ValueError(f"{field}: a rule of kind '{self.kind}' needs it; {_NEEDS[field]}")
        if self.kind not in kinds and value is not None:
            raise ValueError(f"{field}: goes with {' or '.join(sorted(kinds))} only; leave it out")

    def _check_target(self) -> None:
        if self.target is None:
            if self.kind != "at_most":
                raise ValueError(f"target: a rule of kind '{self.kind}' needs one; {_NEEDS['target']}")
        elif self.kind == "at_most" and self.target.kind in ("tour_id", "departure_id"):
            raise ValueError("target: at_most counts families; name family_id, region or theme")


_NEEDS = {
    "position": "give the place it takes, 1 is the first",
    "factor": "give a number, as 2 to double the score or 0.5 to halve it",
    "at_most": "give the number of departures of one family, 1 or more",
    "target": "name a tour_id, family_id, departure_id, region or theme",
}


def drafting_problem(error: ValidationError) -> str:
    """Say in one line which field is wrong, and the remedy."""
    return "; ".join(_problem(item) for item in error.errors(include_url=False)[:3])


def _problem(item: Any) -> str:
    field = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ")
    return f"{field}: {message}" if field else message

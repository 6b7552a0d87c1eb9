"""What to simulate: one frozen, checked specification."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field, field_validator

from activity_log.contracts.fields import OperatorId
from simulator.catalogue import BOARDING_POINTS, FAMILIES


class SimulationSpec(BaseModel):
    """The size, seed and end of one simulated operator. The same spec gives the same bytes.

    operator_id: tenant the events belong to; part of the randomness, so two operators differ.
    customers: people known to the operator, bookers and named companions together.
    years: length of the history.
    until: exclusive end of the world, midnight UTC; departures go on for up to ten months after it.
    families, boarding_points: how many of the catalogue's families and towns are in use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operator_id: OperatorId = "nordlicht"
    seed: int = Field(default=7, ge=0)
    customers: int = Field(default=2_500, ge=1)
    years: int = Field(default=5, ge=1, le=50)
    until: date
    families: int = Field(default=12, ge=1, le=len(FAMILIES))
    boarding_points: int = Field(default=8, ge=1, le=len(BOARDING_POINTS))

    @field_validator("until")
    @classmethod
    def _has_a_past(cls, until: date) -> date:
        if until.year < 1980:
            raise ValueError(f"until must be 1980-01-01 or later, not {until.isoformat()}")
        return until

    @property
    def start(self) -> date:
        """First day of the world (inclusive): `years` before `until`."""
        day = 28 if (self.until.month, self.until.day) == (2, 29) else self.until.day
        return date(self.until.year - self.years, self.until.month, day)

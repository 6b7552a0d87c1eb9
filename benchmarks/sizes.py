"""How much is measured, read from the environment once."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Sizes(BaseSettings):
    """Sizes by BENCH_...: EVENTS in the file, LOG_EVENTS in the long log (FULL=1: ten million), REPEATS, REQUESTS.

    repeats: batches per measurement of appending. requests: single events and empty requests to the service.
    customers: in the feature store. build_events: what one build of all features reads; month_events: what 24
    monthly ones read (FULL=1: as many as one build). bookings: of the operator that is retrained for.
    served: customers of the operator that is served for. soak_seconds: how long at half of what can be answered.
    """

    model_config = SettingsConfigDict(env_prefix="BENCH_", extra="ignore", frozen=True)

    events: int = Field(default=1_000_000, ge=1_000)
    log_events: int = Field(default=2_000_000, ge=1_000)
    full: bool = False
    repeats: int = Field(default=40, ge=2)
    requests: int = Field(default=1_000, ge=10)
    customers: int = Field(default=100_000, ge=1_000)
    build_events: int = Field(default=10_000_000, ge=100_000)
    bookings: int = Field(default=1_000_000, ge=50_000)
    served: int = Field(default=100_000, ge=2_500)
    soak_seconds: int = Field(default=600, ge=10)
    month_events: int = Field(default=1_000_000, ge=100_000)

    @property
    def long_log(self) -> int:
        """Events in the log that appending to and reading from is measured on."""
        return 10_000_000 if self.full else self.log_events

    @property
    def monthly_events(self) -> int:
        """Events that 24 monthly builds read."""
        return self.build_events if self.full else self.month_events

"""All settings of an installation: read from the environment (or `.env`) once, typed and frozen."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from activity_log.errors import WrongUseError

_PASSWORD = re.compile(r"(:/?/?)[^@]*@")
"""What stands between a scheme and a host."""


class Settings(BaseSettings):
    """One installation. Everything embedded lives under `home`, so deleting that folder deletes it all."""

    model_config = SettingsConfigDict(
        env_prefix="BUSFLOW_", env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    home: Path = Path(".busflow")
    database_url: str = ""
    engine: Literal["duckdb", "spark"] = "duckdb"
    """What computes features and joins training sets."""
    engine_memory: str = Field(default="", pattern=r"^(\d+(\.\d+)? ?[MG]i?B)?$")
    """How much memory DuckDB takes before it spills to disk, as `8GB`; empty: a part of the machine's."""
    spark_master: str = Field(default="local[*]", pattern=r"^(local(\[.+\])?|yarn|(spark|k8s)://.+)$")
    online_store: str = Field(default="sqlite", pattern=r"^(sqlite|rediss?://[^/?#]+(/\d+)?)$", repr=False)
    """sqlite, redis://HOST:PORT/NUMBER or rediss:// (TLS); it may hold a password."""
    master_key: SecretStr | None = None
    master_key_file: Path | None = None
    broker_url: str = Field(default="", repr=False)
    """amqp://, amqps://, kafka:// or nats://; it may hold a password."""
    broker_topic: str = Field(default="busflow.events", pattern=r"^[A-Za-z0-9._-]{1,200}$")
    """Where events come from: exchange of RabbitMQ, topic of Kafka, subject of NATS."""
    broker_queue: str = Field(default="busflow.ingest", pattern=r"^[A-Za-z0-9._-]{1,200}$")
    """Who takes them: queue of RabbitMQ, consumer group of Kafka, durable consumer of NATS."""
    broker_prefetch: int = Field(default=2_000, ge=1, le=65_535)
    """How many messages are held unacknowledged at most."""
    broker_batch: int = Field(default=1_000, ge=1, le=10_000)
    """How many messages are committed together at most."""
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    log_format: str = Field(default="auto", pattern="^(auto|json|console)$")
    """auto: for people on a terminal, JSON lines elsewhere."""
    metrics_token: SecretStr | None = None
    """Who shows it at `GET /metrics` sees the figures of all operators."""
    explore: dict[str, Annotated[float, Field(ge=0, le=0.5)]] = {}
    """{"nordlicht": 0.1}: the share of this operator's lists whose last place is drawn; none for others."""
    jwks_url: str = Field(
        default="", pattern=r"^(https://[^@\s]+|http://(127\.0\.0\.1|[a-z0-9-]+)(:\d+)?(/[^@\s]*)?)?$"
    )
    """Where the identity provider publishes its keys; http:// only for this machine or a name without a dot."""
    jwks_file: Path | None = None
    """The identity provider's keys as a file, instead of the URL."""
    token_issuer: str = ""
    """What the identity provider's tokens name as `iss`."""
    origins: dict[str, list[Annotated[str, Field(pattern=r"^(\*|https?://[^/\s*A-Z]+)$")]]] = {}
    """{"nordlicht": ["https://www.nordlicht.example"]}: the sites whose pages may show this operator's widget."""
    rate_limits: dict[str, Annotated[float, Field(ge=0)]] = {}
    """{"crm": 50}: requests a second of one operator in this role, in each process; 0: no limit."""
    visitor_rate_limit: float = Field(default=20.0, ge=0)
    """Widget requests a second of one visitor; 0: no limit."""
    failed_tokens_per_minute: float = Field(default=60.0, ge=0)
    """Bad tokens of one address a minute; 0: no limit."""
    max_in_flight: int = Field(default=64, ge=1)
    """Requests a process answers at once; more are told to come back in a second."""
    drain_seconds: float = Field(default=1.0, ge=0, le=300)
    """How long a process that was told to end still takes requests, while proxies learn that it is not ready."""
    workers: int = Field(default=1, ge=1, le=256)
    """Processes of `busflow serve`."""
    mlflow_tracking_uri: str = Field(default="", validation_alias="MLFLOW_TRACKING_URI")

    def model_post_init(self, _context: Any, /) -> None:
        """Make `home` absolute, so that a later change of directory (Feast does one) moves nothing."""
        object.__setattr__(self, "home", self.home.expanduser().absolute())

    @property
    def log_url(self) -> str:
        """SQLAlchemy URL of the activity log."""
        return self.database_url or f"sqlite:///{self.home / 'log.db'}"

    @property
    def tracking_uri(self) -> str:
        """MLflow tracking and registry URI."""
        return self.mlflow_tracking_uri or f"sqlite:///{self.home / 'mlflow' / 'mlflow.db'}"

    @property
    def facts_dir(self) -> Path:
        """Flat, pseudonymous Parquet rows of the log."""
        return self.home / "facts"

    @property
    def features_dir(self) -> Path:
        """Computed feature rows, Feast's offline data."""
        return self.home / "features"

    @property
    def feast_dir(self) -> Path:
        """Feast's registry and embedded online store."""
        return self.home / "feast"

    @property
    def artifacts_dir(self) -> Path:
        """MLflow's artefacts in an embedded installation."""
        return self.home / "mlflow" / "artifacts"

    @property
    def champions_dir(self) -> Path:
        """Copies of the models in use."""
        return self.home / "champions"

    @property
    def predictions_dir(self) -> Path:
        """What the live models predicted, and the last report on how it came out."""
        return self.home / "predictions"

    @property
    def keys_dir(self) -> Path:
        """Signing keys of an embedded installation."""
        return self.home / "keys"


def load_settings(**overrides: Any) -> Settings:
    """Read the settings. Raises WrongUseError naming the variable whose value does not do."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        name = name if name.startswith("MLFLOW") else f"BUSFLOW_{name}"
        given = _PASSWORD.sub(r"\1***@", repr(first["input"]))
        raise WrongUseError(f"{name}={given}: {first['msg']}") from None

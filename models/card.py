"""What a model says of itself: who trained it, on what, for whom."""

from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

Task = Literal["churn", "value", "recommender", "channel", "clusters"]
TASKS: tuple[Task, ...] = get_args(Task)

CARD_FILE = "card.json"


class ModelCard(BaseModel):
    """Kept beside every artefact. as_of: what was known (exclusive) when it was fitted."""

    model_config = ConfigDict(frozen=True)

    operator_id: str
    task: Task
    feature_service: str
    as_of: datetime
    trained_at: datetime
    horizon_days: int

    def save(self, directory: Path) -> None:
        """Write the card into the artefact's directory."""
        (directory / CARD_FILE).write_text(self.model_dump_json(indent=1))

    @classmethod
    def load(cls, directory: Path) -> "ModelCard":
        """Read the card of an artefact."""
        return cls.model_validate_json((directory / CARD_FILE).read_text())

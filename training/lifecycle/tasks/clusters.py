"""Clusters: groups of customers who behave alike, with names that people understand."""

from dataclasses import dataclass

from feature_repo.services import CLUSTERS
from models.card import Task
from training.clusters import ClustersSpec, train_clusters
from training.lifecycle.session import Session
from training.lifecycle.trainer import Trained

SHOWN_ROWS = 5


@dataclass(frozen=True)
class ClustersTrainer:
    """Trains the clusters."""

    task: Task = "clusters"
    feature_service: str = CLUSTERS
    spec_type: type[ClustersSpec] = ClustersSpec

    def spec(self, horizon_days: int | None) -> ClustersSpec:
        """Return the recipe of today; clusters know no horizon."""
        return ClustersSpec()

    def train(self, session: Session, spec: ClustersSpec, champion: ClustersSpec | None) -> Trained:
        """Cluster everybody who has booked by now."""
        rows = session.rows([session.as_of], CLUSTERS)
        trained = train_clusters(rows, spec, champion)
        return Trained(
            artefact=trained.artefact,
            report=trained.report,
            params=trained.params,
            charts=trained.charts,
            learned_from=(session.as_of,),
            example=rows[list(trained.artefact.features)].astype("float64").head(SHOWN_ROWS),
        )

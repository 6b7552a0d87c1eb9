"""The settings of a churn training."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field


class ChurnSpec(BaseModel):
    """The settings of a churn training. Churned: no booking kept within `horizon_days`.

    The shares of the horizon are looked at beside the whole, so that moments whose outcome is not complete teach too.
    half_life_days: an outcome complete so much earlier than the latest counts half; None: all count alike.
    """

    model_config = ConfigDict(frozen=True)

    horizon_days: int = Field(default=365, ge=7, le=1_500)
    step_days: int = Field(default=61, ge=7)
    shares: tuple[float, ...] = (1 / 2,)
    half_life_days: float | None = Field(default=None, gt=0)
    least_customers: int = Field(default=50, ge=10)
    most_outcomes: int = Field(default=60_000, ge=100)
    rounds: int = Field(default=150, ge=1)
    learning_rate: float = 0.04
    num_leaves: int = 7
    min_data_in_leaf: int = 80
    feature_fraction: float = 0.6
    bagging_fraction: float = 0.7
    bagging_freq: int = 1
    lambda_l2: float = 20.0
    folds: int = Field(default=3, ge=2)
    seed: int = 7

    @property
    def horizon(self) -> timedelta:
        """The horizon as a duration."""
        return timedelta(days=self.horizon_days)

    @property
    def horizons(self) -> tuple[float, ...]:
        """The horizons learned from, in days, the whole one last."""
        shorter = {float(max(1, round(share * self.horizon_days))) for share in self.shares}
        return (*sorted(shorter - {float(self.horizon_days)}), float(self.horizon_days))

    def booster_params(self) -> dict[str, object]:
        """Return LightGBM's parameters; the same data give the same bits."""
        shared = (
            "learning_rate", "num_leaves", "min_data_in_leaf", "feature_fraction", "bagging_fraction",
            "bagging_freq", "lambda_l2", "seed",
        )  # fmt: skip
        fixed = {"objective": "binary", "deterministic": True, "force_row_wise": True, "num_threads": 1}
        return {name: getattr(self, name) for name in shared} | fixed | {"verbosity": -1}

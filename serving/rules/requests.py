"""What may be asked of rules, with its bounds."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from activity_log.rules.drafts import RuleDraft
from serving.requests import Id, ItemCount

MOST_VISITORS = 50
MOST_PROPOSED = 20

Author = Annotated[str, Field(min_length=1, max_length=200)]


class RulesQuery(BaseModel):
    """Which rules. all: those that are over too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    all: bool = False


class NewRule(RuleDraft):
    """A rule to be put in force, in place of another if one is named. created_by: null: the caller's role."""

    replaces: int | None = Field(default=None, ge=1)
    created_by: Author | None = None

    def draft(self) -> RuleDraft:
        """Return the rule itself."""
        return RuleDraft.model_validate(self.model_dump(exclude={"replaces", "created_by"}))


class PreviewQuestion(BaseModel):
    """Which rules to try on whom. at: the moment whose rules count; null: now.

    The anonymous visitor, the customers named, and `sample` more drawn by `seed` are looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    propose: list[RuleDraft] = Field(default=[], max_length=MOST_PROPOSED)
    withdraw: list[int] = Field(default=[], max_length=500)
    customers: list[Id] = Field(default=[], max_length=MOST_VISITORS)
    sample: int = Field(default=10, ge=0, le=MOST_VISITORS, strict=True)
    seed: int = 0
    n: ItemCount = 5
    at: AwareDatetime | None = None

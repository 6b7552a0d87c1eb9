"""Where marketing works with the rules of one operator: see them, add, withdraw, and try before they count."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from activity_log.catalogue import catalogue
from activity_log.database import Database
from activity_log.errors import UnknownCustomerError
from activity_log.reading import all_customers, canonical_customer, existing_customers
from activity_log.rules import keeping
from activity_log.rules.drafts import RuleDraft
from activity_log.rules.keeping import Rule, drafted
from serving.languages import Language
from serving.offers import Offer
from serving.rules.in_force import Shelf
from serving.rules.previewing import Question, RecommendWithRules, preview
from serving.rules.replies import KeptRule, RulesPreview
from serving.rules.requests import PreviewQuestion
from serving.rules.wording import no_effect

PREVIEWER = "preview"


@dataclass(frozen=True)
class RulesDesk:
    """The rules of one operator."""

    database: Database
    operator_id: str

    def listing(self, now: datetime, *, everything: bool = False) -> list[KeptRule]:
        """Return the rules in force and those to come; `everything`: those that are over too."""
        with self.database.reading() as connection:
            found = (
                keeping.every_rule(connection, self.operator_id)
                if everything
                else keeping.open_rules(connection, self.operator_id, now)
            )
        return [KeptRule.of(rule, now) for rule in found]

    def add(
        self, draft: RuleDraft, by: str, now: datetime, language: Language, *, replaces: int | None = None
    ) -> KeptRule:
        """Put a rule in force; the reply remarks a target that nobody published. Raises as `keeping.add` does."""
        with self.database.writing() as connection:
            rule = keeping.add(connection, self.operator_id, draft, by, now, replaces=replaces)
        return KeptRule.of(rule, now, self._remarks(rule, language))

    def withdraw(self, rule_id: int, by: str, now: datetime) -> KeptRule:
        """End a rule. Raises as `keeping.withdraw` does."""
        with self.database.writing() as connection:
            return KeptRule.of(keeping.withdraw(connection, self.operator_id, rule_id, by, now), now)

    def preview(
        self,
        asked: PreviewQuestion,
        recommend_with_rules: RecommendWithRules,
        offers: Sequence[Offer],
        now: datetime,
        language: Language,
        progress: Callable[[int, int], None] | None = None,
    ) -> RulesPreview:
        """Try rules on visitors. offers: what anybody can book now. Raises UnknownRuleError, UnknownCustomerError."""
        with self.database.reading() as connection:
            every = keeping.every_rule(connection, self.operator_id)
            for rule_id in asked.withdraw:
                keeping.get(connection, self.operator_id, rule_id)
            known = catalogue(connection, self.operator_id)
            named = self._customers(connection, asked.customers)
            everybody = all_customers(connection, self.operator_id) if asked.sample else []
        first = len(every) + 1
        question = Question(
            existing=[one for one in every if one.withdrawn_at is None],
            proposed=[
                drafted(self.operator_id, draft, number, PREVIEWER, now)
                for number, draft in enumerate(asked.propose, first)
            ],
            withdrawn=frozenset(asked.withdraw),
            catalogue=known,
            offers=offers,
            at=asked.at or now,
        )
        visitors = [None, *_sampled(named, everybody, asked)]
        return preview(recommend_with_rules, visitors, question, language, progress)

    def _customers(self, connection: Connection, customer_ids: Sequence[str]) -> list[str]:
        """Return customers as whom they count now. Raises UnknownCustomerError naming all that nobody is."""
        existing = existing_customers(connection, self.operator_id, customer_ids)
        unknown = [one for one in customer_ids if one not in existing]
        if unknown:
            raise UnknownCustomerError(unknown)
        return [canonical_customer(connection, self.operator_id, one) for one in customer_ids]

    def _remarks(self, rule: Rule, language: Language) -> tuple[str, ...]:
        with self.database.reading() as connection:
            shelf = Shelf(catalogue(connection, self.operator_id))
        if rule.target is None or shelf.reach(rule).all_families():
            return ()
        return (no_effect("unknown_target", rule, language, shelf.names(rule.target_kind or "")).text,)


def _sampled(named: Sequence[str], everybody: Sequence[str], asked: PreviewQuestion) -> list[str]:
    others = sorted(set(everybody) - set(named))
    drawn = random.Random(asked.seed).sample(others, min(asked.sample, len(others)))  # noqa: S311 (no secret)
    return [*dict.fromkeys(named), *drawn]

"""Rules as the service answers them: each operator's desk, and previews with the lists of its own recommender."""

from collections.abc import Callable, Sequence

from activity_log.clock import Clock
from activity_log.database import Database
from activity_log.rules.drafts import RuleDraft
from serving.guests import NOBODY
from serving.languages import Language
from serving.offers import NO_FILTERS
from serving.recommending import Asked
from serving.replies import RecommendedTour
from serving.rules.desk import RulesDesk
from serving.rules.in_force import InForce
from serving.rules.replies import KeptRule, RulesPreview
from serving.rules.requests import PreviewQuestion
from serving.tenants import Tenant
from serving.visitor import Visitor


class RulesAnswers:
    """What may be asked of the rules of any operator. Raises UnknownOperatorError for one that is not registered."""

    def __init__(self, database: Database, tenant: Callable[[str], Tenant], clock: Clock):
        self._database = database
        self._tenant = tenant
        self._clock = clock

    def listing(self, operator_id: str, *, everything: bool) -> list[KeptRule]:
        """Return the rules in force and to come; `everything`: those that are over too."""
        return self._desk(operator_id).listing(self._clock(), everything=everything)

    def add(
        self, operator_id: str, draft: RuleDraft, by: str, language: Language, replaces: int | None
    ) -> KeptRule:
        """Put a rule in force, in place of another if one is named."""
        return self._desk(operator_id).add(draft, by, self._clock(), language, replaces=replaces)

    def withdraw(self, operator_id: str, rule_id: int, by: str) -> KeptRule:
        """End a rule."""
        return self._desk(operator_id).withdraw(rule_id, by, self._clock())

    def preview(
        self,
        operator_id: str,
        asked: PreviewQuestion,
        language: Language,
        progress: Callable[[int, int], None] | None = None,
    ) -> RulesPreview:
        """Try rules on visitors; nothing is shown to anybody."""
        tenant, now = self._tenant(operator_id), self._clock()

        def recommend(customer_id: str | None, rules: InForce) -> Sequence[RecommendedTour]:
            guest = tenant.guests.find(customer_id, now)[1] if customer_id else NOBODY
            listed = Asked(Visitor(customer_id), NO_FILTERS, asked.n, language)
            return tenant.recommend(listed, guest, now, rules=rules).reply.items

        offers = [offer for found in tenant.shelf(now).bookable.values() for offer in found]
        return self._desk(operator_id).preview(asked, recommend, offers, now, language, progress)

    def _desk(self, operator_id: str) -> RulesDesk:
        self._tenant(operator_id)  # knows who is registered
        return RulesDesk(self._database, operator_id)

"""One operator as the service holds it in memory: what is on the shelf, who the guests are, how they are advised."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Connection

from activity_log import ledger, projection_state
from activity_log.bulk import batches
from activity_log.clock import Clock
from activity_log.database import Database
from activity_log.facts.of_customers import CustomerFacts
from activity_log.facts.touched import touched_by
from activity_log.operators import Operator
from feature_repo.store import CustomerFeatures
from models.card import Task
from serving.breathing import Breather
from serving.facets import Facets
from serving.finding import Finding
from serving.guests import Guest, GuestReader, Guests
from serving.inviting import Inviting
from serving.languages import Language
from serving.live_models import LiveModels
from serving.offers import Offers, Shelf
from serving.popularity import Popularity
from serving.profiles import Profiles, scored_risk
from serving.rankings import (
    RANKED_TOGETHER,
    ByModel,
    ByPopularity,
    Ranking,
    stand,
    stand_soon,
    standing_of,
    stands_by,
)
from serving.recommending import Answer, Asked, Recommending, Trouble
from serving.replies import ChurnRisk
from serving.rules.in_force import InForce
from serving.rules.rulebook import Rulebook
from serving.segment_pages import SegmentPages
from serving.showing import Showing
from serving.slipping import Slipping

EVENTS_AT_ONCE = 500
SHOWN_BY = ("profiles", "identities", "bookings", "catalogue", "timeline")
"""The read models that a guest or the shelf is read from."""
SERVED_TASKS: tuple[Task, ...] = ("recommender", "churn", "value", "channel")
POPULAR_FOR = timedelta(hours=1)


class Tenant:
    """An operator in memory. `look` brings it level with the log; whoever answers reads what the last look left."""

    def __init__(
        self,
        database: Database,
        operator: Operator,
        features: CustomerFeatures,
        models: LiveModels,
        showing: Showing,
        clock: Clock,
    ):
        self.operator = operator
        self.offers = Offers(database, operator)
        reader = GuestReader(database, operator, features, self.offers)
        self.guests = Guests(reader)
        self.rulebook = Rulebook(database, operator.operator_id)
        self.recommending = Recommending(operator, showing)
        self.profiles = Profiles(database, operator, self.guests, models, self.offers)
        self.finding = Finding(database, operator)
        self.facets = Facets(database, operator, self.guests, self.profiles, models, clock)
        self.segments = SegmentPages(database, operator)
        self.inviting = Inviting(database, operator, features, models, self.offers, reader, clock)
        self.slipping = Slipping(database, self.guests, models, operator.operator_id)
        self.wants_filling = True
        self._database = database
        self._models = models
        self._facts = CustomerFacts(operator)
        self._looking = Lock()
        self._level = -1
        self._laid_out: object = None
        self._ranking: Ranking | None = None
        self._coming: Ranking | None = None
        self._ranked_by: Ranking | None = None
        self._waiting: deque[Sequence[Guest]] = deque()
        self._waiting_for: Ranking | None = None
        self._popularity: tuple[datetime, Popularity] | None = None

    def look(self, now: datetime, *, ahead: bool = False) -> None:
        """Take in what the log has told since the last look. Raises what the database raises.

        ahead: a new ranking waits for `rank_everybody`.
        """
        with self._looking:
            self._look(now, ahead=ahead)

    def _look(self, now: datetime, *, ahead: bool) -> None:
        operator_id = self.operator.operator_id
        with self._database.reading() as connection:
            level = ledger.last_seq(connection, operator_id)
            laid_out = self._layout(connection, level)
            if laid_out != self._laid_out:
                self.guests.forget_all()
                self.wants_filling = True
                self.offers.forget()
                self._level = level
            if level > self._level:
                self._take_in(connection, now)
        self._laid_out, self._level = laid_out, level
        self.offers.look(now.date())
        self.guests.settle(now)
        self.rulebook.look()
        self._rank(now, ahead=ahead)
        self.rules(now)

    def shelf(self, now: datetime) -> Shelf:
        """Return what can be booked."""
        return self.offers.shelf(now.date())

    def rules(self, now: datetime) -> InForce:
        """Return the operator's rules that hold now."""
        return self.rulebook.in_force(self.shelf(now).catalogue, now)

    def recommend(
        self,
        asked: Asked,
        guest: Guest,
        now: datetime,
        *,
        trouble: Trouble | None = None,
        rules: InForce | None = None,
    ) -> Answer:
        """Advise a visitor; see `Recommending.recommend`. rules: instead of those that hold, for a preview."""
        rules = self.rules(now) if rules is None else rules
        return self.recommending.recommend(
            self._ranking, self.shelf(now), asked, guest, rules, now, trouble=trouble
        )

    def fill(self, now: datetime, breather: Breather) -> None:
        """Read all guests, and rank for them, a little at a time."""
        self.wants_filling = False  # a look may find meanwhile that they must be read once more
        try:
            self.guests.fill(now, breather)
        except Exception:
            self.wants_filling = True
            raise
        self._ranked_by = self._waiting_for = None  # a look may have ranked those who had been read by then
        self.rank_everybody(breather)

    def rank_everybody(self, breather: Breather, wanted: Callable[[], bool] = lambda: True) -> None:
        """Rank for all guests at hand by the ranking that counts, or comes, as long as it is wanted.

        One that comes counts once all are ranked: by then nobody who asks has to be ranked alone.
        """
        ranking = self._newest
        if ranking is None or ranking is self._ranked_by:
            return
        for some in breather.between(self._unranked(ranking)):
            (stand if ranking is self._ranking else stand_soon)(ranking, some)
            if ranking is not self._newest or not wanted():
                return
        self._ranked_by = ranking  # who is read again later is ranked when they ask
        if ranking is self._coming:
            self._ranking, self._coming = ranking, None
            for guest in self.guests.everybody():
                standing_of(ranking, guest)  # which lets go of the one before

    def _unranked(self, ranking: Ranking) -> Iterator[Sequence[Guest]]:
        """Yield those not ranked yet, where whoever began stopped: to look for them anew each time takes too long."""
        if self._waiting_for is not ranking:
            unranked = [one for one in self.guests.everybody() if not stands_by(ranking, one)]
            self._waiting, self._waiting_for = deque(batches(unranked, RANKED_TOGETHER)), ranking
        with suppress(IndexError):  # another thread may take the last
            while self._waiting:
                yield self._waiting.popleft()

    @property
    def _newest(self) -> Ranking | None:
        """The ranking that comes, else the one that counts."""
        return self._coming or self._ranking

    def _layout(self, connection: Connection, level: int) -> object:
        """Return what changes when the read models are laid out anew, and not when events come in."""
        levels = projection_state.levels(connection, self.operator.operator_id)
        return [(name, levels[name].until, levels[name].seq < level) for name in SHOWN_BY]

    def _take_in(self, connection: Connection, now: datetime) -> None:
        """Have guests read again whom new events touch."""
        tours = self._facts.tours(connection)
        for events in ledger.read(
            connection, self.operator.operator_id, after=self._level, chunk=EVENTS_AT_ONCE
        ):
            touched: Collection[str] = touched_by(connection, self.operator, events, tours)
            if touched:
                self.slipping.happened(touched, now)
                self.guests.happened(touched, max(event.recorded_at for event in events), now)

    def _rank(self, now: datetime, *, ahead: bool) -> None:
        """Choose by what families are ranked. ahead: a new ranking counts once everybody at hand is ranked by it."""
        newest = self._by_what(now)
        if newest is self._newest:
            return
        if ahead and newest is not None and self._ranking is not None:
            self._coming = newest
        else:
            self._ranking, self._coming = newest, None

    def _by_what(self, now: datetime) -> Ranking | None:
        """Return the live model and the families it does not know, else popularity; the one at hand if it is that."""
        operator_id = self.operator.operator_id
        shelf, loaded = self.shelf(now), self._models.live_or_none("recommender", operator_id)
        if loaded is None:
            return self._by_popularity(shelf, now)
        new, present = ByModel.newcomers(loaded, shelf.newcomers), self._newest
        if isinstance(present, ByModel) and present.rests_on(loaded, new):
            return present
        self.guests.with_party = loaded.model.mixing.party > 0
        return ByModel(loaded, new)

    def _by_popularity(self, shelf: Shelf, now: datetime) -> Ranking | None:
        if self._popularity is None or now - self._popularity[0] > POPULAR_FOR:
            with self._database.reading() as connection:
                counted = Popularity.read(connection, self.operator.operator_id, shelf.programme)
            self._popularity = (now, counted)
        popularity = self._popularity[1]
        if not popularity.families:
            return None
        present = self._newest
        if isinstance(present, ByPopularity) and present.rests_on(popularity, shelf.bookable):
            return present
        return ByPopularity(popularity, shelf.bookable)

    def churn_risks(
        self, customer_ids: Sequence[str], language: Language, now: datetime, *, reasons: bool
    ) -> list[ChurnRisk]:
        """Score customers who count as nobody else, in the order asked.

        Without reasons how they were scored last will do where nothing has happened since; `as_of` tells when. Raises
        NoModelError.
        """
        if reasons:
            return self.profiles.churn_risks(customer_ids, language, now)
        loaded = self._models.churn(self.operator.operator_id)
        scores = {one: self.slipping.score(one, loaded, now) for one in customer_ids}
        known = {one: scored_risk(one, score, loaded) for one, score in scores.items() if score}
        others = [one for one in customer_ids if one not in known]
        for risk in self.profiles.churn_risks(others, language, now, reasons=False) if others else ():
            known[risk.customer_id] = risk
        return [known[one] for one in customer_ids]

    def prepare(self, now: datetime) -> None:
        """Have all that answers need at hand: the models, and what the log says."""
        for task in SERVED_TASKS:
            self._models.live_or_none(task, self.operator.operator_id)
        self.look(now)

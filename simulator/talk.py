"""Communications: campaigns and confirmations, who reads them on which channel, and strangers who ask."""

from datetime import date

import numpy as np

from simulator.chance import arrays, dice
from simulator.drift import Mood
from simulator.identity import Registry
from simulator.journal import Data, Journal
from simulator.moments import DAY, HOUR, MINUTE, midnight
from simulator.population import CHANNELS, Person
from simulator.spec import SimulationSpec
from simulator.trade import Booking

CAMPAIGN_DAYS = ((1, 8), (2, 26), (4, 16), (6, 11), (9, 3), (10, 21))
PREFERRED_CHANNEL = 0.5
OFF_CHANNEL = 0.25
"""How much of their reading people keep on channels other than their own."""

AFTER_LEAVING = 0.08
LONGEST_WAIT = 10 * DAY
SENT_WITHIN = 6 * HOUR
STRANGERS = 0.03
STRANGER_READS, STRANGER_TALKS = 0.4, 0.2


class Talk:
    """Writes the messages of a world whose bookings and leavings are known."""

    def __init__(
        self,
        spec: SimulationSpec,
        journal: Journal,
        people: tuple[Person, ...],
        moods: list[Mood],
        registry: Registry,
    ) -> None:
        self._spec, self._journal, self._people, self._registry = spec, journal, people, registry
        self._rng, self._arrays = dice(spec, "talk"), arrays(spec, "talk")
        self._left = [mood.lapsed for mood in moods]
        self._messages = self._strangers = 0

    def campaigns(self) -> None:
        """Write every campaign to everybody who may be written to, and to some contacts nobody knows."""
        for year in range(self._spec.start.year, self._spec.until.year + 1):
            for number, (month, day) in enumerate(CAMPAIGN_DAYS, start=1):
                if self._spec.start <= date(year, month, day) < self._spec.until:
                    self._campaign(f"camp-{year}-{number}", midnight(date(year, month, day)) + 8 * HOUR)

    def _campaign(self, campaign_id: str, moment: int) -> None:
        reached = [person for person in self._people if self._may_write(person, moment)]
        n = len(reached)
        own = self._arrays.random(n) < PREFERRED_CHANNEL
        others = self._arrays.integers(0, len(CHANNELS), n).tolist()
        luck = self._arrays.random(n).tolist()
        sent = (moment + self._arrays.integers(0, SENT_WITHIN, n)).tolist()
        waits = np.minimum(MINUTE + self._arrays.exponential(DAY, n), LONGEST_WAIT).astype(np.int64).tolist()
        for i, person in enumerate(reached):
            channel = person.channel if own[i] else CHANNELS[others[i]]
            reads = sent[i] + waits[i] if luck[i] < self._reading(person, channel, sent[i]) else None
            self._message(sent[i], reads, person.contact_id, person.id, channel, campaign_id)
        for _ in range(1 + round(n * STRANGERS)):
            self._stranger(campaign_id, moment)

    def _may_write(self, person: Person, moment: int) -> bool:
        known = person.joined < moment and not person.forgotten(moment + LONGEST_WAIT + DAY)
        consent = self._registry.consents[person.index]
        return known and consent.holds(moment) and consent.holds(moment + SENT_WITHIN)

    def _reading(self, person: Person, channel: str, moment: int) -> float:
        """Return the chance that `person` reads a message that comes on `channel` at `moment`."""
        left = self._left[person.index]
        keeps = AFTER_LEAVING if left is not None and left < moment else 1.0
        return person.reads * keeps * (1.0 if channel == person.channel else OFF_CHANNEL)

    def _message(
        self,
        sent: int,
        read: int | None,
        contact: str,
        profile_id: str | None,
        channel: str,
        campaign: str | None,
    ) -> None:
        self._messages += 1
        data: Data = {"message_id": f"m-{self._messages:08d}", "contact_id": contact, "channel": channel}
        if profile_id is not None:
            data["person_profile_id"] = profile_id
        if campaign is not None:
            data["campaign_id"] = campaign
        self._journal.add(sent, "MessageDelivered", data)
        if read is not None:
            self._journal.add(read, "MessageRead", data)

    def _stranger(self, campaign_id: str, moment: int) -> None:
        """Write to a contact without a person; some answer."""
        self._strangers += 1
        contact, channel = f"c-x{self._strangers:06d}", self._rng.choice(CHANNELS)
        sent = moment + self._rng.randrange(SENT_WITHIN)
        reads = sent + self._rng.randrange(HOUR, 3 * DAY) if self._rng.random() < STRANGER_READS else None
        self._message(sent, reads, contact, None, channel, campaign_id)
        if self._rng.random() < STRANGER_TALKS:
            data = {
                "conversation_id": f"conv-x{self._strangers:06d}",
                "contact_id": contact,
                "channel": channel,
            }
            self._journal.add(sent + self._rng.randrange(DAY, 9 * DAY), "ConversationResolved", data)

    def confirmations(self, booked: list[tuple[int, Booking]]) -> None:
        """Write each booking's confirmation message (moment, booking)."""
        for moment, booking in booked:
            person = booking.booker
            sent = moment + self._rng.randrange(MINUTE, HOUR)
            if person.forgotten(sent + 3 * DAY):
                continue
            channel = person.channel if self._rng.random() < PREFERRED_CHANNEL else self._rng.choice(CHANNELS)
            reads = self._rng.random() < self._reading(person, channel, sent)
            read = sent + self._rng.randrange(MINUTE, 2 * DAY) if reads else None
            self._message(sent, read, person.contact_id, booking.acting_id, channel, None)

"""Backoffice: profiles, their changes, consent, duplicates that are merged, and people who ask to be forgotten."""

from dataclasses import dataclass
from random import Random

from simulator.journal import Data, Journal
from simulator.moments import DAY, HOUR, MINUTE, YEAR
from simulator.names import plain
from simulator.population import Person

CHANGES_A_YEAR = 0.05
REVOKES_A_YEAR = 0.025
CONSENTS_LATER = 0.15
REVOKES_ON_LEAVING, REVOKES_WITHIN = 0.40, 100 * DAY
OLD_NAMED_EVERY = 40
"""Every so many-th early profile came under its old name, PassengerProfileUpdated."""

DUPLICATE_EVERY = 120
"""Every so many bookings a booker is taken down a second time by mistake."""

MERGED_AFTER = (15 * DAY, 60 * DAY)
HAS_EMAIL, HAS_PHONE = 0.85, 0.9
DIETS = (None,) * 12 + ("vegetarisch", "glutenfrei", "laktosefrei", "Diabetikerkost")


@dataclass
class Consent:
    """When a person's marketing consent was given and withdrawn; None: never."""

    granted: int | None
    revoked: int | None = None

    def holds(self, moment: int) -> bool:
        """Whether the operator may write to this person at `moment`."""
        given = self.granted is not None and self.granted <= moment
        return given and (self.revoked is None or moment < self.revoked)


class Registry:
    """Keeps who is who: profiles with consent, and the duplicates somebody has to merge."""

    def __init__(self, journal: Journal, rng: Random, people: tuple[Person, ...]) -> None:
        self._journal, self._rng, self._people = journal, rng, people
        self._duplicated: set[int] = set()
        self._due = DUPLICATE_EVERY // 3
        self.merged: dict[str, str] = {}
        self.consents = [self._consent(person) for person in people]

    def _consent(self, person: Person) -> Consent:
        later = self._rng.random() < CONSENTS_LATER
        if not person.consents and not later:
            return Consent(None)
        granted = person.joined + (0 if person.consents else self._rng.randrange(30 * DAY, 2 * YEAR))
        granted += self._rng.randrange(MINUTE, 20 * MINUTE)
        revoked = granted + round(self._rng.expovariate(REVOKES_A_YEAR) * YEAR) + DAY
        return Consent(granted, revoked if revoked < self._journal.until else None)

    def left(self, person: Person, moment: int) -> None:
        """Let somebody who just left perhaps withdraw consent in the weeks after."""
        withdraws, after = self._rng.random() < REVOKES_ON_LEAVING, self._rng.randrange(DAY, REVOKES_WITHIN)
        consent = self.consents[person.index]
        if withdraws and consent.holds(moment):
            earliest = moment + after
            consent.revoked = earliest if consent.revoked is None else min(consent.revoked, earliest)

    def acting_id(self, person: Person, bookings: int, moment: int) -> str:
        """Return the profile a booking is made under: now and then a duplicate, which is merged weeks later."""
        eligible = (
            bookings >= self._due
            and person.index not in self._duplicated
            and person.erased is None
            and moment + MERGED_AFTER[1] < self._journal.until
            and moment > person.joined + 30 * DAY
        )
        if not eligible:
            return person.id
        self._due += DUPLICATE_EVERY
        return self._duplicate(person, moment)

    def _duplicate(self, person: Person, moment: int) -> str:
        """Write a second profile of `person` and its later merging; return its id."""
        self._duplicated.add(person.index)
        duplicate = f"p-{len(self._people) + len(self._duplicated):06d}"
        self.merged[duplicate] = person.id
        data = {**self._profile(person), "person_profile_id": duplicate, "marketing_consent": False}
        data |= {
            "given_name": f"{person.given_name[0]}.",
            "family_name": plain(person.family_name),
            "email": None,
        }
        self._journal.add(moment - 10 * MINUTE, "PersonProfileUpdated", data)
        merge = {"surviving_id": person.id, "merged_id": duplicate}
        self._journal.add(moment + self._rng.randrange(*MERGED_AFTER), "PersonProfilesMerged", merge)
        return duplicate

    def write(self) -> None:
        """Write everybody's profile, changes and consent, once it is known how their story went."""
        for person in self._people:
            self._write_person(person)

    def _write_person(self, person: Person) -> None:
        profile = self._profile(person)
        for moment, what in sorted(self._story(person), key=lambda step: step[0]):
            if person.forgotten(moment + HOUR):
                break
            profile = self._step(person, profile, moment, what)
        if person.erased is not None:
            self._journal.add(person.erased, "PersonErasureRequested", {"person_profile_id": person.id})

    def _story(self, person: Person) -> list[tuple[int, str]]:
        """Return what happens to a profile, and when."""
        consent = self.consents[person.index]
        steps = [(person.joined, "known")]
        if consent.granted is not None:
            steps.append((consent.granted, "granted"))
        if consent.revoked is not None:
            steps.append((consent.revoked, "revoked"))
        years = (self._journal.until - person.joined) / YEAR
        if self._rng.random() < CHANGES_A_YEAR * years:
            steps.append(
                (self._rng.randrange(person.joined + MINUTE, self._journal.until + MINUTE * 2), "changed")
            )
        return steps

    def _step(self, person: Person, profile: Data, moment: int, what: str) -> Data:
        """Write one step of a profile's story and return the profile after it."""
        if what == "known":
            self._known(person, {**profile, "marketing_consent": person.consents}, moment)
            return {**profile, "marketing_consent": person.consents}
        if what == "changed":
            changed = {**profile, "postcode": f"{self._rng.randint(26_000, 39_999)}"}
            self._journal.add(moment, "PersonProfileUpdated", changed)
            return changed
        name = {"granted": "ConsentGranted", "revoked": "ConsentRevoked"}[what]
        self._journal.add(moment, name, {"person_profile_id": person.id, "purpose": "marketing"})
        agreed = {**profile, "marketing_consent": what == "granted"}
        if agreed != profile:
            self._journal.add(moment + MINUTE, "PersonProfileUpdated", agreed)
        return agreed

    def _known(self, person: Person, profile: Data, moment: int) -> None:
        """Write the first profile; some early ones in the words of the old contract."""
        if person.index % OLD_NAMED_EVERY != OLD_NAMED_EVERY // 8 or person.books_at_once:
            self._journal.add(moment, "PersonProfileUpdated", profile)
            return
        old = {key: value for key, value in profile.items() if key != "person_profile_id"}
        self._journal.add(moment, "PassengerProfileUpdated", {"passenger_profile_id": person.id, **old})

    def _profile(self, person: Person) -> Data:
        user = f"{plain(person.given_name)}.{plain(person.family_name)}".lower()
        email = person.channel == "email" or self._rng.random() < HAS_EMAIL
        phone = person.channel in ("phone", "sms", "whatsapp") or self._rng.random() < HAS_PHONE
        return {
            "person_profile_id": person.id,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "email": f"{user}.{person.index + 1}@example.org" if email else None,
            "phone": f"+4915550{person.index + 1:06d}" if phone else None,
            "birth_date": person.born.isoformat(),
            "postcode": person.postcode,
            "dietary_needs": self._rng.choice(DIETS),
            "locale": person.locale,
            "marketing_consent": False,
        }

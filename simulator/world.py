"""One operator's world, played once from its first day to its last."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from simulator.agenda import Agenda
from simulator.chance import dice
from simulator.delivery import Event, deliver
from simulator.identity import Registry
from simulator.journal import Journal
from simulator.lives import Lives, first_moods
from simulator.moments import MINUTE, midnight, quarter_starts
from simulator.population import draw_people
from simulator.programme import draw_programme
from simulator.road import Road
from simulator.spec import SimulationSpec
from simulator.storefront import Storefront
from simulator.talk import Talk
from simulator.trade import Trade
from simulator.truth import Truth, partner_pairs, person_truth

CLOSING = 2 * MINUTE
"""Nothing new begins in the last minutes, so that what is sold is also reported."""


@dataclass(frozen=True)
class Simulation:
    """The events in order of arrival (CloudEvents envelopes as plain dicts), and the truth behind them."""

    events: list[Event]
    truth: Truth


def simulate(spec: SimulationSpec) -> Simulation:
    """Play the world of `spec`. The same spec gives the same simulation, everywhere and always."""
    with _collector_paused():
        return _play(spec)


def _play(spec: SimulationSpec) -> Simulation:
    world = _World(spec)
    world.begin()
    world.run()
    world.end()
    return Simulation(deliver(spec, world.journal), world.truth())


class _World:
    """Everything wired together."""

    def __init__(self, spec: SimulationSpec) -> None:
        self.spec, self.until = spec, midnight(spec.until)
        self.journal, self.agenda = Journal(self.until), Agenda()
        self.programme = draw_programme(spec)
        self.people = draw_people(spec, self.programme)
        self.moods = first_moods(spec, self.people)
        self.trade = Trade(
            self.journal, self.agenda, dice(spec, "trade"), self.programme, self.people, self.moods
        )
        self.storefront = Storefront(self.journal, dice(spec, "storefront"), self.programme)
        self.registry = Registry(self.journal, dice(spec, "registry"), self.people)
        self.road = Road(self.journal, dice(spec, "road"), self.moods)
        self.lives = Lives(
            spec, self.agenda, dice(spec, "lives"), self.programme, self.people, self.moods,
            self.trade, self.storefront, self.registry,
        )  # fmt: skip

    def begin(self) -> None:
        """Publish the programme and put departures, quarters and lives on the agenda."""
        self.trade.publish()
        for departure in self.programme.departures:
            self.agenda.at(departure.departs - MINUTE, partial(self.trade.tell_seats, departure))
            self.agenda.at(departure.departs, partial(self.road.drive, departure))
        for day in quarter_starts(self.spec.start, self.spec.until):
            self.agenda.at(midnight(day), self.lives.take_stock)
        self.lives.begin()

    def run(self) -> None:
        """Let the time pass."""
        self.agenda.run(self.until - CLOSING)

    def end(self) -> None:
        """Tell the last state of the coaches, and what needs everybody's whole story."""
        for departure in self.programme.departures:
            self.trade.tell_seats(departure, self.until - MINUTE)
        self.registry.write()
        talk = Talk(self.spec, self.journal, self.people, self.moods, self.registry)
        talk.campaigns()
        talk.confirmations(self.lives.booked)
        self.storefront.visits(self.lives.booked)

    def truth(self) -> Truth:
        """Return what was planted and what became of it."""
        return Truth(
            spec=self.spec,
            partners=partner_pairs(self.spec.families),
            people=tuple(person_truth(person, self.moods[person.index]) for person in self.people),
            hazards=tuple(self.lives.hazards),
            merged=self.registry.merged,
        )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Millions of dicts without cycles: searching them for garbage only costs time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

"""The 360° profile is kept for a minute, as long as nothing happens; who the person is, is looked up each time."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

import serving.whole_customer as module
from activity_log.errors import UnknownCustomerError
from serving.guests import Guest
from serving.whole_customer import KEPT_FOR, WholeCustomer
from tests.activity_log.stories import NOW

MOMENT = timedelta(microseconds=1)


class Models:
    """One live model per task, until another is promoted."""

    def __init__(self):
        self.live = {task: object() for task in ("churn", "value", "channel")}

    def live_or_none(self, task, operator_id):
        return self.live[task]


class Desk:
    """Counts how often profiles are made and people looked up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.models, self.guest = Models(), Guest()
        self.made: list[tuple[str, str]] = []
        self.people = {"c-anna": "Anna"}
        self.whole = WholeCustomer(None, self.models)
        monkeypatch.setattr(WholeCustomer, "_sides", self._sides)
        monkeypatch.setattr(module, "CustomerInsight", SimpleNamespace)

    def _sides(self, tenant, customer_id, language, now):
        self.made.append((customer_id, language))
        return {"number": len(self.made)}

    def person(self, customer_id):
        if customer_id not in self.people:
            raise UnknownCustomerError([customer_id])
        return self.people[customer_id]

    def ask(self, now: datetime = NOW, customer_id="c-anna", language="de", operator_id="reisen", **more):
        tenant = SimpleNamespace(operator=SimpleNamespace(operator_id=operator_id), profiles=self)
        options = {"offers": "a list", "with_person": True} | more
        offers, with_person = options["offers"], options["with_person"]
        return self.whole.insight(
            tenant, customer_id, self.guest, offers, language, now, with_person=with_person
        )


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def test_it_is_kept_for_a_minute_while_nothing_happens(desk: Desk):
    assert [desk.ask(NOW + after).number for after in (timedelta(0), KEPT_FOR, KEPT_FOR + MOMENT)] == [
        1,
        1,
        2,
    ]
    assert desk.ask(NOW + 2 * KEPT_FOR).number == 2, "a minute from when it was made anew"


def test_it_is_made_anew_when_something_happened_to_the_guest(desk: Desk):
    first = desk.ask()
    desk.guest = Guest()  # read again, if with the same words
    assert (first.number, desk.ask().number) == (1, 2)


@pytest.mark.parametrize("task", ["churn", "value", "channel"])
def test_it_is_made_anew_when_a_model_was_promoted_or_went(desk: Desk, task: str):
    desk.ask()
    desk.models.live[task] = object()
    assert desk.ask().number == 2
    desk.models.live[task] = None
    assert desk.ask().number == 3
    assert desk.ask().number == 3


def test_the_person_is_looked_up_every_time_and_the_list_is_the_one_given(desk: Desk):
    assert desk.ask().person == "Anna"
    desk.people["c-anna"] = "Anna Maria"
    again = desk.ask(offers="another list")
    assert (again.person, again.recommendations, again.number) == ("Anna Maria", "another list", 1)
    assert desk.ask(with_person=False).person is None, "for whom names are not meant there is none"
    del desk.people["c-anna"]
    with pytest.raises(UnknownCustomerError):
        desk.ask()


def test_each_customer_language_and_operator_has_its_own(desk: Desk):
    desk.people["c-bernd"] = "Bernd"
    several = [{}, {"customer_id": "c-bernd"}, {"language": "en"}, {"operator_id": "fremd"}]
    assert [desk.ask(**one).number for one in several] == [1, 2, 3, 4]
    assert [desk.ask(**one).number for one in several] == [1, 2, 3, 4]


def test_of_too_many_the_oldest_is_let_go(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_KEPT", 2)
    for customer_id in ("c-1", "c-2", "c-3", "c-3", "c-2", "c-1"):
        desk.ask(customer_id=customer_id, with_person=False)
    assert [customer_id for customer_id, _ in desk.made] == ["c-1", "c-2", "c-3", "c-1"]

"""Which changes of a contract the other side would notice."""

import copy
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from activity_log.contracts.commerce import BookingConfirmed
from activity_log.contracts.compatibility import breaks
from activity_log.contracts.fields import Currency, Id, Money, Payload, Text, date
from activity_log.contracts.published import Contract
from activity_log.contracts.schemas import schema_of

Schema = dict[str, Any]


class Seat(Payload):
    row: int = Field(ge=1, le=20)
    side: Literal["left", "right"] | None = None


class TicketSold(Payload):
    """The contract whose changes the stories tell."""

    ticket_id: Id
    passenger: Text | None = None
    sold_on: date
    amount: Money
    currency: Currency = "EUR"
    channel: Literal["web", "phone"]
    seats: tuple[Seat, ...] = Field(min_length=1, max_length=9)
    facts: dict[str, int] = Field(default={})


def schema(model: type[BaseModel]) -> Schema:
    return schema_of(Contract(model.__name__, 1, "commerce", "receive", model))


def model(**changed: Any) -> type[BaseModel]:
    """Return `TicketSold` with fields added or changed; None takes one away."""
    fields = {name: (spec.annotation, spec) for name, spec in TicketSold.model_fields.items()}
    kept = {name: its for name, its in {**fields, **changed}.items() if its is not None}
    return type(
        "TicketSold",
        (Payload,),
        {
            "__annotations__": {name: its[0] for name, its in kept.items()},
            **{name: its[1] for name, its in kept.items() if its[1] is not ...},
        },
    )


PUBLISHED = schema(TicketSold)


class SeatInWiderBus(Seat):
    row: int = Field(ge=1, le=30)


class SeatInSmallerBus(Seat):
    row: int = Field(ge=1, le=10)


class SeatWithTable(Seat):
    table: bool


class SeatMaybeWithTable(Seat):
    table: bool = False


class SeatOnEitherSide(Seat):
    side: Literal["left", "right", "middle"] | None = None


def seats(of: type[Seat], least: int = 1, most: int = 9) -> tuple[Any, Any]:
    return tuple[of, ...], Field(min_length=least, max_length=most)


# (what changed, what a producer of it notices): None where nothing breaks
TAKEN_IN: list[tuple[str, dict[str, Any], str | None]] = [
    ("nothing", {}, None),
    ("a new optional field", {"note": (Text | None, None)}, None),
    ("a new optional field, nested", {"seats": seats(SeatMaybeWithTable)}, None),
    ("a required field may be left out", {"sold_on": (date | None, None)}, None),
    ("longer text", {"ticket_id": (str, Field(min_length=1, max_length=500))}, None),
    ("another channel", {"channel": (Literal["web", "phone", "letter"], ...)}, None),
    ("any channel", {"channel": (Text, ...)}, None),
    ("more seats", {"seats": seats(Seat, most=50)}, None),
    ("no seats", {"seats": seats(Seat, least=0)}, None),
    ("longer buses", {"seats": seats(SeatInWiderBus)}, None),
    ("a middle seat", {"seats": seats(SeatOnEitherSide)}, None),
    ("any currency code", {"currency": (str, "EUR")}, None),
    ("facts may have fractions", {"facts": (dict[str, float], Field(default={}))}, None),
    ("a new required field", {"note": (Text, ...)}, "note: required was no, is yes"),
    (
        "a new required field, nested",
        {"seats": seats(SeatWithTable)},
        "seats[].table: required was no, is yes",
    ),
    (
        "an optional field is required",
        {"currency": (Currency, ...)},
        "currency: required was no, is yes",
    ),
    ("a field is gone", {"passenger": None}, "passenger: field was known, is gone"),
    (
        "a required field is gone",
        {"sold_on": None},
        "sold_on: field was known, is gone",
    ),
    ("no null any more", {"passenger": (Text, "")}, "passenger: allowed was string or null, is string"),
    ("another type", {"ticket_id": (int, ...)}, "ticket_id: allowed was string, is integer"),
    ("whole euros", {"amount": (int, ...)}, "amount: allowed was string or number, is integer"),
    (
        "shorter text",
        {"passenger": (str | None, Field(default=None, max_length=20))},
        "passenger: maxLength was 2000, is 20",
    ),
    (
        "longer least text",
        {"ticket_id": (str, Field(min_length=3, max_length=200, pattern=r"\S"))},
        "ticket_id: minLength was 1, is 3",
    ),
    (
        "one channel less",
        {"channel": (Literal["web"], ...)},
        'channel: allowed was "phone", is "web"',
    ),
    (
        "two channels of which one is new",
        {"channel": (Literal["web", "letter"], ...)},
        'channel: allowed was "web" or "phone", is "web" or "letter"',
    ),
    (
        "a stricter pattern",
        {"currency": (str, Field(default="EUR", pattern="^(EUR|CHF)$"))},
        'currency: pattern was "^[A-Z]{3}$", is "^(EUR|CHF)$"',
    ),
    ("a new pattern", {"passenger": (Id | None, None)}, "passenger: "),
    ("a stricter format", {"passenger": (date | None, None)}, "passenger: format was not given, is"),
    ("another default", {"currency": (Currency, "CHF")}, 'currency: default was "EUR", is "CHF"'),
    ("fewer seats", {"seats": seats(Seat, most=4)}, "seats: maxItems was 9, is 4"),
    ("two seats at least", {"seats": seats(Seat, least=2)}, "seats: minItems was 1, is 2"),
    ("shorter buses", {"seats": seats(SeatInSmallerBus)}, "seats[].row: maximum was 20, is 10"),
    (
        "facts that are flags",
        {"facts": (dict[str, bool], Field(default={}))},
        "facts.*: allowed was integer, is boolean",
    ),
]


@pytest.mark.parametrize(
    ("changed", "noticed"), [row[1:] for row in TAKEN_IN], ids=[row[0] for row in TAKEN_IN]
)
def test_what_we_take_in(changed: dict[str, Any], noticed: str | None):
    found = [str(each) for each in breaks(PUBLISHED, schema(model(**changed)), "receive")]
    if noticed is None:
        assert found == []
    else:
        assert len(found) >= 1
        assert found[0].startswith(noticed)


# what a receiver of something we send notices: we may say less than we promised room for, never more
SENT: list[tuple[str, dict[str, Any], str | None]] = [
    ("nothing", {}, None),
    ("a new field", {"note": (Text, ...)}, None),
    ("shorter text", {"passenger": (str | None, Field(default=None, max_length=20))}, None),
    ("one channel less", {"channel": (Literal["web"], ...)}, None),
    ("an optional field always there", {"currency": (Currency, ...)}, None),
    ("shorter buses", {"seats": seats(SeatInSmallerBus)}, None),
    ("a field is gone", {"passenger": None}, "passenger: field was known, is gone"),
    (
        "a field may be left out",
        {"ticket_id": (Id, "none")},
        "ticket_id: required was yes, is no",
    ),
    ("longer text", {"passenger": (str | None, None)}, "passenger: maxLength was 2000, is not given"),
    (
        "another channel",
        {"channel": (Literal["web", "phone", "letter"], ...)},
        'channel: allowed was "web" or "phone", is "web" or "phone" or "letter"',
    ),
    ("it may be null", {"sold_on": (date | None, ...)}, "sold_on: allowed was string, is string or null"),
    ("longer buses", {"seats": seats(SeatInWiderBus)}, "seats[].row: maximum was 20, is 30"),
    ("another default", {"currency": (Currency, "CHF")}, 'currency: default was "EUR", is "CHF"'),
]


@pytest.mark.parametrize(("changed", "noticed"), [row[1:] for row in SENT], ids=[row[0] for row in SENT])
def test_what_we_send(changed: dict[str, Any], noticed: str | None):
    found = [str(each) for each in breaks(PUBLISHED, schema(model(**changed)), "send")]
    assert found == ([] if noticed is None else [noticed])


def test_what_is_only_said_differently_breaks_nothing():
    reworded = copy.deepcopy(PUBLISHED) | {"description": "Sold.", "title": "Sold", "deprecated": True}
    reworded["properties"]["ticket_id"]["x-personal"] = True
    reworded["properties"]["channel"] = {"anyOf": [{"const": "phone"}, {"const": "web"}]}
    for action in ("receive", "send"):
        assert breaks(PUBLISHED, reworded, action) == []
        assert breaks(reworded, PUBLISHED, action) == []


def test_a_closed_payload_takes_no_unknown_fields():
    class Closed(TicketSold):
        model_config = ConfigDict(extra="forbid")

    [found] = breaks(PUBLISHED, schema(Closed), "receive")
    assert str(found) == "*: allowed was anything, is nothing"
    assert breaks(schema(Closed), PUBLISHED, "receive") == []


def test_what_cannot_be_compared_counts_as_a_break():
    odd = copy.deepcopy(PUBLISHED)
    odd["properties"]["seats"]["uniqueItems"] = True
    assert [each.what for each in breaks(PUBLISHED, odd, "receive")] == ["uniqueItems"]
    assert breaks(odd, odd, "receive") == []


def test_exclusive_bounds_are_told_from_inclusive_ones():
    ends: list[tuple[Schema, Schema]] = [
        ({"minimum": 0}, {"exclusiveMinimum": 0}),
        ({"maximum": 9}, {"exclusiveMaximum": 9}),
    ]
    for wide, narrow in ends:
        before, after = ({"type": "number", **bound} for bound in (wide, narrow))
        assert len(breaks(before, after, "receive")) == 1
        assert breaks(after, before, "receive") == []


def test_a_real_contract_is_compared_down_to_its_travellers():
    published = schema(BookingConfirmed)
    now = copy.deepcopy(published)
    now["$defs"]["Traveller"]["properties"]["seat_position"]["anyOf"][0]["maxLength"] = 10
    [found] = breaks(published, now, "receive")
    assert str(found) == "travellers[].seat_position: maxLength was 2000, is 10"

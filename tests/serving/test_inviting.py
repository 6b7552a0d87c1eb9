"""Whom to invite: the same chances as /recommend gives each alone, and only whom one may and can invite."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import select

from activity_log import booked, schema
from activity_log.database import open_log
from activity_log.errors import NoModelError
from activity_log.operators import find_operator
from activity_log.reading import all_customers, canonical_customer
from activity_log.segments.definitions import UnknownSegmentError
from activity_log.segments.reach import reach_of
from activity_log.travels import Travels, travelling
from feature_repo.services import RECOMMENDER
from feature_repo.store import open_features
from models.registry import ModelRegistry
from serving.answers import Answers
from serving.invitable import NotBookableError, UnknownDepartureError
from serving.inviting import InvitationWish
from serving.recommending import UnknownTourError
from serving.visitor import Visitor
from tests.serving.test_answers import NoModels


@pytest.fixture(scope="module")
def world(installation, trained):
    database, features = open_log(installation), open_features(installation)
    answers = Answers(database, features, ModelRegistry(installation), lambda: trained.now)
    with database.reading() as connection:
        everybody = all_customers(connection, "nordlicht")
    yield SimpleNamespace(
        database=database, features=features, answers=answers, now=trained.now, everybody=everybody,
        operator=find_operator(database, "nordlicht"),
        untrained=Answers(database, features, NoModels(), lambda: trained.now),
    )  # fmt: skip
    database.close()


def catalogue_of(world):
    return world.answers._tenant("nordlicht").shelf(world.now).catalogue


@pytest.fixture(scope="module")
def departure(world):
    """The soonest departure that can be booked."""
    known = catalogue_of(world)
    return next(
        one for one in known.departures
        if one.departs_on > world.now.date() and one.seats_left > 0 and one.boarding_point_ids
    )  # fmt: skip


def invite(world, departure, n=1_000, **wish):
    wish = InvitationWish(departure.departure_id, None, n, **wish)
    return world.answers.inviting("nordlicht").invite(wish, "de")


# --- the parts


def test_travels_of_everybody_are_those_of_each(world):
    with world.database.reading() as connection:
        everybody = Travels.read(connection, "nordlicht")
        some = Travels.read(connection, "nordlicht", world.everybody[::7])
        for one in world.everybody[::7]:
            alone = [trip.booking_id for trip in booked.booked_trips(connection, "nordlicht", one)]
            assert [trip.booking_id for trip in everybody.of(one)] == alone
            assert [trip.booking_id for trip in some.of(one)] == alone
            companions = booked.companions_of(connection, "nordlicht", one)
            assert everybody.companions(one, 8) == [companion.customer_id for companion in companions][:8]
            assert some.companions(one, 8) == everybody.companions(one, 8)


@pytest.mark.parametrize("party", [False, True])
def test_guests_read_together_are_those_read_alone(world, party):
    reader = world.answers._tenant("nordlicht").guests._reader
    asked = world.everybody[::11]
    together = {}
    for batch in reader.read(None, world.now, with_party=party):
        together |= batch
    assert set(together) == set(world.everybody)
    for one in asked:
        ((alone,),) = [batch.values() for batch in reader.read([one], world.now, with_party=party)]
        assert Counter(alone.history.party) == Counter(together[one].history.party)
        alone.history, together[one].history = (
            replace(guest.history, party=()) for guest in (alone, together[one])
        )
        assert alone == together[one]
    assert any(together[one].history.families for one in asked)


def test_who_is_away_is_who_has_a_trip_on_these_days(world):
    first, last = date(2026, 5, 4), date(2026, 5, 7)
    nights = {tour_id: tour.nights for tour_id, tour in catalogue_of(world).tours.items()}
    with world.database.reading() as connection:
        away = travelling(connection, "nordlicht", first, last, nights)
        for one in world.everybody[::5]:
            travels = any(
                trip.departure_date <= last
                and trip.departure_date + timedelta(days=nights.get(trip.tour_id, 0)) >= first
                for trip in booked.booked_trips(connection, "nordlicht", one)
            )
            assert travels == (one in away)
    assert away


def test_the_chances_are_those_that_recommend_gives(world, departure):
    """The same score, but for the order of sums in single precision, as /recommend gives the family."""
    invitation = invite(world, departure)
    family = catalogue_of(world).tours[departure.tour_id].family_id
    compared = 0
    for one in invitation.invited[::20]:
        alone = world.answers.recommend("nordlicht", Visitor(one.customer_id), "de", n=50)
        score = {item.family_id: item.score for item in alone.items}.get(family)
        if score is not None:
            assert one.score == pytest.approx(score, rel=1e-6)
            compared += 1
    assert compared > 5


def test_many_are_ranked_as_each_alone(world):
    recommender = world.answers._models.recommender("nordlicht").model
    reader = world.answers._tenant("nordlicht").guests._reader
    visits = [
        guest.visit for batch in reader.read(world.everybody[:60], world.now) for guest in batch.values()
    ]
    together = recommender.chances(visits)
    alone = np.vstack([recommender.chances([visit]) for visit in visits])
    np.testing.assert_allclose(together, alone, rtol=1e-6)
    np.testing.assert_allclose(together.sum(axis=1), 1.0)


# --- who is invited


def test_best_first_and_each_counted_once(world, departure):
    invitation = invite(world, departure, n=25)
    scores = [one.score for one in invitation.invited]
    assert len(scores) == 25
    assert scores == sorted(scores, reverse=True)
    assert [one.rank for one in invitation.invited] == list(range(1, 26))
    assert sum(dict(invitation.excluded).values()) + 25 == invitation.customers == len(world.everybody)


def test_only_whom_one_may_write_to_who_is_free_and_can_board(world, departure):
    invitation = invite(world, departure)
    ids = [one.customer_id for one in invitation.invited]
    known = catalogue_of(world)
    nights = {tour_id: tour.nights for tour_id, tour in known.tours.items()}
    last = departure.departs_on + timedelta(days=nights[departure.tour_id])
    with world.database.reading() as connection:
        reach = reach_of(connection, "nordlicht", ids)
        for one in invitation.invited:
            assert reach[one.customer_id].contact_allowed
            assert set(one.channels) == reach[one.customer_id].channels
            assert one.channel in one.channels or (one.channel is None and not one.channels)
            assert canonical_customer(connection, "nordlicht", one.customer_id) == one.customer_id
        for one in ids[::10]:
            for trip in booked.booked_trips(connection, "nordlicht", one):
                back = trip.departure_date + timedelta(days=nights.get(trip.tour_id, 0))
                assert back < departure.departs_on or trip.departure_date > last
    for row in world.features.online(RECOMMENDER, "nordlicht", ids, world.now):
        assert row.features["preferred_boarding_point"] in {None, *departure.boarding_point_ids}
    assert invitation.excluded.no_consent > 0
    assert invitation.excluded.stop_out_of_reach > 0


def test_reasons_are_true_in_the_log(world, departure):
    family = catalogue_of(world).tours[departure.tour_id].family_id
    family_of = world.answers._tenant("nordlicht").offers.programme.family_of_tour
    invitation = invite(world, departure)
    told = [one for one in invitation.invited if one.reason.kind == "own_history"]
    assert told
    with world.database.reading() as connection:
        for one in told[:20]:
            trips = booked.booked_trips(connection, "nordlicht", one.customer_id)
            times = sum(family_of.get(trip.tour_id) == family for trip in trips)
            assert one.reason.evidence["times"] == times
            assert times == 1 or str(times) in one.reason.text


def test_a_channel_asked_for_is_the_channel(world, departure):
    everybody, by_letter = invite(world, departure), invite(world, departure, channel="letter")
    assert {one.channel for one in by_letter.invited} == {"letter"}
    assert len(by_letter.invited) == sum("letter" in one.channels for one in everybody.invited)
    assert invite(world, departure, channel="push").invited == []


def test_a_segment_asked_for_is_kept_to(world, departure, segment_of):
    inside = [one.customer_id for one in invite(world, departure, n=3).invited]
    segment_of("first-three", inside)
    invitation = invite(world, departure, segment_id="first-three")
    assert [one.customer_id for one in invitation.invited] == inside
    assert invitation.excluded.other_segment == len(world.everybody) - 3
    with pytest.raises(UnknownSegmentError, match="has no segment 'first-thre'"):
        invite(world, departure, segment_id="first-thre")


def test_who_says_no_is_not_invited_any_more(world, departure):
    import json

    first = invite(world, departure, n=2).invited[0].customer_id
    with world.database.reading() as connection:
        table = schema.person_profile
        query = select(table.c.person_profile_id).where(table.c.customer_id == first)
        person = connection.execute(query).scalar_one()
    event = {
        "id": "no-more", "source": "backoffice", "type": "ConsentRevoked", "operatorid": "nordlicht",
        "time": (world.now - timedelta(minutes=1)).isoformat(),
        "data": {"person_profile_id": person, "purpose": "marketing"},
    }  # fmt: skip
    assert world.answers.post_events("nordlicht", json.dumps(event).encode()).accepted == 1
    assert first not in {one.customer_id for one in invite(world, departure).invited}


# --- what cannot be filled


def test_a_tour_means_its_next_departure_that_can_be_booked(world, departure):
    wish = InvitationWish(None, departure.tour_id, 1)
    assert world.answers.inviting("nordlicht").invite(wish, "en").departure_id == departure.departure_id


def test_what_nobody_can_be_invited_to_is_said(world, departure):
    known = catalogue_of(world)
    past = next(one for one in known.departures if one.departs_on < world.now.date())
    inviting = world.answers.inviting("nordlicht")
    for wish, error, text in (
        (InvitationWish("d-nowhere", None, 1), UnknownDepartureError, "unknown departure 'd-nowhere'"),
        (InvitationWish(None, "t-nowhere", 1), UnknownTourError, "unknown tour 't-nowhere'"),
        (InvitationWish(past.departure_id, None, 1), NotBookableError, "left on"),
    ):
        with pytest.raises(error, match=text):
            inviting.invite(wish, "de")
    with pytest.raises(NoModelError):
        world.untrained.inviting("nordlicht").invite(InvitationWish(departure.departure_id, None, 1), "de")

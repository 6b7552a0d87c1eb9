"""Whom to invite: the same chances as /recommend gives each alone, and only whom one may and can invite."""

from collections import Counter
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
from activity_log.trips_of_many import TripsOfMany
from feature_repo.services import RECOMMENDER
from feature_repo.store import open_features
from models.recommender.many import chances_of_family
from models.registry import ModelRegistry
from serving.answers import Answers
from serving.histories_of_many import histories_of_many
from serving.invitable import NotBookableError, UnknownDepartureError
from serving.inviting import InvitationWish
from serving.recommending import UnknownTourError, Visitor
from serving.travel_history import TravelHistory
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


@pytest.fixture(scope="module")
def departure(world):
    """The soonest departure that can be booked."""
    known = world.answers._tenant("nordlicht").recommending.offers.current()
    return next(
        one for one in known.departures
        if one.departs_on > world.now.date() and one.seats_left > 0 and one.boarding_point_ids
    )  # fmt: skip


def invite(world, departure, n=1_000, **wish):
    wish = InvitationWish(departure.departure_id, None, n, **wish)
    return world.answers.inviting("nordlicht").invite(wish, "de")


# --- the parts


def test_trips_of_many_are_those_of_each(world):
    asked = world.everybody[::7]
    with world.database.reading() as connection:
        together = TripsOfMany(connection, "nordlicht").trips(asked)
        for one in asked:
            alone = booked.booked_trips(connection, "nordlicht", one)
            assert [trip.booking_id for trip in together.get(one, [])] == [trip.booking_id for trip in alone]


def test_histories_of_many_are_those_of_each(world):
    family_of = world.answers._tenant("nordlicht").recommending.offers.family_of_tour()
    asked = world.everybody[::11]
    for party in (False, True):
        with world.database.reading() as connection:
            log = TripsOfMany(connection, "nordlicht")
            together = histories_of_many(log, asked, family_of, with_party=party)
            alone = [TravelHistory.read(connection, "nordlicht", one, with_party=party) for one in asked]
        families_of = lambda ids: tuple(family_of.get(one, one) for one in ids)  # noqa: E731
        for ours, theirs in zip(together, alone, strict=True):
            expected = theirs.history(families_of, ())
            assert (ours.families, ours.counts, ours.latest, ours.again, ours.moves) == (
                expected.families, expected.counts, expected.latest, expected.again, expected.moves,
            )  # fmt: skip
            assert Counter(ours.party) == Counter(expected.party)
    assert any(one.party for one in together)


def test_who_is_away_is_who_has_a_trip_on_these_days(world):
    first, last = date(2026, 5, 4), date(2026, 5, 7)
    known = world.answers._tenant("nordlicht").recommending.offers.current()
    nights = {tour_id: tour.nights for tour_id, tour in known.tours.items()}
    with world.database.reading() as connection:
        away = TripsOfMany(connection, "nordlicht").away(first, last, nights)
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
    family = (
        world.answers._tenant("nordlicht").recommending.offers.current().tours[departure.tour_id].family_id
    )
    compared = 0
    for one in invitation.invited[::20]:
        alone = world.answers.recommend("nordlicht", Visitor(one.customer_id), "de", n=50)
        score = {item.family_id: item.score for item in alone.items}.get(family)
        if score is not None:
            assert one.score == pytest.approx(score, rel=1e-6)
            compared += 1
    assert compared > 5


def test_many_are_scored_in_parts_as_at_once(world, monkeypatch):
    recommender = world.answers._models.recommender("nordlicht").model
    asked = world.everybody[:60]
    family_of = world.answers._tenant("nordlicht").recommending.offers.family_of_tour()
    with world.database.reading() as connection:
        log = TripsOfMany(connection, "nordlicht")
        histories = histories_of_many(log, asked, family_of, with_party=False)
    from models.recommender import Context, many

    contexts = [Context(5, None)] * len(asked)
    whole = chances_of_family(recommender, recommender.families[0], histories, contexts)
    monkeypatch.setattr(many, "CELLS_AT_ONCE", 7 * len(recommender.families))
    parts = chances_of_family(recommender, recommender.families[0], histories, contexts)
    np.testing.assert_allclose(whole, parts, rtol=1e-12)
    assert chances_of_family(recommender, "nowhere", histories, contexts).tolist() == [0.0] * len(asked)


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
    known = world.answers._tenant("nordlicht").recommending.offers.current()
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
    family = (
        world.answers._tenant("nordlicht").recommending.offers.current().tours[departure.tour_id].family_id
    )
    family_of = world.answers._tenant("nordlicht").recommending.offers.family_of_tour()
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
    known = world.answers._tenant("nordlicht").recommending.offers.current()
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

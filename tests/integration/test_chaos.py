"""Redis, PostgreSQL, MLflow and the service itself are stopped under load; the widget is answered all the time."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import pytest
from sqlalchemy import select

from activity_log.answer_log import answer
from activity_log.clock import utc_now
from models.registry import CHAMPION, ModelRegistry, _track_at
from tests.conftest import SimulatedOperator
from tests.integration.far_servers import OPERATOR, FarServers, Service, far_servers, wait_for_mlflow
from tests.integration.going_away import GoingAway
from tests.integration.visiting import Answered, Visitors, of
from tests.serving.conftest import regular_customers

pytestmark = pytest.mark.slow

IN_TIME_SECONDS = 1.0
"""Of the slowest answer, on a machine that does other things beside; the service itself waits for 0.15 at most."""
FOLLOWED_WITHIN_SECONDS = 3.0
NO_HABITS = "Without the habits"
NOT_REACHED = ("The customer's data cannot be reached", "The customer's data did not come in time")

How = Literal["refuse", "hang"]


@pytest.fixture(scope="module")
def servers(trained: SimulatedOperator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarServers]:
    with far_servers(trained, tmp_path_factory.mktemp("far")) as servers:
        wait_for_mlflow(servers)
        yield servers


@pytest.fixture(scope="module")
def service(servers: FarServers) -> Iterator[Service]:
    with servers.serving(servers.settings.home / "service.log") as service:
        service.wait()
        yield service


@pytest.fixture(scope="module")
def regulars(servers: FarServers) -> list[str]:
    return regular_customers(servers.settings)


@contextmanager
def visiting(servers: FarServers, service: Service, regulars: Sequence[str]) -> Iterator[Visitors]:
    """Have regular customers and strangers ask; every one of them must be answered, and in time."""
    visitors = Visitors(service.address)
    try:
        visitors.come("regular", {one: servers.token(one) for one in regulars})
        visitors.come("stranger", {None: servers.token()})
        yield visitors
    finally:
        visitors.go()
        servers.come_back()
    assert {one.status for one in visitors.answered} == {200}
    assert max(one.seconds for one in visitors.answered) < IN_TIME_SECONDS
    assert all(one.departures for one in visitors.answered)


def go_away(server: GoingAway, how: How) -> None:
    {"refuse": server.refuse, "hang": server.hang}[how]()


def bases(answers: Sequence[Answered]) -> set[tuple[str | None, str]]:
    """On what the lists of the regular customers rest."""
    return {(one.customer_id, one.body["basis"]) for one in of("regular", answers)}


def best_item(answers: Sequence[Answered]) -> dict[str, str]:
    item: dict[str, str] = of("regular", answers)[-1].body["items"][0]
    return item


@pytest.mark.parametrize("how", ["refuse", "hang"])
def test_without_redis_everybody_is_answered_from_the_log_and_seats_are_followed(
    servers: FarServers, service: Service, regulars: list[str], how: How
):
    newcomer = servers.newcomer()
    with visiting(servers, service, regulars) as visitors:
        before = visitors.during(1)
        go_away(servers.redis, how)
        visitors.come("newcomer", {newcomer: servers.token(newcomer)})
        visitors.until(lambda one: one.note.startswith(NO_HABITS), ["newcomer"], 4)
        sold = servers.sell_out(best_item(before))
        visitors.during(FOLLOWED_WITHIN_SECONDS)
        away = visitors.during(2)
        assert not any(sold in one.departures for one in away)
        assert bases(away) == bases(before)
        servers.redis.come_back()
        visitors.until(lambda one: not one.note.startswith(NO_HABITS), ["newcomer"], 5)
        assert not any(one.note.startswith(NO_HABITS) for one in visitors.during(1))


@pytest.mark.parametrize("how", ["refuse", "hang"])
def test_without_postgresql_those_at_hand_are_advised_as_ever_and_others_by_the_season(
    servers: FarServers, service: Service, regulars: list[str], how: How
):
    newcomer = servers.newcomer()
    with visiting(servers, service, regulars) as visitors:
        sold = servers.sell_out(best_item(visitors.during(0.5)))
        visitors.during(FOLLOWED_WITHIN_SECONDS)
        before = visitors.during(1)
        go_away(servers.postgresql, how)
        visitors.come("newcomer", {newcomer: servers.token(newcomer)})
        away = visitors.during(4)
        assert bases(away) == bases(before)
        assert {one.body["basis"] for one in of("newcomer", away)} == {"season_popularity"}
        assert all(one.note.startswith(NOT_REACHED) for one in of("newcomer", away))
        servers.postgresql.come_back()
        sold_next = servers.sell_out(best_item(away))
        visitors.during(FOLLOWED_WITHIN_SECONDS)
        after = visitors.during(1)
        assert not any(one.note.startswith(NOT_REACHED) or sold_next in one.departures for one in after)
        assert not any(sold in one.departures for one in [*before, *away, *after])
    assert waits_to_be_logged(servers, visitors.answered, seconds=5) == set()


@pytest.mark.parametrize("how", ["refuse", "hang"])
def test_without_mlflow_the_champion_answers_on_and_the_next_one_goes_live_once_it_is_back(
    servers: FarServers, service: Service, regulars: list[str], how: How
):
    with visiting(servers, service, regulars) as visitors:
        go_away(servers.mlflow, how)
        away = visitors.during(12)  # the service looks every ten seconds
        (champion,) = {one.version for one in away}
        servers.mlflow.come_back()
        promoted = promote_another(servers)
        visitors.until(lambda one: one.version == promoted, ["regular", "stranger"], 40)
        assert {one.version for one in visitors.answered} == {champion, promoted}


def test_a_service_that_was_killed_begins_without_mlflow_and_half_a_second_of_its_log_is_missing(
    servers: FarServers, service: Service, regulars: list[str]
):
    visitors = Visitors(service.address)
    visitors.come("regular", {one: servers.token(one) for one in regulars})
    before = visitors.during(3)
    service.kill()
    killed_at = time.monotonic()
    visitors.go()
    long_before = [one for one in before if one.began + one.seconds < killed_at - 1.5]
    assert long_before
    assert waits_to_be_logged(servers, long_before, seconds=0) == set()
    assert_logged_as_answered(servers, [one for one in visitors.answered if one.status == 200])
    champion = before[-1].version
    servers.mlflow.refuse()
    with servers.serving(servers.settings.home / "restarted.log") as restarted:
        restarted.wait()
        with visiting(servers, restarted, regulars) as returned:
            assert {one.version for one in returned.during(1)} == {champion}
            servers.mlflow.come_back()
            promoted = promote_another(servers)
            returned.until(lambda one: one.version == promoted, ["regular", "stranger"], 40)


def promote_another(servers: FarServers) -> str:
    """Register the champion once more, and promote that; return its version."""
    _track_at(servers.settings.tracking_uri)
    registry, name = ModelRegistry(servers.settings), f"{OPERATOR}.recommender"
    same = registry._client.get_model_version(name, registry.version(OPERATOR, "recommender", CHAMPION))
    newer = str(registry._client.create_model_version(name, same.source, same.run_id).version)
    registry.promote(OPERATOR, "recommender", newer, utc_now(), by="anna", why="a test")
    return newer


def waits_to_be_logged(servers: FarServers, answers: Sequence[Answered], seconds: float) -> set[str]:
    """Return the ids of answers that are not in the log after so many seconds."""
    told, until = {str(one.body["recommendation_id"]) for one in answers}, time.monotonic() + seconds
    while (missing := told - set(logged_items(servers))) and time.monotonic() < until:
        time.sleep(0.2)
    return missing


def assert_logged_as_answered(servers: FarServers, answers: Sequence[Answered]) -> None:
    """Every row that is there is whole: of each answer the list that was shown, no more and no less."""
    logged = logged_items(servers)
    found = [one for one in answers if one.body["recommendation_id"] in logged]
    assert found
    for one in found:
        shown = [(item["tour_id"], item["departure_id"]) for item in one.body["items"]]
        assert [(tour, departure) for tour, departure, *_ in logged[one.body["recommendation_id"]]] == shown


def logged_items(servers: FarServers) -> dict[str, list[tuple[str, str, float, float]]]:
    query = select(answer.c.recommendation_id, answer.c["items"])
    with servers.database.reading() as connection:
        return {one: json.loads(items) for one, items in connection.execute(query)}

"""Feast: training sets point in time and known at, the online store, tenants apart."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from feast.protos.feast.core.Registry_pb2 import Registry
from google.protobuf.json_format import MessageToDict

from activity_log.settings import load_settings
from feature_repo.build import build_features, build_states, rows_path
from feature_repo.groups import GROUPS, TRAVEL
from feature_repo.services import CHURN, INSIGHT, RECOMMENDER, SERVICES
from feature_repo.store import CustomerFeatures, open_features
from feature_repo.store_config import REPO
from feature_repo.views import CREATED_TIMESTAMP, EVENT_TIMESTAMP
from tests.feature_repo.stories import Row, Story, log_stories, utc

MAY, JUNE = utc("2024-05-01"), utc("2024-06-01")
SECOND = timedelta(seconds=1)
ANNA, BERND, CARLA = "anna", "bernd", "carla"


def told(operator_id: str, amount: str) -> Story:
    """Anna books and is written to, Bernd travels, Carla appears in May; the same people at both operators."""
    story = Story(operator_id)
    story.knows(ANNA, BERND)
    story.knows(CARLA, when="2024-05-10", marketing_consent=True)
    story.publishes("nordsee-24", "nordsee")
    for day in ("2023-04-01", "2024-04-01", "2024-05-20"):
        seats = [(ANNA, "aisle", "Kiel"), (BERND, "window", None)]
        story.books(ANNA, day, "2024-09-01", amount=amount, travellers=seats)
    story.books(ANNA, JUNE, "2024-09-01", amount="1000000.00")  # at the boundary
    sent = {"message_id": "m", "contact_id": "c", "channel": "email", "person_profile_id": ANNA}
    story.tell("MessageDelivered", "2024-04-01", **sent)
    story.tell("MessageRead", "2024-04-02", **sent)
    return story


class Shop:
    """Two operators with the same people under the same pseudonyms, their features built at two moments."""

    def __init__(self, empty_log: Path, home: Path):
        self.settings = load_settings(home=home)
        stories = (told("reisen", "100.00"), told("konkurrenz", "7.00"))
        self.logged = {
            logged.operator.operator_id: logged for logged in log_stories(empty_log, home, *stories)
        }
        for operator_id, logged in self.logged.items():
            build_features(logged.files, self.settings.features_dir, operator_id, [MAY, JUNE])
            build_states(logged.files, self.settings.features_dir, operator_id, JUNE)
        self.features: CustomerFeatures = open_features(self.settings)

    def customer(self, person: str) -> str:
        return self.logged["reisen"].operator.pseudonym(person)

    def example(self, person: str, when: Any, operator_id: str = "reisen", **more: Any) -> Row:
        return {
            "operator_id": operator_id,
            "customer_id": self.customer(person),
            EVENT_TIMESTAMP: when,
            **more,
        }

    def learn(self, *examples: Row, service: str = CHURN) -> pd.DataFrame:
        return self.features.training_set(pd.DataFrame(examples), service)


@pytest.fixture(scope="module")
def shop(empty_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = Shop(empty_log, tmp_path_factory.mktemp("shops") / "shop")
    assert shop.features.materialise(JUNE) == 6
    return shop


def test_a_training_set_has_the_rows_asked_for_in_their_order_each_as_of_its_moment(shop: Shop):
    asked = [
        shop.example(CARLA, JUNE, churned=True, weight=1),
        shop.example(ANNA, MAY, churned=False, weight=2),
        shop.example(BERND, JUNE, churned=True, weight=3),
        shop.example(ANNA, JUNE, churned=False, weight=4),
        shop.example(CARLA, MAY, churned=True, weight=5),  # not known yet
        shop.example("nobody", JUNE, churned=False, weight=6),
    ]
    joined = shop.learn(*asked)
    assert joined["weight"].tolist() == [1, 2, 3, 4, 5, 6]
    assert joined["churned"].tolist() == [True, False, True, False, True, False]
    assert joined["customer_id"].tolist() == [example["customer_id"] for example in asked]
    assert joined["total_bookings"].fillna(-1).tolist() == [0, 2, 0, 3, -1, -1]
    assert joined["lifetime_revenue"].fillna(-1).tolist() == [0, 200, 0, 300, -1, -1]
    unknown = joined[joined["total_bookings"].isna()]
    features = [name for name in joined if name not in asked[0]]
    assert unknown[features].isna().all(axis=None)


def test_between_two_moments_the_row_of_the_earlier_one_counts(shop: Shop):
    joined = shop.learn(
        shop.example(ANNA, JUNE - SECOND), shop.example(ANNA, JUNE), shop.example(ANNA, MAY - SECOND)
    )
    assert joined["total_bookings"].fillna(-1).tolist() == [2, 3, -1]


def test_what_happens_at_the_moment_itself_is_not_in_its_row_although_feast_joins_inclusively(shop: Shop):
    (joined,) = shop.learn(shop.example(ANNA, JUNE)).to_dict("records")
    assert joined["lifetime_revenue"] == 300.0


@pytest.mark.parametrize(("person", "known_after", "trips"), [(BERND, timedelta(0), 999), (ANNA, SECOND, 3)])
def test_a_row_that_became_known_later_is_refused(
    shop: Shop, person: str, known_after: timedelta, trips: int
):
    """Two rows are planted: the one known in time is served, so the other could have been."""
    path = rows_path(shop.settings.features_dir, TRAVEL, "reisen", JUNE)
    rows = pq.read_table(path, partitioning=None)
    own = rows.filter(pc.equal(rows["customer_id"], shop.customer(person)))
    asked = JUNE + timedelta(days=1)
    planted = {"total_trips": 999, EVENT_TIMESTAMP: JUNE + SECOND, CREATED_TIMESTAMP: asked + known_after}
    pq.write_table(_with(own, **planted), path.with_name(f"planted-{person}.parquet"))
    assert shop.learn(shop.example(person, asked))["total_trips"].tolist() == [trips]


def _with(rows: pa.Table, **values: Any) -> pa.Table:
    for name, value in values.items():
        field = rows.schema.field(name)
        rows = rows.set_column(
            rows.schema.get_field_index(name), field, pa.array([value] * len(rows), field.type)
        )
    return rows


def test_two_examples_of_one_customer_and_moment_are_refused(shop: Shop):
    """Whichever label were kept, the other would be lost without a word."""
    with pytest.raises(ValueError, match="not unique"):
        shop.learn(shop.example(ANNA, JUNE, churned=True), shop.example(ANNA, JUNE, churned=False))


def test_both_operators_see_their_own_customers_of_the_same_name(shop: Shop):
    joined = shop.learn(
        shop.example(ANNA, JUNE), shop.example(ANNA, JUNE, "konkurrenz"), shop.example(ANNA, JUNE, "x")
    )
    assert joined["lifetime_revenue"].fillna(-1).tolist() == [300.0, 21.0, -1.0]
    for operator_id, revenue in (("reisen", 300.0), ("konkurrenz", 21.0), ("x", None)):
        (row,) = shop.features.online(CHURN, operator_id, [shop.customer(ANNA)], JUNE)
        assert row.features["lifetime_revenue"] == revenue


@pytest.mark.parametrize("service", [CHURN, RECOMMENDER, INSIGHT])
def test_what_is_served_is_what_was_trained_on(shop: Shop, service: str):
    people = [ANNA, BERND, CARLA]
    learned = shop.learn(*(shop.example(who, JUNE) for who in people), service=service).to_dict("records")
    served = shop.features.online(service, "reisen", [shop.customer(who) for who in people], JUNE)
    wanted = [name.split(":")[1] for name in SERVICES[service][0]]
    for row, example in zip(served, learned, strict=True):
        assert row.as_of == JUNE
        assert set(row.features) == set(wanted)
        assert row.features == {name: _plain(example[name]) for name in wanted}


def _plain(value: Any) -> Any:
    """A pandas cell as the Python value it stands for."""
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if hasattr(value, "tolist"):
        value = value.tolist()
    return None if (isinstance(value, float) and pd.isna(value)) or value is pd.NaT else value


def test_customers_are_served_in_the_order_asked_unknown_ones_without_a_moment(shop: Shop):
    asked = [shop.customer(who) for who in ("nobody", BERND, ANNA, BERND)]
    rows = shop.features.online(INSIGHT, "reisen", asked, JUNE)
    assert [row.customer_id for row in rows] == asked
    assert [row.features["total_bookings"] for row in rows] == [None, 0, 3, 0]
    assert [row.as_of for row in rows] == [None, JUNE, JUNE, JUNE]
    assert [row.known_at for row in rows] == [None, JUNE, JUNE, JUNE]
    assert set(rows[0].features.values()) == {None}


def test_materialising_prints_nothing_where_our_commands_print_json(
    shop: Shop, capsys: pytest.CaptureFixture[str]
):
    shop.features.materialise(JUNE)
    assert capsys.readouterr().out == ""


def test_opening_the_store_again_keeps_what_is_in_it(shop: Shop):
    again = open_features(shop.settings)
    (row,) = again.online(CHURN, "reisen", [shop.customer(ANNA)], JUNE)
    assert row.features["total_bookings"] == 3


Specs = dict[str, Any]


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Specs]]:
    """An installation that `feast apply` was run for twice, and the registry's content after each."""
    home, registries = tmp_path_factory.mktemp("applied"), []
    environment = {**os.environ, "BUSFLOW_HOME": str(home), "FEAST_USAGE": "False"}
    for _ in range(2):
        run = subprocess.run(
            [Path(sys.executable).with_name("feast"), "apply"],
            cwd=REPO, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        assert run.stderr == ""
        registries.append(_specs(home))
    return home, registries


def _specs(home: Path) -> Specs:
    registry = Registry.FromString((home / "feast" / "registry.db").read_bytes())
    kinds = (registry.projects, registry.entities, registry.data_sources, registry.feature_views,
             registry.feature_services)  # fmt: skip
    told = [_timeless(MessageToDict(getattr(one, "spec", one))) for kind in kinds for one in kind]
    return {one["name"]: one for one in told}


def _timeless(node: Any) -> Any:
    """A tree without the moments that Feast notes, and the class of a source, which it writes now and then."""
    if isinstance(node, dict):
        noted = ("Timestamp", "dataSourceClassType")
        return {name: _timeless(value) for name, value in node.items() if not name.endswith(noted)}
    return [_timeless(value) for value in node] if isinstance(node, list) else node


@pytest.mark.slow
def test_feast_apply_is_clean_and_changes_nothing_the_second_time(applied: tuple[Path, list[Specs]]):
    _, (first, second) = applied
    assert first == second
    for name in (*SERVICES, *(group.name for group in GROUPS), "operator", "customer", "customer_state"):
        assert name in first


@pytest.mark.slow
def test_what_feast_apply_registers_is_what_the_code_opens(applied: tuple[Path, list[Specs]]):
    home, (registered, _) = applied
    open_features(load_settings(home=home))
    assert _specs(home) == registered

"""Metrics by hand, the climb from rung to rung, and data that somebody brings along."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from activity_log.errors import WrongUseError
from models.recommender import bookings_of
from models.recommender.stack import Lesson
from training.recommender.brought import read_brought
from training.recommender.choice import climb, settle
from training.recommender.evaluate import evaluate_recommender
from training.recommender.holdout import Task, task_of
from training.recommender.metrics import best, mean_interval, ranking_metrics


class TestMetrics:
    def test_by_hand(self):
        """Wanted: 0 and 3 (and one that could not be ranked). Ranked: 3, 1, 0, 2."""
        order, relevant = np.array([[3, 1, 0, 2]]), sparse.csr_array(np.array([[1.0, 0, 0, 1.0]]))
        metrics = ranking_metrics(order, relevant, np.array([3]), (1, 3))
        ideal = 1 + 1 / np.log2(3) + 1 / 2
        assert metrics["recall@1"] == pytest.approx([1 / 3])
        assert metrics["recall@3"] == pytest.approx([2 / 3])
        assert metrics["ndcg@1"] == pytest.approx([1.0])
        assert metrics["ndcg@3"] == pytest.approx([(1 + 1 / 2) / ideal])
        assert metrics["hit_rate@1"] == pytest.approx([1.0])

    def test_k_beyond_the_catalogue(self):
        order = best(np.array([[0.1, 0.3, 0.2]]), 20)
        metrics = ranking_metrics(order, sparse.csr_array(np.array([[1.0, 0, 0]])), np.array([1]), (20,))
        assert metrics["recall@20"] == pytest.approx([1.0])
        assert metrics["ndcg@20"] == pytest.approx([1 / np.log2(4)])

    def test_best_is_a_full_sort_cut_off(self):
        scores = np.random.default_rng(1).integers(0, 9, (40, 30)).astype(float)
        np.testing.assert_array_equal(best(scores, 7), np.argsort(-scores, axis=1, kind="stable")[:, :7])

    def test_the_interval_holds_the_mean_and_narrows_with_more_customers(self):
        values = np.random.default_rng(2).random(4_000)
        few, many = mean_interval(values[:100], 7), mean_interval(values, 7)
        assert many.low < values.mean() < many.high
        assert many.high - many.low < (few.high - few.low) / 3
        assert mean_interval(values, 7) == many


class TestChoice:
    def test_a_rung_must_be_better_beyond_doubt(self):
        simple = np.tile([0.0, 1.0], 100)
        doubtful = simple.copy()
        doubtful[0] = 1.0
        clear = np.maximum(simple, np.tile([0.0, 0.0, 1.0, 1.0], 50))
        assert climb({"simple": simple, "doubtful": doubtful}, "ndcg@3", 7)[0] == "simple"
        live, why = climb({"simple": simple, "doubtful": doubtful, "clear": clear}, "ndcg@3", 7)
        assert live == "clear"
        assert why.startswith("clear beats simple by 0.250 in ndcg@3 (95 % interval ")

    def test_trying_more_settings_gains_nothing(self):
        """A hundred settings of pure noise: the best looks good, and is worth nothing when told honestly."""
        noise = np.random.default_rng(3).normal(0.0, 1.0, (100, 400))
        place, worth = settle(noise)
        assert noise[place].mean() > 0.1
        assert abs(worth.mean()) < 0.1

    def test_a_better_setting_is_found(self):
        values = np.stack([np.full(50, 0.2), np.full(50, 0.4), np.full(50, 0.3)])
        place, worth = settle(values)
        assert place == 1
        assert worth.tolist() == [0.4] * 50


def tastes(customers=240, seed=0):
    """Each customer loves one shelf of twenty items and takes ten of them, one a day; a tenth is chance."""
    random = np.random.default_rng(seed)
    rows = [
        (
            f"c{n}",
            f"i{shelf * 20 + int(random.integers(20)) if random.random() < 0.9 else int(random.integers(100))}",
            day,
        )
        for n in range(customers)
        for shelf in [int(random.integers(5))]
        for day in range(10)
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "item_id", "timestamp"])
    return frame.drop_duplicates(["customer_id", "item_id"])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Eight days to learn from, as Parquet; the last two to find, as CSV."""
    folder, frame = tmp_path_factory.mktemp("brought"), tastes()
    frame[frame["timestamp"] < 8].to_parquet(folder / "train.parquet")
    frame[frame["timestamp"] >= 8].to_csv(folder / "test.csv", index=False)
    return folder / "train.parquet", folder / "test.csv"


@pytest.fixture(scope="module")
def result(files):
    return evaluate_recommender(*files, ks=(10, 20))


class TestEvaluation:
    def test_every_rung_beside_its_baselines(self, result):
        assert list(result) == ["models", "champion"]
        names = ["global_popularity", "season_popularity", "also_booked", "similar_customers", "als"]
        names += ["ease", "graph_filter", "blend", "ranker"]
        assert list(result["models"]) == names
        for figures in result["models"].values():
            assert list(figures) == ["recall@10", "ndcg@10", "recall@20", "ndcg@20", "fit_seconds"]
        popular = result["models"]["global_popularity"]["recall@20"]
        for name in names[2:]:
            assert result["models"][name]["recall@20"] > 2 * popular
        assert result["champion"] in names[2:]

    def test_popularity_by_hand(self, tmp_path):
        """a is taken by three, b by two, c by one. Who has taken a is shown b, then c."""
        train = "customer_id,item_id\n1,a\n2,a\n3,a\n2,b\n4,b\n5,c\n"
        (tmp_path / "train.csv").write_text(train)
        (tmp_path / "test.csv").write_text("customer_id,item_id\n1,b\n3,c\n3,never seen\n2,b\n")
        result = evaluate_recommender(tmp_path / "train.csv", tmp_path / "test.csv", ks=(1, 2))
        figures = result["models"]["global_popularity"]
        assert figures["recall@1"] == pytest.approx((1 + 0) / 2)
        assert figures["recall@2"] == pytest.approx((1 + 1 / 2) / 2)
        assert figures["ndcg@2"] == pytest.approx((1 + (1 / np.log2(3)) / (1 + 1 / np.log2(3))) / 2)
        assert result["champion"] == "season_popularity"

    def test_the_test_file_has_no_say(self, files, result, tmp_path):
        """Other test rows, other figures, the same champion and the same settings."""
        train, test = files
        frame = pd.read_csv(test)
        frame["item_id"] = np.random.default_rng(1).permutation(frame["item_id"])
        frame.to_csv(tmp_path / "test.csv", index=False)
        said, said_then = [], []
        other = evaluate_recommender(train, tmp_path / "test.csv", (10, 20), said.append)
        evaluate_recommender(train, test, (10, 20), said_then.append)
        assert other["champion"] == result["champion"]
        assert other["models"]["als"]["ndcg@20"] < result["models"]["als"]["ndcg@20"]
        chosen = [line for line in said if line.startswith(("tuning", "choosing", "champion"))]
        assert chosen == [line for line in said_then if line.startswith(("tuning", "choosing", "champion"))]

    def test_newcomers_are_shown_what_is_popular(self, tmp_path):
        (tmp_path / "train.csv").write_text("customer_id,item_id\n1,a\n2,a\n2,b\n3,b\n4,b\n")
        (tmp_path / "test.csv").write_text("customer_id,item_id\n1,b\nnew,b\n")
        models = evaluate_recommender(tmp_path / "train.csv", tmp_path / "test.csv", (1,))["models"]
        assert {name: figures["recall@1"] for name, figures in models.items()} == dict.fromkeys(models, 1.0)


class TestHoldOut:
    def test_two_halves_have_different_customers(self):
        customers = [f"c{n}" for n in range(10) for _ in range(5)]
        items = [f"i{n % 7}" for n in range(50)]
        bookings = bookings_of(customers, items, np.zeros(50, dtype=int), np.zeros(50))
        task = Task.of(Lesson.of(bookings, seed=7))
        first, second = task.halves(3, seed=7)
        assert first.histories.shape == second.histories.shape == (3, 7)
        assert first.wanted.tolist() == np.diff(first.found.indptr).tolist()
        both = {tuple(row) for half in (first, second) for row in half.histories.toarray().tolist()}
        assert both <= {tuple(row) for row in task.histories.toarray().tolist()}

    def test_what_was_taken_before_is_not_to_be_found(self, tmp_path):
        (tmp_path / "past.csv").write_text("customer_id,item_id\n1,a\n1,b\n2,a\n")
        (tmp_path / "future.csv").write_text("customer_id,item_id\n1,a\n2,a\n2,b\n2,b\n2,z\n")
        past, future = read_brought(tmp_path / "past.csv"), read_brought(tmp_path / "future.csv")
        task = task_of(past, future)
        assert task is not None
        assert task.wanted.tolist() == [2]
        assert task.found.toarray().tolist() == [[0, 1]]
        assert task.histories.toarray().tolist() == [[1, 0]]
        assert task_of(past, past) is None


BAD = [
    (
        "customer_id,product\n1,a\n",
        "column 'item_id' is missing, there are: customer_id, product; rename one",
    ),
    ("customer_id,item_id\n", "holds no rows"),
    ("customer_id,item_id\n1,a\n2,\n", "column 'item_id' is empty in row 2"),
    (
        "customer_id,item_id,timestamp\n1,a,yesterday\n",
        "column 'timestamp' holds 'yesterday' in row 1; write moments as",
    ),
    ("", "cannot be read: No columns to parse"),
]


class TestWrongUse:
    @pytest.mark.parametrize(("text", "complaint"), BAD)
    def test_a_bad_file_is_named_with_its_column(self, files, tmp_path, text, complaint):
        path = tmp_path / "bad.csv"
        path.write_text(text)
        for pair in ((path, files[1]), (files[0], path)):
            with pytest.raises(WrongUseError) as raised:
                evaluate_recommender(*pair)
            assert str(raised.value).startswith(f"{path}: {complaint}")
            assert "\n" not in str(raised.value)

    def test_missing_damaged_and_foreign_files(self, files, tmp_path):
        damaged = tmp_path / "damaged.parquet"
        damaged.write_bytes(b"not parquet")
        for path in (tmp_path / "missing.csv", damaged, tmp_path / "rows.xlsx"):
            with pytest.raises(WrongUseError, match=path.name):
                evaluate_recommender(path, files[1])

    def test_ids_that_do_not_match(self, files, tmp_path):
        path = tmp_path / "strangers.csv"
        path.write_text("customer_id,item_id\nnobody,i1\n")
        with pytest.raises(WrongUseError, match="check that the ids match"):
            evaluate_recommender(files[0], path)

    @pytest.mark.parametrize("ks", [(), (0,), (20, -1)])
    def test_a_k_that_is_none(self, files, ks):
        with pytest.raises(WrongUseError, match="k is "):
            evaluate_recommender(*files, ks=ks)

    def test_seconds_milliseconds_and_dates_are_the_same_moment(self, tmp_path):
        moments = {
            "s": "86400",
            "ms": "1735689600000",
            "date": "2025-01-01",
            "zone": "2025-01-01T01:00:00+01:00",
        }
        days = {}
        for name, moment in moments.items():
            path = tmp_path / f"{name}.csv"
            path.write_text(f"customer_id,item_id,timestamp\n1,a,{moment}\n")
            days[name] = read_brought(path).days.tolist()
        pd.DataFrame({"customer_id": ["1"], "item_id": ["a"], "timestamp": [date(2025, 1, 1)]}).to_parquet(
            tmp_path / "typed.parquet"
        )
        assert read_brought(tmp_path / "typed.parquet").days.tolist() == [20_089.0]
        assert days["s"] == [1.0]
        assert days["ms"] == days["date"] == days["zone"] == [20_089.0]

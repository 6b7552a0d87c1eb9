"""Models in MLflow: what a run keeps, which version is served, and the way back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from activity_log.errors import NoModelError, WrongUseError
from activity_log.settings import Settings
from models.card import ModelCard
from models.registry import APPLIED, CHALLENGER, CHAMPION, ModelRegistry, RegistryError, Run
from tests.feature_repo.stories import utc

NOW = utc("2026-11-01")


class Words:
    """An artefact that is a word."""

    def __init__(self, word: str):
        self.word = word

    def save(self, directory: Path) -> None:
        (directory / "word.txt").write_text(self.word)

    @classmethod
    def load(cls, directory: Path) -> str:
        return (directory / "word.txt").read_text()


def scorer(seed: int) -> Words:
    return Words(f"model {seed}")


def run_of(model: Words, operator_id: str, **metrics: float) -> Run:
    card = ModelCard(
        operator_id=operator_id,
        task="churn",
        feature_service="churn_v1",
        as_of=NOW,
        trained_at=NOW,
        horizon_days=365,
    )
    pages = {"recipe.json": '{"rounds": 5}', "model_card.de.html": "<h1>Größe</h1>"}
    return Run(
        card, model.save, {"rounds": 5}, metrics, {"why": "a test"}, {"calibration.png": b"png"}, pages
    )


def test_a_run_keeps_card_parameters_figures_tags_and_plots(
    registry: ModelRegistry, registry_settings: Settings, tmp_path: Path
):
    version = registry.log(run_of(scorer(1), "reisen", test_auc=0.75, recency_rule_auc=0.5))
    assert registry.metrics("reisen", "churn", version) == {"test_auc": 0.75, "recency_rule_auc": 0.5}
    client = MlflowClient(registry_settings.tracking_uri)
    run = client.get_run(client.get_model_version("reisen.churn", version).run_id)
    assert run.data.params == {"rounds": "5", "feature_service": "churn_v1"}
    assert (run.data.tags["why"], run.data.tags["as_of"]) == ("a test", NOW.isoformat())
    mlflow.set_tracking_uri(registry_settings.tracking_uri)
    plot = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="plots/calibration.png", dst_path=str(tmp_path)
    )
    assert Path(plot).read_bytes() == b"png"
    assert Path(plot).is_relative_to(tmp_path)
    page = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="model_card.de.html", dst_path=str(tmp_path)
    )
    assert Path(page).read_text(encoding="utf-8") == "<h1>Größe</h1>"
    recipe = registry.load("reisen", "churn", lambda folder: (folder / "recipe.json").read_text(), CHALLENGER)
    assert recipe.model == '{"rounds": 5}', "beside the artefact, so that the next training finds it"


def test_the_challenger_is_what_was_logged_last_and_no_champion_until_promoted(registry: ModelRegistry):
    first, second = (registry.log(run_of(scorer(seed), "ostwind")) for seed in (1, 2))
    assert registry.version("ostwind", "churn", CHALLENGER) == second != first
    assert registry.version("ostwind", "churn", CHAMPION) is None
    with pytest.raises(NoModelError, match="'ostwind' has no champion churn model"):
        registry.load("ostwind", "churn", Words.load)


def test_a_loaded_champion_is_what_was_trained_with_its_card(registry: ModelRegistry):
    version = registry.log(run_of(scorer(3), "seewind"))
    registry.promote("seewind", "churn", version, NOW, by="anna", why="a test")
    loaded = registry.load("seewind", "churn", Words.load)
    assert (loaded.name, loaded.version, loaded.model) == ("seewind.churn", version, "model 3")
    card = loaded.card
    assert (card.feature_service, card.as_of, card.horizon_days) == ("churn_v1", NOW, 365)


def day(number: int) -> datetime:
    return NOW + timedelta(days=number)


def test_rolling_back_goes_through_the_champions_one_by_one_and_refuses_at_the_first(registry: ModelRegistry):
    versions = [registry.log(run_of(scorer(seed), "nordwind")) for seed in (1, 2, 3)]
    for place, version in enumerate(versions):
        registry.promote("nordwind", "churn", version, day(place), by="anna", why="better")
    assert registry.version("nordwind", "churn", CHAMPION) == versions[2]
    assert registry.roll_back("nordwind", "churn", day(3), by="bernd", why="too gloomy") == versions[1]
    assert registry.version("nordwind", "churn", CHAMPION) == versions[1]
    registry.promote("nordwind", "churn", versions[2], day(4), by="anna", why="it was not")
    back = [registry.roll_back("nordwind", "churn", day(place), by="bernd", why="") for place in (5, 6)]
    assert back == [versions[1], versions[0]]
    with pytest.raises(WrongUseError, match=r"nordwind\.churn: there is no earlier champion"):
        registry.roll_back("nordwind", "churn", day(7), by="bernd", why="")
    assert registry.version("nordwind", "churn", CHAMPION) == versions[0], "a refusal changes nothing"
    told = [
        (change.at, change.action, change.version, change.by)
        for change in registry.history("nordwind", "churn")
    ]
    assert told == [
        (day(0), "promoted", versions[0], "anna"),
        (day(1), "promoted", versions[1], "anna"),
        (day(2), "promoted", versions[2], "anna"),
        (day(3), "rolled back", versions[1], "bernd"),
        (day(4), "promoted", versions[2], "anna"),
        (day(5), "rolled back", versions[1], "bernd"),
        (day(6), "rolled back", versions[0], "bernd"),
    ]


def test_who_promotes_at_once_overwrites_nobody_and_what_is_live_is_the_newest_note(registry: ModelRegistry):
    versions = [registry.log(run_of(scorer(seed), "sturm")) for seed in (1, 2, 3, 4)]

    def promote(place: int) -> None:
        registry.promote("sturm", "churn", versions[place], day(place), by=f"writer {place}", why="")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(promote, [2, 0, 3, 1]))
    assert [change.version for change in registry.history("sturm", "churn")] == versions
    assert registry.version("sturm", "churn", CHAMPION) == versions[3]


@pytest.mark.parametrize("step", ["set_registered_model_alias", "set_registered_model_tag"])
def test_what_mlflow_refuses_because_another_wrote_at_the_same_moment_is_written_again(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch, step: str
):
    operator_id = step.replace("set_registered_model_", "at-once-")
    version = registry.log(run_of(scorer(1), operator_id))
    write, refused = getattr(registry._client, step), []

    def refuse_once(name: str, what: str, value: str) -> None:
        if what in (CHAMPION, APPLIED) and not refused:
            refused.append(what)
            raise MlflowException("UNIQUE constraint failed")
        write(name, what, value)

    monkeypatch.setattr(registry._client, step, refuse_once)
    registry.promote(operator_id, "churn", version, NOW, by="anna", why="better")
    assert refused
    assert registry._client.get_registered_model(f"{operator_id}.churn").tags[APPLIED]
    assert alias(registry, operator_id) == version


class Killed(BaseException):
    """What stops a process and is caught by nobody."""


def killed(*_: object, **__: object) -> None:
    raise Killed


def alias(registry: ModelRegistry, operator_id: str) -> str:
    """Return the version that MLflow itself calls champion."""
    return str(registry._client.get_model_version_by_alias(f"{operator_id}.churn", CHAMPION).version)


STEPS_OF_PROMOTING = ("set_registered_model_tag", "set_registered_model_alias")


@pytest.mark.parametrize("step", STEPS_OF_PROMOTING)
def test_who_is_killed_while_promoting_has_promoted_or_has_not(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch, step: str
):
    operator_id = f"killed-{STEPS_OF_PROMOTING.index(step)}"
    first, second = (registry.log(run_of(scorer(seed), operator_id)) for seed in (1, 2))
    registry.promote(operator_id, "churn", first, day(0), by="anna", why="better")
    with monkeypatch.context() as patched:
        patched.setattr(registry._client, step, killed)
        with pytest.raises(Killed):
            registry.promote(operator_id, "churn", second, day(1), by="bernd", why="better still")
    told = registry.history(operator_id, "churn")[-1].version
    assert registry.version(operator_id, "churn", CHAMPION) == told, "the history says what is served"
    assert registry.load(operator_id, "churn", Words.load).model == f"model {told}"
    registry.promote(operator_id, "churn", second, day(2), by="bernd", why="once more")
    assert alias(registry, operator_id) == second
    assert registry.roll_back(operator_id, "churn", day(3), by="anna", why="") == told


def test_what_was_noted_before_somebody_was_killed_is_finished_later(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
):
    version = registry.log(run_of(scorer(1), "halb"))
    with monkeypatch.context() as patched:
        patched.setattr(registry._client, "set_registered_model_alias", killed)
        with pytest.raises(Killed):
            registry.promote("halb", "churn", version, NOW, by="anna", why="better")
    assert CHAMPION not in registry._client.get_registered_model("halb.churn").aliases
    registry.settle("halb", "churn")
    assert alias(registry, "halb") == version
    assert len(registry.history("halb", "churn")) == 1


def test_an_alias_that_somebody_moved_in_mlflow_is_respected(registry: ModelRegistry):
    first, second = (registry.log(run_of(scorer(seed), "hand")) for seed in (1, 2))
    registry.promote("hand", "churn", first, NOW, by="anna", why="better")
    registry._client.set_registered_model_alias("hand.churn", CHAMPION, second)
    registry.settle("hand", "churn")
    assert registry.version("hand", "churn", CHAMPION) == second


STEPS_OF_LOGGING = ("create_model_version", "set_registered_model_alias")


@pytest.mark.parametrize("step", ["save", "log_model", *STEPS_OF_LOGGING])
def test_who_is_killed_while_registering_leaves_the_challenger_as_it_was(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch, step: str
):
    operator_id = f"abort-{step.replace('_', '-')}"
    first = registry.log(run_of(scorer(1), operator_id))
    with monkeypatch.context() as patched:
        if step == "save":
            patched.setattr(Words, "save", killed)
        elif step == "log_model":
            patched.setattr(mlflow.pyfunc, "log_model", killed)
        else:
            patched.setattr(registry._client, step, killed)
        with pytest.raises(Killed):
            registry.log(run_of(scorer(2), operator_id))
    assert registry.version(operator_id, "churn", CHALLENGER) == first
    assert registry.load(operator_id, "churn", Words.load, CHALLENGER).model == "model 1"
    third = registry.log(run_of(scorer(3), operator_id))
    assert registry.load(operator_id, "churn", Words.load, CHALLENGER).version == third


def test_a_registry_that_does_not_answer_is_not_one_without_models(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
):
    """Or the service would forget its models while MLflow is restarted."""
    version = registry.log(run_of(scorer(1), "stumm"))
    registry.promote("stumm", "churn", version, NOW, by="anna", why="")

    def silent(_: str) -> None:
        raise MlflowException("API request to http://mlflow failed")

    with monkeypatch.context() as patched:
        patched.setattr(registry._client, "get_registered_model", silent)
        with pytest.raises(RegistryError, match="does not answer: API request to http://mlflow failed"):
            registry.version("stumm", "churn", CHAMPION)
    assert registry.version("stumm", "churn", CHAMPION) == version


def test_an_operator_without_models_has_nothing_to_roll_back(registry: ModelRegistry):
    with pytest.raises(WrongUseError, match=r"nobody\.churn: there is no earlier champion"):
        registry.roll_back("nobody", "churn", NOW, by="anna", why="")
    assert registry.history("nobody", "churn") == []


def test_operators_share_no_model(registry: ModelRegistry):
    version = registry.log(run_of(scorer(1), "westwind"))
    registry.promote("westwind", "churn", version, NOW, by="anna", why="")
    assert registry.version("westwind2", "churn", CHAMPION) is None
    assert registry.version("westwind", "recommender", CHAMPION) is None
    assert registry.load("westwind", "churn", Words.load).card.operator_id == "westwind"


def test_a_champion_is_kept_for_a_start_without_mlflow_and_a_challenger_is_not(registry: ModelRegistry):
    version = registry.log(run_of(scorer(1), "heidewind"))
    registry.load("heidewind", "churn", Words.load, CHALLENGER)
    assert registry.kept("heidewind", "churn", Words.load) is None
    registry.promote("heidewind", "churn", version, NOW, by="anna", why="a test")
    loaded = registry.load("heidewind", "churn", Words.load)
    assert registry.kept("heidewind", "churn", Words.load) == loaded


def test_where_a_champion_cannot_be_kept_it_goes_live_all_the_same(
    registry: ModelRegistry, registry_settings: Settings
):
    """A file lies where the folder belongs; a full disk is told alike."""
    version = registry.log(run_of(scorer(2), "moorwind"))
    registry.promote("moorwind", "churn", version, NOW, by="anna", why="a test")
    registry_settings.champions_dir.mkdir(parents=True, exist_ok=True)
    (registry_settings.champions_dir / "moorwind.churn").write_text("in the way")
    assert registry.load("moorwind", "churn", Words.load).model == "model 2"

from pathlib import Path

import pytest

from activity_log.errors import WrongUseError
from activity_log.settings import load_settings

NAMES = ("HOME", "DATABASE_URL", "ENGINE", "ENGINE_MEMORY", "SPARK_MASTER", "ONLINE_STORE", "BROKER_URL")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without `.env`, and no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(f"BUSFLOW_{name}", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def test_everything_embedded_lives_under_home(elsewhere: Path):
    settings = load_settings()
    home = elsewhere / ".busflow"
    assert settings.home == home
    assert settings.log_url == f"sqlite:///{home}/log.db"
    for folder in (settings.facts_dir, settings.features_dir, settings.feast_dir, settings.artifacts_dir):
        assert folder.is_relative_to(home)
    assert str(home) in settings.tracking_uri


def test_home_stays_where_it_was_when_the_directory_changes(elsewhere: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BUSFLOW_HOME", "here")
    settings = load_settings()
    monkeypatch.chdir("/")
    assert settings.home == elsewhere / "here"


def test_the_environment_counts_more_than_the_file(elsewhere: Path, monkeypatch: pytest.MonkeyPatch):
    (elsewhere / ".env").write_text("BUSFLOW_HOME=from-file\nMLFLOW_TRACKING_URI=http://from-file\nOTHER=1\n")
    monkeypatch.setenv("BUSFLOW_HOME", "from-environment")
    settings = load_settings()
    assert settings.home.name == "from-environment"
    assert settings.tracking_uri == "http://from-file"


def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BUSFLOW_ENGINE", "")
    assert load_settings().engine == "duckdb"


@pytest.mark.parametrize(("name", "value"), [("ENGINE", "flink"), ("ONLINE_STORE", "memcached")])
def test_a_bad_value_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(f"BUSFLOW_{name}", value)
    with pytest.raises(WrongUseError, match=rf"^BUSFLOW_{name}='{value}': \S"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENGINE", "spark"),
        ("ENGINE_MEMORY", "8GB"),
        ("SPARK_MASTER", "spark://head:7077"),
        ("SPARK_MASTER", "local[4]"),
        ("ONLINE_STORE", "redis://127.0.0.1:6379/3"),
        ("ONLINE_STORE", "rediss://someone:p%40ss@redis.example"),
    ],
)
def test_engines_and_online_stores_that_can_be_chosen(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(f"BUSFLOW_{name}", value)
    assert getattr(load_settings(), name.lower()) == value


def test_the_password_of_the_online_store_is_never_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BUSFLOW_ONLINE_STORE", "redis://:geheim@127.0.0.1:6379")
    assert "geheim" not in repr(load_settings())
    monkeypatch.setenv("BUSFLOW_ONLINE_STORE", "redis:/:geheim@127.0.0.1:6379")
    with pytest.raises(WrongUseError, match=r"^BUSFLOW_ONLINE_STORE='redis:/\*\*\*@127") as refused:
        load_settings()
    assert "geheim" not in str(refused.value)


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().engine = "spark"

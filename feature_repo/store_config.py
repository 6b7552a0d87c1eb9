"""Feast's configuration: `feature_store.yaml`, adapted by the settings."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from feast.repo_config import RepoConfig
from pydantic import SecretStr

from activity_log.settings import Settings

REPO = Path(__file__).parent
_NAME = re.compile(r"\$\{(\w+)\}")


def store_config(settings: Settings) -> RepoConfig:
    """Return the configuration of an installation."""
    config = yaml.safe_load((REPO / "feature_store.yaml").read_text())
    instead = config.pop("instead")
    for chosen in (settings.engine, settings.online_store.split(":")[0].replace("rediss", "redis")):
        config |= instead.get(chosen, {})
    values = {
        "BUSFLOW_HOME": str(settings.home),
        "BUSFLOW_SPARK_MASTER": settings.spark_master,
        "BUSFLOW_ONLINE_STORE": SecretStr(settings.online_store),
    }
    return RepoConfig(**_filled(config, values), repo_path=settings.home)


def _filled(node: Any, values: Mapping[str, Any]) -> Any:
    """Return the tree with `${NAME}` replaced; what is nothing but a name becomes the value itself."""
    if isinstance(node, dict):
        return {name: _filled(value, values) for name, value in node.items()}
    if not isinstance(node, str):
        return node
    whole = _NAME.fullmatch(node)
    return values[whole[1]] if whole else _NAME.sub(lambda found: str(values[found[1]]), node)

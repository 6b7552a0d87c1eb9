"""An artefact on disk: its numbers in one .npz, its words in one .json, exact to the bit. No pickle."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = 2
ARRAYS, CARD = "recommender.npz", "recommender.json"

Parts = dict[str, dict[str, np.ndarray]]
"""Arrays by part and name."""


def write(directory: Path, card: Mapping[str, Any], parts: Parts) -> None:
    """Write the two files into `directory`, which is created if need be."""
    directory.mkdir(parents=True, exist_ok=True)
    arrays = {f"{part}.{name}": array for part, named in parts.items() for name, array in named.items()}
    np.savez_compressed(directory / ARRAYS, allow_pickle=False, **arrays)
    text = json.dumps({"format": FORMAT, **card}, ensure_ascii=False)
    (directory / CARD).write_text(text, encoding="utf-8")


def read(directory: Path) -> tuple[dict[str, Any], Parts]:
    """Return card and arrays as they were written. Raises ValueError for another format."""
    card = json.loads((directory / CARD).read_text(encoding="utf-8"))
    if card["format"] != FORMAT:
        raise ValueError(f"{directory}: recommender of format {card['format']}, this code reads {FORMAT}")
    parts: Parts = {}
    with np.load(directory / ARRAYS, allow_pickle=False) as file:
        for key in file.files:
            part, name = key.split(".")
            parts.setdefault(part, {})[name] = file[key]
    return card, parts

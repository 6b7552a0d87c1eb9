"""What a check says of a feature."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["rows", "range", "missing", "number", "cardinality", "drift"]


@dataclass(frozen=True)
class Finding:
    """Something to know of a feature, or of a whole group. breach: it must not go unmended; else a remark."""

    feature: str
    kind: Kind
    text: str
    breach: bool = True

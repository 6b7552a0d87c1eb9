"""Findings as a reply for machines: ids and evidence, and names only where the caller hands them over."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from activity_log.duplicates.evidence import Evidence
from activity_log.duplicates.finding import DuplicatePair, Findings
from activity_log.duplicates.profiles import Name


def findings_reply(
    findings: Findings, language: str, names: Mapping[str, Name] | None = None
) -> dict[str, Any]:
    """Return findings as JSON takes them. `language`: de or en. `names`: of customers, for the operator's staff."""
    commonness = Counter(common.what for common in findings.too_common)
    return {
        "found": findings.found,
        "profiles": findings.profiles,
        "too_common": [{"what": what, "values": values} for what, values in sorted(commonness.items())],
        "pairs": [_pair(pair, language, names) for pair in findings.pairs],
    }


def _pair(pair: DuplicatePair, language: str, names: Mapping[str, Name] | None) -> dict[str, Any]:
    reply: dict[str, Any] = {
        "customer_ids": [pair.first, pair.second],
        "score": pair.score,
        "level": pair.level.value,
        "household": pair.household,
        "evidence": _told(pair.evidence, language),
        "against": _told(pair.against, language),
    }
    if names is not None:
        known = [names.get(customer_id) for customer_id in (pair.first, pair.second)]
        reply["people"] = [None if name is None else name._asdict() for name in known]
    return reply


def _told(evidence: Iterable[Evidence], language: str) -> list[dict[str, str]]:
    return [{"field": one.field, "kind": one.kind, "text": one.said(language)} for one in evidence]

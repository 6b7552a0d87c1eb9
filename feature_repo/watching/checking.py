"""All features of an operator at a moment, checked: what `busflow features check` and the promotion gate ask."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from feature_repo.definitions import Feature, FeatureGroup
from feature_repo.watching.declared import check_group
from feature_repo.watching.drift import Drift, drifts
from feature_repo.watching.findings import Finding
from feature_repo.watching.reference import Reference, Season
from feature_repo.watching.summary import Summary, summarise

RowsOf = Callable[[FeatureGroup], pa.Table]
"""Gives the rows of a group at the moment checked, ordered by customer_id."""


@dataclass(frozen=True)
class Watched:
    """A feature now, what it is held against, and how far they lie apart. then: None if there is no reference."""

    group: str
    feature: Feature
    now: Summary
    then: Summary | None
    drifts: tuple[Drift, ...]
    findings: tuple[Finding, ...]

    @property
    def breached(self) -> bool:
        """Whether something of it must not go unmended."""
        return any(finding.breach for finding in self.findings)


@dataclass(frozen=True)
class Check:
    """What was found. rows: of whole groups. model: whose reference the features were held against, if any."""

    operator_id: str
    as_of: datetime
    customers: int
    model: str | None
    season: Season
    rows: tuple[Finding, ...]
    features: tuple[Watched, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, of groups first."""
        return (*self.rows, *(finding for one in self.features for finding in one.findings))

    def breaches(self, names: Collection[str] | None = None) -> tuple[Finding, ...]:
        """Return the breaches; given features' names, of these and of whole groups only."""
        of_features = (one for one in self.features if names is None or one.feature.name in names)
        found = (*self.rows, *(finding for one in of_features for finding in one.findings))
        return tuple(finding for finding in found if finding.breach)


def by_feature(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """Return the texts of the findings by feature."""
    texts: dict[str, list[str]] = {}
    for finding in findings:
        texts.setdefault(finding.feature, []).append(finding.text)
    return texts


def named(findings: Iterable[Finding]) -> str:
    """Return what was found by feature, in one line."""
    return "; ".join(f"{feature}: {', '.join(texts)}" for feature, texts in by_feature(findings).items())


def check(
    groups: Collection[FeatureGroup],
    rows_of: RowsOf,
    operator_id: str,
    as_of: datetime,
    reference: Reference,
    model: str | None = None,
) -> Check:
    """Check the groups' rows at `as_of` against their definitions, and against the reference of a training.

    One group's rows are in memory at a time.
    """
    season, tests = reference.season(as_of), sum(len(group.features) for group in groups)
    rows: list[Finding] = []
    features: list[Watched] = []
    sizes: dict[str, int] = {}
    for group in groups:
        table = rows_of(group)
        sizes[group.name] = len(table)
        found = list(check_group(table, group, operator_id))
        rows += [finding for finding in found if finding.feature == group.name]
        features += _watched(table, group, as_of, found, reference, season, tests)
    rows += _uneven(sizes)
    return Check(operator_id, as_of, max(sizes.values()), model, season, tuple(rows), tuple(features))


def _uneven(sizes: Mapping[str, int]) -> Iterator[Finding]:
    if len(set(sizes.values())) > 1:
        fewest = min(sizes, key=lambda name: sizes[name])
        text = f"{sizes[fewest]:,} rows, while another group has {max(sizes.values()):,}"
        yield Finding(fewest, "rows", text)


def _watched(
    table: pa.Table,
    group: FeatureGroup,
    as_of: datetime,
    found: list[Finding],
    reference: Reference,
    season: Season,
    tests: int,
) -> Iterator[Watched]:
    for feature in group.features:
        now, then = (
            summarise(feature.name, table[feature.name], as_of),
            reference.of(feature.name, season.then),
        )
        before = reference.of(feature.name, season.before)
        moved = tuple(drifts(now, then, before, tests)) if then else ()
        own = [finding for finding in found if finding.feature == feature.name]
        own += [_drifted(now, then, drift) for drift in moved if then and drift.drifted]
        yield Watched(group.name, feature, now, then, moved, tuple(own))


def _drifted(now: Summary, then: Summary, drift: Drift) -> Finding:
    day = f"{then.moment:%Y-%m-%d}"
    match drift.what:
        case "missing":
            text = f"{now.nulls / now.rows:.0%} are missing, {then.nulls / then.rows:.0%} on {day}"
        case "zero":
            text = f"{now.zeros / now.told:.0%} are zero, {then.zeros / then.told:.0%} on {day}"
        case "constant":
            text = f"all {now.told:,} values are the same, {1 - then.commonest:.0%} differed on {day}"
        case _:
            text = f"values lie {drift.distance:.2f} from those of {day}, beyond {drift.limit:.2f}"
    return Finding(now.feature, "drift", text)

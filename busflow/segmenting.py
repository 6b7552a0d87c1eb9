"""Refreshing segments: who matches each definition at a moment, by rule, list or cluster, and writing that down."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from activity_log.contracts.fields import LocalizedText
from activity_log.contracts.outgoing import ModelVersion
from activity_log.database import Database
from activity_log.errors import BusflowError, WrongUseError
from activity_log.facts.export import FactFiles
from activity_log.operators import Operator, find_operator
from activity_log.segments import definitions, lists, membership, reading
from activity_log.segments.definitions import Draft, Segment
from activity_log.segments.membership import Change, Found, OldMomentError
from activity_log.segments.reach import Audience, audience, reach_of
from activity_log.settings import Settings
from feature_repo.segments.labels import Language
from feature_repo.segments.problems import RuleError
from feature_repo.segments.rules import Rule, read_rule
from feature_repo.segments.unheard import unheard
from feature_repo.segments.vocabulary import SCORES, VOCABULARY
from feature_repo.segments.wording import in_words, remarks

if TYPE_CHECKING:
    import pyarrow as pa

    from feature_repo.segments.rows import CustomerRows
    from models.clusters import CustomerClusters
    from models.registry import Loaded

LONGEST_WORDS = 2_000
BOOKED = "total_bookings"


class NotRefreshedError(BusflowError):
    """Rules that cannot be evaluated: what they name is gone, or was never predicted."""

    def __init__(self, problems: Mapping[str, BusflowError]):
        told = "; ".join(
            f"segment '{name}': {problem}{', define it anew' * isinstance(problem, RuleError)}"
            for name, problem in problems.items()
        )
        super().__init__(f"{told}. The other segments were refreshed")


@dataclass(frozen=True)
class Preview:
    """Who would be in a segment, of so many customers, and how many of them marketing may write to."""

    members: tuple[str, ...]
    customers: int
    audience: Audience


@dataclass(frozen=True)
class Segmenting:
    """The segments of one operator."""

    settings: Settings
    database: Database
    operator: Operator

    @classmethod
    def open(cls, settings: Settings, database: Database, operator_id: str) -> "Segmenting":
        """Open an operator's segments. Raises UnknownOperatorError."""
        return cls(settings, database, find_operator(database, operator_id))

    @property
    def operator_id(self) -> str:
        """Whose they are."""
        return self.operator.operator_id

    def preview(self, rule: Rule, as_of: datetime) -> Preview:
        """Return who would match a rule at a moment, as far as they exist now."""
        with self._rows(rule.names, as_of) as rows:
            found = rows.matching({"": rule})[""]
            customers = rows.customers()
        with self.database.reading() as connection:
            members = sorted(lists.profile_ids(connection, self.operator_id, found))
            reach = reach_of(connection, self.operator_id, members)
        return Preview(tuple(members), customers, audience(members, reach))

    def refresh(self, as_of: datetime, now: datetime, only: Collection[str] = ()) -> list[Change]:
        """Bring the segments in use, or some of them, to a moment; return what changed in each.

        Each segment is one transaction: killed in between and run again for the same moment, it goes on with those
        that are missing. Raises OldMomentError before anything is done if one was refreshed as of a later moment,
        NotRefreshedError after the others were refreshed.
        """
        with self.database.reading() as connection:
            chosen = self._chosen(connection, only)
            waiting = [one for one in chosen if not self._is_done(connection, one, as_of)]
        rules, problems = _rules([one for one in waiting if one.kind == "rule"])
        problems |= self._unscored(rules, as_of)
        evaluable = [one for one in waiting if one.segment_id not in problems]
        found = self._found(evaluable, rules, as_of)
        changes = []
        for segment in chosen:
            if segment.segment_id in problems:
                continue
            with self.database.writing() as connection:
                match = found.get(segment.segment_id, Found(segment, as_of, ()))
                changes.append(membership.write_refresh(connection, match, now))
        if problems:
            raise NotRefreshedError(problems)
        return changes

    def adopt_clusters(self, loaded: "Loaded[CustomerClusters]", now: datetime) -> list[Segment]:
        """Make a segment of every learned cluster, and archive those of clusters that are no more."""
        drafts = [_draft(loaded, place) for place in range(len(loaded.model.clusters))]
        with self.database.writing() as connection:
            segments = [definitions.define(connection, self.operator_id, draft, now) for draft in drafts]
            kept = {draft.segment_id for draft in drafts}
            for one in definitions.listing(connection, self.operator_id):
                if one.kind == "cluster" and one.segment_id not in kept:
                    membership.archive(connection, self.operator_id, one.segment_id, now)
        return segments

    def remarks(self, rule: Rule, language: Language) -> tuple[str, ...]:
        """Return what somebody should know of a rule: missing values, and names nobody ever published."""
        with self.database.reading() as connection:
            published = reading.published(connection, self.operator_id)
        return (*unheard(rule, published, language), *remarks(rule, language))

    def _chosen(self, connection: Any, only: Collection[str]) -> list[Segment]:
        if not only:
            return definitions.listing(connection, self.operator_id)
        chosen = [definitions.get(connection, self.operator_id, one) for one in dict.fromkeys(only)]
        for one in chosen:
            if not one.is_active:
                raise WrongUseError(f"segment '{one.segment_id}' is archived: define it again to use it")
        return chosen

    @staticmethod
    def _is_done(connection: Any, segment: Segment, as_of: datetime) -> bool:
        last = membership.last_refresh(connection, segment)
        if last is not None and last.as_of > as_of:
            raise OldMomentError(segment.segment_id, last.as_of)
        return last is not None and (last.as_of, last.version) == (as_of, segment.version)

    def _found(
        self, segments: Sequence[Segment], rules: Mapping[str, Rule], as_of: datetime
    ) -> dict[str, Found]:
        """Evaluate definitions at a moment; features are computed only if one looks at them."""
        if not segments:
            return {}
        found: dict[str, Found] = {}
        with self.database.reading() as connection:
            for one in segments:
                if one.kind == "list":
                    customers = lists.listed(connection, self.operator_id, one.segment_id)
                    found[one.segment_id] = Found(one, as_of, customers)
        if len(found) == len(segments):
            return found
        clusters = {one.segment_id: _read_cluster(one) for one in segments if one.kind == "cluster"}
        evaluable = {one.segment_id: rules[one.segment_id] for one in segments if one.kind == "rule"}
        names = {name for rule in evaluable.values() for name in rule.names}
        names |= {name for one in clusters.values() for name in (*one.clusters.features, BOOKED)}
        with self._rows(names, as_of) as rows:
            matching = rows.matching(evaluable)
            by_cluster = {name: one.customers(rows) for name, one in clusters.items()}
        for one in segments:
            if one.kind == "rule":
                words = _words(rules[one.segment_id])
                found[one.segment_id] = Found(one, as_of, matching[one.segment_id], words)
            elif one.kind == "cluster":
                words = LocalizedText(de=one.name_de, en=one.name_en)
                model = clusters[one.segment_id].model
                found[one.segment_id] = Found(one, as_of, by_cluster[one.segment_id], words, model)
        return found

    def _unscored(self, rules: Mapping[str, Rule], as_of: datetime) -> dict[str, BusflowError]:
        """Return the rules that look at scores which no model has written by then."""
        if not any(rule.scores for rule in rules.values()):
            return {}
        from feature_repo.segments.rows import NoScoresError, check_scored

        scores, unscored = self._scores(as_of), dict[str, BusflowError]()
        for name, rule in rules.items():
            try:
                check_scored(rule.scores, scores)
            except NoScoresError as error:
                unscored[name] = error
        return unscored

    def _rows(self, names: Collection[str], as_of: datetime) -> Any:
        from feature_repo.segments.rows import customer_rows

        files = FactFiles(self.settings.facts_dir, self.operator_id)
        files.refresh(self.database, self.operator)
        asks_scores = any(VOCABULARY[name].group == SCORES for name in names if name in VOCABULARY)
        scores = self._scores(as_of) if asks_scores else None
        return customer_rows(self.settings, files, self.operator_id, as_of, sorted(names), scores)

    def _scores(self, as_of: datetime) -> "pa.Table":
        """Return what models predicted last before a moment."""
        from models.predictions import PredictionStore

        return PredictionStore(self.settings.predictions_dir, self.operator_id).latest_scores(as_of)


def _rules(segments: Sequence[Segment]) -> tuple[dict[str, Rule], dict[str, BusflowError]]:
    rules: dict[str, Rule] = {}
    broken: dict[str, BusflowError] = {}
    for one in segments:
        try:
            rules[one.segment_id] = read_rule(one.definition)
        except RuleError as error:
            broken[one.segment_id] = error
    return rules, broken


def _words(rule: Rule) -> LocalizedText:
    german, english = in_words(rule, "de"), in_words(rule, "en")
    return LocalizedText(de=german[:LONGEST_WORDS], en=english[:LONGEST_WORDS])


def _draft(loaded: "Loaded[CustomerClusters]", place: int) -> Draft:
    cluster = loaded.model.clusters[place]
    about = {"name": loaded.name, "version": loaded.version, "trained_at": loaded.card.trained_at.isoformat()}
    told = {"model": about, "place": place, "clusters": json.loads(loaded.model.to_json())}
    names = (cluster.name_de, cluster.name_en)
    segment_id = f"cluster-{cluster.key}"[:63].rstrip("-")
    return Draft(segment_id, "cluster", *names, json.dumps(told, ensure_ascii=False, sort_keys=True))


@dataclass(frozen=True)
class _LearnedCluster:
    """One cluster of a model, as the definition of a segment keeps it."""

    clusters: "CustomerClusters"
    place: int
    model: ModelVersion

    def customers(self, rows: "CustomerRows") -> list[str]:
        """Return who is in it; who never booked is in none."""
        from models.churn import encode

        names = list(dict.fromkeys((*self.clusters.features, BOOKED)))
        table = rows.columns(names)
        columns = {name: table[name].to_pylist() for name in names}
        labels = self.clusters.assign(encode(columns, self.clusters.features))
        people = zip(table["customer_id"].to_pylist(), labels, columns[BOOKED], strict=True)
        return [who for who, label, booked in people if booked and label == self.place]


def _read_cluster(segment: Segment) -> _LearnedCluster:
    from models.clusters import CustomerClusters

    told = json.loads(segment.definition)
    clusters = CustomerClusters.from_json(json.dumps(told["clusters"]))
    return _LearnedCluster(clusters, told["place"], ModelVersion.model_validate(told["model"]))

"""The identity anchor along the whole chain: a person nobody told us of is nobody's customer, until somebody does."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from activity_log.database import open_log
from activity_log.errors import UnknownCustomerError
from activity_log.facts.export import FactFiles
from activity_log.gate import Gate
from activity_log.ingestion import ingest
from activity_log.operators import Operator, register_operator
from activity_log.settings import Settings, load_settings
from feature_repo.build import build_states
from feature_repo.store import open_features
from serving.answers import open_answers
from tests.feature_repo.stories import Story, utc

NOW = utc("2024-06-01")


def bring_level(settings: Settings, story: Story, operator: Operator) -> None:
    """Log what was told, and bring features and online store up to it."""
    database = open_log(settings)
    gate = Gate({operator.operator_id}, NOW, keep_recorded_time=True)
    ingest(database, [gate.admit(json.dumps(event).encode()) for event in story.events], NOW)
    files = FactFiles(settings.facts_dir, operator.operator_id)
    files.refresh(database, operator)
    database.close()
    build_states(files, settings.features_dir, operator.operator_id, NOW)
    open_features(settings).materialise(NOW)


def test_bookings_of_an_unknown_person_wait_for_the_profile_and_then_count(tmp_path: Path):
    settings = load_settings(home=tmp_path)
    database = open_log(settings)
    operator = register_operator(database, "reisen", now=NOW)
    database.close()
    story = Story()
    story.knows("bernd")
    story.publishes("nordsee-24", "nordsee")
    story.books("anna", "2023-05-01", amount="400.00", travellers=["anna", "bernd"])
    bring_level(settings, story, operator)
    answers = open_answers(settings, clock=lambda: NOW)
    anna = operator.pseudonym("anna")
    with pytest.raises(UnknownCustomerError, match=anna):
        answers.customer_insight("reisen", anna, "de", with_person=True)
    assert answers.search_customers("reisen", "Petersen")[0].customer_id == operator.pseudonym("bernd")

    story.knows("anna", when="2024-05-31")
    bring_level(settings, story, operator)
    later = open_answers(settings, clock=lambda: NOW + timedelta(minutes=1))
    insight = later.customer_insight("reisen", anna, "de", with_person=True)
    assert insight.person.given_name == "Anna"
    assert (insight.behavior.total_bookings, insight.behavior.lifetime_revenue) == (1, 400.0)
    assert [entry.type for entry in insight.timeline] == ["PersonProfileUpdated", "BookingConfirmed"]

"""Who a customer is, as far as it names nobody: how long known, which language, which area."""

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir
from ibis import struct

from feature_repo.expressions.clocks import ROW, Facts, Known, latest
from feature_repo.expressions.moving import Now, Value


def profile(facts: Facts, known: Known) -> tuple[ir.Table, ...]:
    """Return since when a customer is known, the latest language and area, and what was consented to."""
    rows = known.rows(facts.profiles)
    seen = rows.group_by(list(ROW)).agg(first_known=rows["at"].min(), profile_updates=rows.count())
    return (
        seen,
        latest(rows, "locale", "locale"),
        latest(rows, "postcode_area", "postcode_area"),
        _consents(facts, known),
    )


def profile_moving(values: Any, now: Now) -> Mapping[str, Value]:
    """How long the customer is known."""
    return {"tenure_days": now.days_since(values.first_known)}


def _consents(facts: Facts, known: Known) -> ir.Table:
    """Return the purposes whose latest word is yes."""
    words = known.rows(facts.consents)
    order = struct({"occurred_at": words.occurred_at, "event_id": words.event_id})
    latest_words = words.group_by([*ROW, "purpose"]).agg(granted=words.granted.argmax(order))
    granted = latest_words.filter(latest_words.granted)
    return granted.group_by(list(ROW)).agg(consented_purposes=granted.purpose.collect().sort())

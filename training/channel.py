"""Training the channel model: what was read up to one moment foretells what is read up to a later one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

import altair
import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from activity_log.errors import NotEnoughDataError
from models.channel import CHANNELS, ChannelModel, Messages, cohorts_of, messages_of
from training.plots import OTHERS, OURS, WIDTH
from training.report import Figure, Gain, Limit, Report
from training.resampling import Statistic, interval
from training.slices import EVERYBODY, Mask, slices_of

Floats = npt.NDArray[np.float64]

MOMENT = "event_timestamp"
MODEL, CHAMPION, COHORT_RATE, SHRUNK_RATE = "channel", "champion", "cohort_rate", "shrunk_rate"
JUDGED_BY = "read_log_loss"
MOST_OFF = 0.1
"""How far the share of messages expected to be read may be from the share that was."""


class ChannelSpec(BaseModel):
    """The settings of a channel training.

    horizon_days: what is read so long after a moment is foretold. strength: of so many messages' weight is the cohort
    in the simple rule that shrinks each channel's reading rate. step_days: between the moments.
    """

    model_config = ConfigDict(frozen=True)

    horizon_days: int = Field(default=365, ge=30, le=1_500)
    step_days: int = Field(default=61, ge=7)
    least_messages: int = Field(default=200, ge=20)
    strength: float = Field(default=4.0, gt=0)
    seed: int = 7


@dataclass(frozen=True)
class TrainedChannel:
    """The model fitted on everything known, and how well its like foretold what is read."""

    artefact: ChannelModel
    report: Report
    params: Mapping[str, Any]
    charts: Mapping[str, altair.Chart]


class _Span(NamedTuple):
    """Customers at a moment, (customers,), and what was sent and read between it and a later one."""

    rows: pd.DataFrame
    after: Messages
    until: pd.Timestamp


def train_channel(
    rows: pd.DataFrame, spec: ChannelSpec, champion: ChannelSpec | None = None
) -> TrainedChannel:
    """Learn from what was read before, measure on what was read since, then learn from everything.

    rows: customer_id, event_timestamp and models.channel.FEATURES, of customers at two or more moments; the newest
    and the one about a horizon before it are measured on. champion: a recipe to be fitted to the same past, as a
    rival. Raises NotEnoughDataError.
    """
    moments = sorted(rows[MOMENT].unique())
    test = _span(rows, moments, spec)
    if test is None:
        raise NotEnoughDataError(
            f"channel: fewer than {spec.least_messages} messages were sent between two moments of the log"
        )
    before = [one for one in moments if one <= test.rows[MOMENT].max()]
    sending_tells, why = _sending_tells(rows, before, spec)
    rates = {
        MODEL: _foretold(test.rows, sending_tells=sending_tells),
        SHRUNK_RATE: _shrunk(test.rows, spec),
        COHORT_RATE: _of_cohort(test.rows),
    }
    if champion is not None:
        its_tells, _ = _sending_tells(rows, before, champion)
        rates[CHAMPION] = _foretold(test.rows, sending_tells=its_tells)
    newest = rows[rows[MOMENT] == moments[-1]]
    model = ChannelModel.fit(messages_of(newest), cohorts_of(newest), sending_tells=sending_tells)
    params = spec.model_dump() | {"sending_tells": sending_tells, "why": why, "elsewhere": model.elsewhere}
    report = _report(test, rates, spec)
    return TrainedChannel(model, report, params, {"rates.png": _chart(test, rates)})


def _span(rows: pd.DataFrame, moments: list[pd.Timestamp], spec: ChannelSpec) -> _Span | None:
    """Return the span that ends with the last of the moments, as near to a horizon long as they allow."""
    if len(moments) < 2:
        return None
    until = moments[-1]
    since = min(moments[:-1], key=lambda one: abs((until - one) - timedelta(days=spec.horizon_days)))
    before, after = (rows[rows[MOMENT] == one].set_index("customer_id", drop=False) for one in (since, until))
    both = before.loc[before.index.intersection(after.index)]
    then, now = messages_of(both), messages_of(after.loc[both.index])
    sent = np.maximum(now.sent - then.sent, 0.0)
    read = np.clip(now.read - then.read, 0.0, sent)
    if sent.sum() < spec.least_messages or not 0 < read.sum() < sent.sum():
        return None
    return _Span(both, Messages(sent, read), until)


def _sending_tells(rows: pd.DataFrame, moments: list[pd.Timestamp], spec: ChannelSpec) -> tuple[bool, str]:
    """Return whether reading is foretold better if the choice of channels counts, judged before the test."""
    span = _span(rows, moments, spec)
    if span is None:
        return False, "the past is too short to tell whether the choice of channels says anything"
    losses = {
        tells: _losses(_foretold(span.rows, sending_tells=tells), span.after) for tells in (False, True)
    }
    low, high = interval(
        _per_message(losses[False] - losses[True], span.after), span.rows["customer_id"], spec.seed
    )
    if low > 0:
        return True, f"reading is foretold better by {low:.4f} to {high:.4f} if the choice of channels counts"
    return False, "the choice of channels does not foretell reading"


def _foretold(rows: pd.DataFrame, *, sending_tells: bool) -> Floats:
    messages, cohorts = messages_of(rows), cohorts_of(rows)
    return (
        ChannelModel.fit(messages, cohorts, sending_tells=sending_tells).preference(messages, cohorts).rates
    )


def _of_cohort(rows: pd.DataFrame) -> Floats:
    """Return each channel's reading rate among all who share the cohort, a message read and one not beside it."""
    messages, cohorts = messages_of(rows), np.array(cohorts_of(rows), object)
    rates = np.empty_like(messages.sent)
    for name in set(cohorts):
        inside = cohorts == name
        rates[inside] = (messages.read[inside].sum(axis=0) + 1) / (messages.sent[inside].sum(axis=0) + 2)
    return rates


def _shrunk(rows: pd.DataFrame, spec: ChannelSpec) -> Floats:
    """Return each customer's reading rates, shrunk to the cohort's (empirical Bayes: Efron and Morris 1975)."""
    messages = messages_of(rows)
    return np.asarray(
        (messages.read + spec.strength * _of_cohort(rows)) / (messages.sent + spec.strength), np.float64
    )


def _losses(rates: Floats, after: Messages) -> Floats:
    """Return the log loss of all messages of each customer, (customers,)."""
    sure = np.clip(rates, 1e-6, 1 - 1e-6)
    return np.asarray(
        -(after.read * np.log(sure) + (after.sent - after.read) * np.log(1 - sure)).sum(axis=1), np.float64
    )


def _per_message(values: Floats, after: Messages) -> Statistic:
    sent = after.sent.sum(axis=1)
    return lambda weights: float(weights @ values / (weights @ sent)) if weights @ sent else float("nan")


def _report(test: _Span, rates: Mapping[str, Floats], spec: ChannelSpec) -> Report:
    losses = {name: _losses(one, test.after) for name, one in rates.items()}
    slices = {of: mask for of, mask in slices_of(test.rows).items() if test.after.sent[mask].any()}
    rivals = [name for name in losses if name != MODEL]
    measured = [(name, of) for name in losses for of in slices if name == MODEL or of == EVERYBODY]
    off = float(abs((rates[MODEL] * test.after.sent).sum() - test.after.read.sum()) / test.after.sent.sum())
    return Report(
        task="channel",
        model=MODEL,
        judged_by=JUDGED_BY,
        test_from=test.rows[MOMENT].max(),
        test_until=test.until,
        baseline=SHRUNK_RATE,
        champion=CHAMPION if CHAMPION in rates else None,
        figures=tuple(
            Figure(model=name, metric=JUDGED_BY, slice=of, **_bounded(losses[name], test, slices[of], spec))
            for name, of in measured
        ),
        gains=tuple(
            Gain(
                rival=name,
                metric=JUDGED_BY,
                slice=of,
                **_bounded(losses[name] - losses[MODEL], test, mask, spec),
            )
            for name in rivals
            for of, mask in slices.items()
        ),
        limits=(Limit(metric="read_share_off", value=off, at_most=MOST_OFF),),
    )


def _bounded(values: Floats, test: _Span, mask: Mask, spec: ChannelSpec) -> dict[str, Any]:
    """Return what customers' values of a slice come to per message, with its interval."""
    after = Messages(test.after.sent[mask], test.after.read[mask])
    statistic = _per_message(values[mask], after)
    low, high = interval(statistic, test.rows["customer_id"][mask], spec.seed)
    value = statistic(np.ones(int(mask.sum())))
    return {"value": value, "low": low, "high": high, "customers": int(mask.sum())}


def _chart(test: _Span, rates: Mapping[str, Floats]) -> altair.Chart:
    """Draw per channel that something was sent on the share of messages expected to be read, and the share read."""
    sent = test.after.sent.sum(axis=0)
    totals = {
        "expected": (rates[MODEL] * test.after.sent).sum(axis=0),
        "read": test.after.read.sum(axis=0),
    }
    frame = pd.DataFrame(
        {"channel": f"{channel} ({sent[place]:,.0f})", "what": what, "share": values[place] / sent[place]}
        for what, values in totals.items()
        for place, channel in enumerate(CHANNELS)
        if sent[place]
    )
    scale = altair.Scale(domain=list(totals), range=[OURS, OTHERS])
    return (
        altair.Chart(frame)
        .mark_bar()
        .encode(
            x=altair.X("share", axis=altair.Axis(format="%"), title="share of messages read"),
            y=altair.Y("channel", title=None),
            yOffset=altair.YOffset("what", sort=list(totals)),
            color=altair.Color("what", title=None, scale=scale),
        )
        .properties(width=WIDTH, title=f"What was expected and what was read, of {sent.sum():,.0f} messages")
    )

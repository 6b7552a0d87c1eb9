"""On which channel to reach a customer: a mixture of customers with a favourite channel each, shrunk to their cohort.

A latent class model (Lazarsfeld and Henry 1968, Latent Structure Analysis), fitted by expectation maximisation
(Dempster, Laird and Rubin 1977). Whoever favours a channel reads what comes there at a rate of their own, and on
other channels only a part of that. What was sent may tell too: dispatchers write to people where they answer. How
much either tells is learned from the operator's messages; without messages, all that is left is what the cohort does.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, get_args

import numpy as np
import numpy.typing as npt

from activity_log.contracts.fields import Channel

Floats = npt.NDArray[np.float64]
Purpose = Literal["any", "campaign", "transactional"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

CHANNELS: tuple[str, ...] = get_args(Channel)
COHORT = "locale"
FEATURES = (
    COHORT,
    *(
        f"{what}_{channel}"
        for what in ("messages_delivered", "messages_read", "campaigns_delivered", "campaigns_read")
        for channel in CHANNELS
    ),
)
"""The features the model reads."""

RATES = np.array([0.04, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9])
"""Reading rates on the favourite channel that customers are told apart by."""

OTHER_PURPOSE = 0.5
"""How much a message of the other purpose tells, per message of the purpose asked for."""

_ROUNDS = 60
_COHORT_STRENGTH = 50.0
_LEAST = 1e-3
_FILE = "channel.json"


class Messages(NamedTuple):
    """What was delivered, and how much of it read, (customers, channels) each; read never exceeds sent."""

    sent: Floats
    read: Floats


class Preference(NamedTuple):
    """favourite: the chance (0-1) that a channel is the customer's own; rates: expected reading rate on each."""

    favourite: Floats
    rates: Floats


@dataclass(frozen=True)
class ChannelModel:
    """What is known of an operator's customers in general.

    cohorts: share of each favourite channel (channels,), by cohort; "" is everybody. levels: share of each of RATES.
    elsewhere: how much of their reading people keep on other channels. aimed: share of messages that were sent to the
    favourite on purpose; 0: sending tells nothing. usual: how all others are spread over the channels (channels,).
    """

    cohorts: Mapping[str, tuple[float, ...]]
    levels: tuple[float, ...]
    elsewhere: float
    aimed: float
    usual: tuple[float, ...]

    @classmethod
    def fit(cls, messages: Messages, cohorts: Sequence[str], *, sending_tells: bool) -> Self:
        """Fit to customers. sending_tells: whether the choice of the channel may say something of the customer."""
        n = len(CHANNELS)
        usual = (messages.sent.sum(axis=0) + 1) / (messages.sent.sum() + n)
        model = cls(
            {"": (1 / n,) * n},
            (1 / len(RATES),) * len(RATES),
            0.5,
            0.3 if sending_tells else 0.0,
            tuple(usual),
        )
        written_to = messages.sent.sum(axis=1) > 0
        seen = Messages(messages.sent[written_to], messages.read[written_to])
        groups = np.asarray(cohorts, object)[written_to]
        for _ in range(_ROUNDS if len(groups) else 0):
            model = model._improved(seen, groups)
        return model

    def preference(self, messages: Messages, cohorts: Sequence[str]) -> Preference:
        """Return what each customer prefers, (customers, channels); a cohort never met is everybody's."""
        joint = self._posterior(messages, cohorts)
        favourite = joint.sum(axis=2)
        own = joint @ RATES
        rates = own + self.elsewhere * (own.sum(axis=1, keepdims=True) - own)
        return Preference(favourite, rates)

    def save(self, directory: Path) -> None:
        """Write all parameters as JSON."""
        (directory / _FILE).write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read what `save` wrote."""
        kept = json.loads((directory / _FILE).read_text())
        cohorts = {name: tuple(shares) for name, shares in kept["cohorts"].items()}
        return cls(cohorts, tuple(kept["levels"]), kept["elsewhere"], kept["aimed"], tuple(kept["usual"]))

    def _posterior(self, messages: Messages, cohorts: Sequence[str]) -> Floats:
        """Return the chance of each favourite and level, (customers, channels, levels); sums to 1 per customer."""
        sent, read = messages
        rates = np.stack([RATES, RATES * self.elsewhere])
        hit, miss = np.log(rates), np.log1p(-rates)
        own, other = (
            read[:, :, None] * hit[place] + (sent - read)[:, :, None] * miss[place] for place in (0, 1)
        )
        reading = own + other.sum(axis=1, keepdims=True) - other
        logs = reading + self._sending(sent)[:, :, None] + np.log(self._shares(cohorts))[:, :, None]
        logs = logs + np.log(np.maximum(self.levels, 1e-12))
        logs -= logs.max(axis=(1, 2), keepdims=True)
        joint = np.exp(logs)
        return np.asarray(joint / joint.sum(axis=(1, 2), keepdims=True), np.float64)

    def _sending(self, sent: Floats) -> Floats:
        """Return what the choice of channels says for each favourite, as logarithms (customers, channels)."""
        usual = np.array(self.usual)
        return np.asarray(sent * np.log((self.aimed + (1 - self.aimed) * usual) / usual)
            + (sent.sum(axis=1, keepdims=True) - sent) * np.log(1 - self.aimed), np.float64)  # fmt: skip

    def _shares(self, cohorts: Sequence[str]) -> Floats:
        everybody = self.cohorts[""]
        return np.array([self.cohorts.get(name, everybody) for name in cohorts]).reshape(-1, len(CHANNELS))

    def _improved(self, seen: Messages, groups: npt.NDArray[np.object_]) -> Self:
        """Take one step of expectation maximisation."""
        joint = self._posterior(seen, groups.tolist())
        favourite, read_at = joint.sum(axis=2), joint @ RATES
        own_sent, all_sent = (favourite * seen.sent).sum(axis=0), seen.sent.sum(axis=0)
        off_read = float((favourite * (seen.read.sum(axis=1, keepdims=True) - seen.read)).sum())
        off_due = float((read_at * (seen.sent.sum(axis=1, keepdims=True) - seen.sent)).sum())
        usual = np.array(self.usual)
        on_purpose = own_sent * self.aimed / (self.aimed + (1 - self.aimed) * usual)
        by_chance = all_sent - on_purpose + 1
        return replace(
            self,
            cohorts=_cohorts(favourite, groups),
            levels=tuple((joint.sum(axis=(0, 1)) + 1) / (len(joint) + len(RATES))),
            elsewhere=float(np.clip((off_read + 1) / (off_due + 1), _LEAST, 1.0)),
            aimed=float(np.clip(on_purpose.sum() / max(all_sent.sum(), 1.0), 0.0, 1 - _LEAST)),
            usual=tuple(by_chance / by_chance.sum()),
        )


def messages_of(columns: Mapping[str, Any], purpose: Purpose = "any") -> Messages:
    """Read the counts of feature columns (each a sequence of customers; null is none).

    For a purpose, messages of the other count OTHER_PURPOSE: habits differ little between the two.
    """
    everything, campaigns = (_counted(columns, kind) for kind in ("messages", "campaigns"))
    others = Messages(everything.sent - campaigns.sent, everything.read - campaigns.read)
    if purpose == "any":
        return Messages(everything.sent, np.minimum(everything.read, everything.sent))
    asked, less = (campaigns, others) if purpose == "campaign" else (others, campaigns)
    sent, read = (
        np.maximum(one + OTHER_PURPOSE * other, 0.0) for one, other in zip(asked, less, strict=True)
    )
    return Messages(sent, np.minimum(read, sent))


def cohorts_of(columns: Mapping[str, Any]) -> list[str]:
    """Return the cohort of each customer, "" where none is known."""
    return [name if isinstance(name, str) else "" for name in columns[COHORT]]


def _counted(columns: Mapping[str, Any], kind: str) -> Messages:
    sent, read = (
        np.nan_to_num(np.array([list(columns[f"{kind}_{what}_{one}"]) for one in CHANNELS], np.float64).T)
        for what in ("delivered", "read")
    )
    return Messages(sent, read)


def _cohorts(favourite: Floats, groups: npt.NDArray[np.object_]) -> dict[str, tuple[float, ...]]:
    """Return the shares of each cohort, drawn towards everybody's by _COHORT_STRENGTH customers."""
    n = len(CHANNELS)
    everybody = (favourite.sum(axis=0) + 1) / (len(favourite) + n)
    shares = {"": tuple(everybody)}
    for name in sorted(set(groups) - {""}):
        inside = favourite[groups == name]
        drawn = (inside.sum(axis=0) + _COHORT_STRENGTH * everybody) / (len(inside) + _COHORT_STRENGTH)
        shares[name] = tuple(drawn)
    return shares

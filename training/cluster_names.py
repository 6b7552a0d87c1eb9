"""Names for learned clusters, in German and English, from what sets each apart from the others."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

APART = 0.4
"""How far (in scaled units) a centre must lie from the middle of everybody for a feature to be worth a word."""

MOST_WORDS = 4


class Words(NamedTuple):
    """What people say of customers with much of a feature, and with little."""

    much_de: str
    much_en: str
    little_de: str
    little_en: str


WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "total_bookings": Words("bucht oft", "books often", "bucht selten", "books rarely"),
        "average_booking_value": Words(
            "hoher Buchungswert", "high booking value", "kleiner Buchungswert", "low booking value"
        ),
        "average_party_size": Words(
            "bucht für Gruppen", "books for groups", "bucht für wenige", "books for few"
        ),
        "average_booking_lead_time": Words("bucht früh", "books early", "bucht kurzfristig", "books late"),
        "days_since_last_booking": Words(
            "seit langem nicht gebucht", "long absent", "kürzlich gebucht", "booked lately"
        ),
        "average_nights": Words("ausgedehnte Reisen", "long trips", "Kurzreisen", "short trips"),
        "repeat_propensity": Words("reist gern wieder dorthin", "returns", "sucht Neues", "seeks the new"),
        "total_trips": Words("reist oft", "travels often", "reist selten", "travels rarely"),
        "read_rate": Words("liest Nachrichten", "reads messages", "liest kaum", "hardly reads"),
        "onboard_spend": Words(
            "kauft an Bord", "buys on board", "kauft nicht an Bord", "buys nothing on board"
        ),
        "tenure_days": Words("langjährig", "long known", "noch neu", "still new"),
    }
)
"""For every feature that clusters are made of."""

AVERAGE = ("Mittelfeld", "Middle of the field")


class ClusterName(NamedTuple):
    """A name in two languages; key: the English one as an id."""

    key: str
    de: str
    en: str


def cluster_names(features: Sequence[str], centres: npt.NDArray[np.float64]) -> list[ClusterName]:
    """Name each of (k, features) centres by the two features it lies farthest out in, or more to tell two apart.

    centres: in scaled units, counted from the mean of all customers.
    """
    told = [_words(features, centre) for centre in centres]
    names: list[ClusterName] = []
    for place, words in enumerate(told):
        others = [other for at, other in enumerate(told) if at != place]
        names.append(_named(words, others, place))
    return names


def _words(features: Sequence[str], centre: npt.NDArray[np.float64]) -> list[tuple[str, str]]:
    order = np.argsort(-np.abs(centre), kind="stable")
    return [_word(features[at], centre[at]) for at in order if abs(centre[at]) >= APART][:MOST_WORDS]


def _word(feature: str, value: float) -> tuple[str, str]:
    words = WORDS[feature]
    return (words.much_de, words.much_en) if value > 0 else (words.little_de, words.little_en)


def _named(words: list[tuple[str, str]], others: list[list[tuple[str, str]]], place: int) -> ClusterName:
    for length in range(2, MOST_WORDS + 1):
        chosen = words[:length]
        if all(set(chosen) != set(other[:length]) for other in others):
            break
    else:
        chosen = [*words, (f"Gruppe {place + 1}", f"group {place + 1}")]
    chosen = chosen or [AVERAGE]
    german, english = (_sentence([word[at] for word in chosen]) for at in (0, 1))
    return ClusterName(_key(english), german, english)


def _sentence(words: list[str]) -> str:
    text = ", ".join(words)
    return text[0].upper() + text[1:]


def _key(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")

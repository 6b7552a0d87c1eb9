"""The model card as a page that a manager can read, in German and in English."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from models.card import ModelCard
from training.lifecycle.card_texts import TEXTS, Texts
from training.lifecycle.card_words import WORDS
from training.lifecycle.code_version import CodeVersion
from training.lifecycle.snapshot import Snapshot
from training.report import Figure, Gain, Report, names_of
from training.slices import EVERYBODY

Language = Literal["de", "en"]
LANGUAGES: tuple[Language, ...] = ("de", "en")
MANY_CUSTOMERS = 500
"""With fewer in the test the page says that the figures are rough."""


class Row(NamedTuple):
    """A model among the figures, and its figures in the order of the metrics."""

    name: str
    ours: bool
    figures: tuple[Figure | None, ...]


@dataclass(frozen=True)
class Comparison:
    """How the challenger fares against a rival: for everybody, and the slices furthest behind and ahead."""

    rival: str
    overall: Gain
    slices: tuple[Gain, ...]

    @property
    def behind(self) -> tuple[Gain, ...]:
        """The slices whose interval lies below zero."""
        return tuple(gain for gain in self.slices if gain.high < 0)


def page_name(language: Language) -> str:
    """Return the file of a card.

    >>> page_name("de")
    'model_card.de.html'
    """
    return f"model_card.{language}.html"


def pages(
    card: ModelCard, report: Report, snapshot: Snapshot, code: CodeVersion, charts: Mapping[str, bytes]
) -> dict[str, str]:
    """Return the page in each language, by file name. charts: PNGs by file name, put into the page."""
    pictures = {name: base64.b64encode(charts[name]).decode() for name in _in_order(charts)}
    return {
        page_name(language): _template().render(
            language=language,
            t=TEXTS[language],
            words=WORDS[language],
            card=card,
            report=report,
            snapshot=snapshot,
            code=code,
            metrics=_metrics(report),
            rows=_rows(report),
            comparisons=_comparisons(report),
            tested=_tested(report),
            few=MANY_CUSTOMERS,
            pictures=pictures,
            number=_number(TEXTS[language]),
        )
        for language in LANGUAGES
    }


def _in_order(charts: Mapping[str, bytes]) -> list[str]:
    """Return the pictures in the order in which their captions stand: the most telling first."""
    known = list(WORDS["en"].captions)
    return sorted(charts, key=lambda name: (known.index(name) if name in known else len(known), name))


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("training.lifecycle"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["in_words"] = lambda name, words: words.slice(name)
    return environment.get_template("model_card.html.j2")


def _metrics(report: Report) -> list[str]:
    """Return the metric that decides, then the others in the order met."""
    return list(dict.fromkeys([report.judged_by, *(one.metric for one in report.figures)]))


def _rows(report: Report) -> list[Row]:
    names = sorted(names_of(report.figures), key=lambda name: name != report.model)
    return [
        Row(name, name == report.model, tuple(report.figure(name, metric) for metric in _metrics(report)))
        for name in names
    ]


def _comparisons(report: Report) -> list[Comparison]:
    found = []
    for rival in dict.fromkeys(gain.rival for gain in report.gains):
        overall = report.gain(rival)
        if overall is not None:
            of_rival = [one for one in report.gains if one.rival == rival and one.metric == report.judged_by]
            slices = tuple(one for one in of_rival if one.slice != EVERYBODY)
            found.append(Comparison(rival, overall, slices))
    return found


def _tested(report: Report) -> int:
    """Return how many customers the figures rest on."""
    return max((one.customers for one in report.figures if one.model == report.model), default=0)


def _number(texts: Texts) -> Callable[..., str]:
    def number(value: float) -> str:
        digits = 3 if abs(value) < 10 else 1 if abs(value) < 100 else 0
        text = f"{value:,.{digits}f}"
        if texts.decimal == ",":
            return text.translate(str.maketrans(",.", ".,"))
        return text

    return number

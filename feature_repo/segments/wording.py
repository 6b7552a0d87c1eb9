"""A rule in words, in German and English, and what it makes of customers without a value."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from feature_repo.definitions import MONTH, SHARE
from feature_repo.segments.labels import COUNTED, Label, Language
from feature_repo.segments.rules import Rule
from feature_repo.segments.syntax import (
    All,
    AnyOf,
    Arithmetic,
    Between,
    Compare,
    Day,
    Flag,
    Has,
    Missing,
    Name,
    Not,
    Number,
    OneOf,
    Operator,
    Percentile,
    Share,
    StartsWith,
    Test,
    Text,
    TripsWith,
    Value,
)
from feature_repo.segments.vocabulary import VOCABULARY, Sort, Term

MONTHS = {
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
           "Dezember"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip
_RELATIONS = {
    "de": {"=": "genau {}", "!=": "nicht {}", "<": "weniger als {}", "<=": "höchstens {}", ">": "mehr als {}",
           ">=": "mindestens {}"},
    "en": {"=": "exactly {}", "!=": "other than {}", "<": "less than {}", "<=": "at most {}", ">": "more than {}",
           ">=": "at least {}"},
}  # fmt: skip
_UNITS = {
    "days": Label("Tage", "days"),
    "weeks": Label("Wochen", "weeks"),
    "months": Label("Monate", "months"),
    "years": Label("Jahre", "years"),
    "hours": Label("Stunden", "hours"),
    "minutes": Label("Minuten", "minutes"),
    "nights": Label("Nächte", "nights"),
    "seats": Label("Plätze", "seats"),
}
_MIRRORED: dict[Operator, Operator] = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
_SIGNS = {"+": "+", "-": "−", "*": "×", "/": "÷"}


def in_words(rule: Rule, language: Language) -> str:
    """Return what a rule says as one sentence without its full stop."""
    return _Words(language).test(rule.test)


def remarks(rule: Rule, language: Language) -> tuple[str, ...]:
    """Return one sentence for each name a value of which may be missing: what that means, and what is made of it."""
    terms = [VOCABULARY[name] for name in rule.names if name in VOCABULARY]
    asked = {node.value.name for node in _missing_tests(rule.test) if isinstance(node.value, Name)}
    in_trips = {f"{node.kind}_ids" for node in rule.trips}
    return tuple(
        _remark(term, language)
        for term in terms
        if term.feature.null and term.name not in asked and term.name not in in_trips
    )


def _remark(term: Term, language: Language) -> str:
    label, null = term.label.in_language(language), term.null_in(language)
    if language == "de":
        return f"Ohne Wert ({null}) ist keine Bedingung zu „{label}“ erfüllt."
    return f"Without a value ({null}) no condition on “{label}” holds."


def _missing_tests(test: Test) -> Iterator[Missing]:
    match test:
        case All(tests) | AnyOf(tests):
            for one in tests:
                yield from _missing_tests(one)
        case Not(inner):
            yield from _missing_tests(inner)
        case Missing():
            yield test


class _Words:
    def __init__(self, language: Language):
        self._language = language

    def test(self, test: Test, *, inside: bool = False) -> str:
        match test:
            case All(tests):
                return self._joined(tests, self._say(" und ", " and "), inside)
            case AnyOf(tests):
                return self._joined(tests, self._say(" oder ", " or "), inside)
            case Not(Flag(name)):
                return f"{self.value(name)}: {self._say('nein', 'no')}"
            case Not(inner):
                return f"{self._say('nicht', 'not')} ({self.test(inner)})"
        return self._single(test)

    def _single(self, test: Test) -> str:
        match test:
            case Flag(name):
                return f"{self.value(name)}: {self._say('ja', 'yes')}"
            case Compare():
                return self._compare(test)
            case Between(value, low, high):
                to = self._say("{} bis {}", "from {} to {}")
                return f"{self.value(value)}: {to.format(self.value(low, value), self.value(high, value))}"
            case OneOf(value, choices, negated):
                listed = self._either(self.value(choice, value) for choice in choices)
                return f"{self.value(value)}: {self._say('nicht ', 'not ') if negated else ''}{listed}"
            case StartsWith(value, text):
                return f"{self.value(value)}: {self._say('beginnt mit', 'begins with')} {self._quoted(text)}"
            case Has(value, texts, every):
                quoted = [self._quoted(text) for text in texts]
                joined = self._both(quoted) if every else self._either(quoted)
                return f"{self.value(value)}: {self._say('darunter', 'among them')} {joined}"
            case Missing(value, negated):
                known = self._say("bekannt", "known") if negated else self._say("fehlt", "missing")
                return f"{self.value(value)}: {known}"
            case Share():
                return self._share(test)
        raise TypeError(f"{type(test).__name__} is no test")

    def _joined(self, tests: tuple[Test, ...], word: str, inside: bool) -> str:
        text = word.join(self.test(one, inside=True) for one in tests)
        return f"({text})" if inside else text

    def _compare(self, test: Compare) -> str:
        left, right, operator = test.left, test.right, test.operator
        if isinstance(left, Number | Text | Day) and not isinstance(right, Number | Text | Day):
            left, right, operator = right, left, _MIRRORED[operator]
        subject, value = self.value(left), self.value(right, left)
        if isinstance(right, Day):
            when = (
                self._say("vor dem {}", "before {}")
                if operator == "<"
                else self._say("ab dem {}", "since {}")
            )
            return f"{subject}: {when.format(value)}"
        if isinstance(right, Text) and operator == "=":
            return f"{subject}: {value}"
        return f"{subject}: {_RELATIONS[self._language][operator].format(value)}"

    def _share(self, test: Share) -> str:
        percent = self._number(test.percent)
        side = self._say("obersten", "top") if test.top else self._say("untersten", "bottom")
        if test.among is None:
            everybody = self._say("aller Kunden mit einem Wert", "of all customers with a value")
        else:
            everybody = f"{self._say('derer mit', 'of those with')} ({self.test(test.among)})"
        return f"{self.value(test.value)}: {self._say('unter den', 'in the')} {side} {percent} % {everybody}"

    def value(self, value: Value, beside: Value | None = None) -> str:
        """Say a value; a number as one of what it stands beside."""
        match value:
            case Number():
                return self._amount(value, beside)
            case Text(text):
                return self._quoted(text)
            case Day(day):
                return self._day(day)
            case Name(name):
                return VOCABULARY[name].label.in_language(self._language)
            case TripsWith(kind, values):
                named = self._either(self._quoted(one) for one in values)
                return f"{COUNTED[kind].in_language(self._language)} {named}"
            case Percentile(percent, of):
                what = self._say("{}. Perzentil von {}", "percentile {} of {}")
                return what.format(self._number(percent), self.value(of))
            case Arithmetic(sign, left, right):
                return f"({self.value(left)} {_SIGNS[sign]} {self.value(right)})"

    def _amount(self, number: Number, beside: Value | None) -> str:
        term = VOCABULARY[beside.name] if isinstance(beside, Name) else None
        if number.unit == "%":
            return f"{self._number(number.value)} %"
        if number.unit:
            return f"{self._number(number.value)} {self._unit(number.unit)}"
        if term is None or term.sort is not Sort.NUMBER:
            return self._number(number.value)
        unit = term.feature.unit.name
        if unit == MONTH.name and term.name.startswith("usual") and number.value in range(1, 13):
            return MONTHS[self._language][int(number.value) - 1]
        if unit == SHARE.name:
            return f"{self._number(number.value * 100)} %"
        return f"{self._number(number.value)} {self._unit(unit)}".rstrip()

    def _unit(self, unit: str) -> str:
        return _UNITS[unit].in_language(self._language) if unit in _UNITS else ""

    def _number(self, number: Decimal) -> str:
        text = f"{number.normalize():,f}"
        return text if self._language == "en" else text.translate(str.maketrans(",.", ".,"))

    def _day(self, day: date) -> str:
        if self._language == "de":
            return f"{day.day}. {MONTHS['de'][day.month - 1]} {day.year}"
        return f"{day.day} {MONTHS['en'][day.month - 1]} {day.year}"

    def _quoted(self, text: str) -> str:
        return self._say(f"„{text}“", f"“{text}”")

    def _either(self, parts: Iterator[str] | list[str]) -> str:
        return self._listed(list(parts), self._say(" oder ", " or "))

    def _both(self, parts: list[str]) -> str:
        return self._listed(parts, self._say(" und ", " and "))

    @staticmethod
    def _listed(parts: list[str], word: str) -> str:
        return word.join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)

    def _say(self, german: str, english: str) -> str:
        return german if self._language == "de" else english

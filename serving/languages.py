"""German and English: which one a caller wants, and how numbers and dates read in it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Language = Literal["de", "en"]

NBSP = "\N{NO-BREAK SPACE}"
SYMBOLS = {"EUR": "€", "GBP": "£"}

MONTHS: dict[Language, tuple[str, ...]] = {
    "de": (
        "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
        "November", "Dezember",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ),
}  # fmt: skip


def language_of(accept_language: str | None) -> Language:
    """Return the first of our languages in an Accept-Language header; German without one."""
    for entry in (accept_language or "").split(","):
        code = entry.split(";")[0].strip().lower()[:2]
        if code in ("de", "en"):
            return "en" if code == "en" else "de"
    return "de"


def spelled_id(identifier: str) -> str:
    """Return an id that is made of words as one would write them: lueneburger-heide, Lueneburger Heide."""
    return identifier.replace("-", " ").replace("_", " ").title()


def spelled_date(day: date | datetime, language: Language) -> str:
    """Return a date as people write it: 31.05.2026, 31 May 2026."""
    if language == "de":
        return f"{day.day:02d}.{day.month:02d}.{day.year}"
    return f"{day.day} {MONTHS['en'][day.month - 1]} {day.year}"


def spelled_number(value: float, language: Language, digits: int = 0) -> str:
    """Return a number with the language's separators: 1.234,5 or 1,234.5."""
    text = f"{value:,.{digits}f}"
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def spelled_money(value: float | Decimal, currency: str | None, language: Language, digits: int = 0) -> str:
    """Return an amount of money; currencies without a symbol here keep their code, none has none.

    >>> spelled_money(Decimal("1234.5"), "EUR", "en", 2), spelled_money(99, "CHF", "en").replace(NBSP, " ")
    ('€1,234.50', 'CHF 99')
    """
    number, symbol = spelled_number(float(value), language, digits), SYMBOLS.get(currency or "")
    if currency is None:
        return number
    if language == "de":
        return f"{number}{NBSP}{symbol or currency}"
    return f"{symbol}{number}" if symbol else f"{currency}{NBSP}{number}"


def spelled_months(days: float, language: Language) -> str:
    """Return a span of days the way one says it on the phone: "12 Tagen", "14 Monaten" (dative in German)."""
    if days < 60:
        count, units = round(days), {"de": ("Tag", "Tagen"), "en": ("day", "days")}
    else:
        count, units = round(days / 30.44), {"de": ("Monat", "Monaten"), "en": ("month", "months")}
    return f"{count} {units[language][0 if count == 1 else 1]}"

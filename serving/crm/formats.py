"""Dates, numbers and money as people of the language write them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from serving.crm.texts import Plural, Texts
from serving.languages import MONTHS, NBSP, Language, spelled_number

OPERATORS_ZONE = ZoneInfo("Europe/Berlin")
"""Moments are stored in UTC and shown in the time zone of the operators' offices."""

DAYS_PER_MONTH = 30.44
LONGEST_IN_DAYS = 60


def percent_text(share: float, language: Language) -> str:
    """Write a share between 0 and 1 as a whole percentage.

    >>> percent_text(0.724, "en")
    '72%'
    """
    return f"{round(share * 100)}{NBSP}%" if language == "de" else f"{round(share * 100)}%"


def office_day(moment: datetime) -> date:
    """Return the day an aware moment was at the operators' offices."""
    return moment.astimezone(OPERATORS_ZONE).date()


def date_text(value: date, texts: Texts) -> str:
    """Write a day; an aware moment becomes the day it was at the operators' offices."""
    day = office_day(value) if isinstance(value, datetime) else value
    if texts.language == "de":
        return f"{day:%d.%m.%Y}"
    return f"{day.day} {MONTHS[texts.language][day.month - 1][:3]} {day.year}"


def counted(phrase: Plural, count: float, texts: Texts) -> str:
    """Fill a counting phrase, in the singular for exactly one."""
    decimals = 0 if float(count).is_integer() else 1
    chosen = phrase.one if count == 1 else phrase.other
    return chosen.format(n=spelled_number(count, texts.language, decimals))


def duration_text(days: float, texts: Texts) -> str:
    """Write a duration in days, or in months where days say little."""
    if days <= LONGEST_IN_DAYS:
        return counted(texts.days, round(days), texts)
    return counted(texts.months, round(days / DAYS_PER_MONTH), texts)

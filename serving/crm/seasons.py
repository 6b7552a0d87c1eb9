"""Bookings by year and season of travel: what the plots and the table beside them show."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

from serving.crm.records import BookingRecord

Season = Literal["winter", "spring", "summer", "autumn"]
SEASONS: tuple[Season, ...] = get_args(Season)
MOST_YEARS = 12


class SeasonNames(NamedTuple):
    """What the seasons are called, in the order of SEASONS."""

    winter: str
    spring: str
    summer: str
    autumn: str


@dataclass(frozen=True)
class TravelYear:
    """A year of travel: bookings by season, in the order of SEASONS, and what the customer paid for their own."""

    year: int
    bookings: tuple[int, ...]
    spend: Decimal


@dataclass(frozen=True)
class TravelYears:
    """The last MOST_YEARS years without a gap, oldest first. currency: of the spend; null: nothing was spent."""

    years: tuple[TravelYear, ...]
    currency: str | None


def travel_years(bookings: Iterable[BookingRecord]) -> TravelYears:
    """Count bookings that were not cancelled by the date of departure; December belongs to the winter of its year.

    Who only travels along pays nothing. Of several currencies only the commonest is added up.
    """
    kept = [one for one in bookings if one.state != "cancelled"]
    currency = _commonest([one.currency for one in kept if one.is_own])
    counts: defaultdict[int, Counter[Season]] = defaultdict(Counter)
    spend: defaultdict[int, Decimal] = defaultdict(Decimal)
    for one in kept:
        counts[one.departs_on.year][season_of(one.departs_on.month)] += 1
        if one.is_own and one.currency == currency:
            spend[one.departs_on.year] += one.amount
    years = range(min(counts), max(counts) + 1) if counts else range(0)
    told = (
        TravelYear(year, tuple(counts[year][season] for season in SEASONS), spend[year]) for year in years
    )
    return TravelYears(tuple(told)[-MOST_YEARS:], currency)


def season_of(month: int) -> Season:
    """Return the meteorological season of a month.

    >>> season_of(12), season_of(3), season_of(8), season_of(11)
    ('winter', 'spring', 'summer', 'autumn')
    """
    return SEASONS[month % 12 // 3]


def _commonest(currencies: Sequence[str]) -> str | None:
    return Counter(currencies).most_common(1)[0][0] if currencies else None

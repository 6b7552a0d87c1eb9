"""Which column of a table means what, and how its values are written."""

import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict

from activity_log.errors import WrongUseError


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise WrongUseError(
            f"timezone '{name}' is unknown: use a name like 'Europe/Berlin' or 'UTC'"
        ) from error
    return name


def _valid_regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise WrongUseError(f"item_pattern '{pattern}' is no regular expression: {error}") from error
    return pattern


def _known_currency(code: str) -> str:
    if not re.fullmatch("[A-Z]{3}", code):
        raise WrongUseError(f"currency '{code}' is no currency code: use three capitals, like EUR")
    return code


def _one_sign(separator: str) -> str:
    if len(separator) != 1 or not separator.isascii():
        raise WrongUseError(f"csv_separator '{separator}': use one sign, like ',' or ';'")
    return separator


def _decimal_sign(sign: str) -> str:
    if sign not in {".", ","}:
        raise WrongUseError(f"csv_decimal '{sign}': use '.' or ','")
    return sign


class TableSpec(BaseModel):
    """The columns of a table of transactions, one row per item of a booking.

    customer, booking, item, time, amount: columns every table has. quantity: pieces (without it a row counts
    as one piece). description: names the items. departure_date: when the trip starts (without it, or where it
    is empty, the day of the booking). family: ties the items of several seasons together.

    timezone: zone of times without offset, and of the day of the booking. time_format: how times are written, as
    in `%d.%m.%Y %H:%M`, where it is not ISO 8601; date_format: the same for departure dates.
    cancellation_prefix: how the booking id of a cancellation row starts. item_pattern: a regular expression all
    of an item id has to match; others are odd codes (postage, manual corrections).

    Raises WrongUseError naming the field whose value does not do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    customer: str = "customer_id"
    booking: str = "booking_id"
    item: str = "item_id"
    time: str = "timestamp"
    amount: str = "amount"
    quantity: str | None = None
    description: str | None = None
    departure_date: str | None = None
    family: str | None = None

    currency: Annotated[str, AfterValidator(_known_currency)] = "EUR"
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "UTC"
    time_format: str | None = None
    date_format: str | None = None
    cancellation_prefix: str | None = None
    item_pattern: Annotated[str, AfterValidator(_valid_regex)] | None = None
    region: str = "-"
    theme: str = "-"
    csv_separator: Annotated[str, AfterValidator(_one_sign)] = ","
    csv_decimal: Annotated[str, AfterValidator(_decimal_sign)] = "."

    @property
    def columns(self) -> dict[str, str]:
        """The columns in use: the name of the field here to the name in the table."""
        names = {
            "customer": self.customer,
            "booking": self.booking,
            "item": self.item,
            "time": self.time,
            "amount": self.amount,
            "quantity": self.quantity,
            "description": self.description,
            "departure_date": self.departure_date,
            "family": self.family,
        }
        return {field: name for field, name in names.items() if name is not None}

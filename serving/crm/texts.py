"""The words of the CRM screen. One `Texts` per language; a missing one is a type error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from serving.languages import Language


class Plural(NamedTuple):
    """A phrase that counts. `{n}` stands for the number."""

    one: str
    other: str


@dataclass(frozen=True)
class Texts:
    """Every phrase the pages use. Braces name what is filled in."""

    language: Language
    other_language: Language
    other_language_name: str

    app: str
    skip: str
    sign_out: str

    sign_in_title: str
    sign_in_lead: str
    sign_in_key: str
    sign_in_button: str
    sign_in_help: str
    sign_in_working: str
    key_refused: str
    key_wrong_role: str
    unreachable: str
    foreign_request: str

    search_title: str
    search_label: str
    search_placeholder: str
    search_button: str
    search_keys: str
    hits: Plural
    no_hits: str
    no_hits_hint: str

    slipping_title: str
    slipping_lead: str
    slipping_empty: str
    slipping_no_model: str
    customer: str
    risk: str
    revenue: str
    last_booking: str
    never: str

    not_found_title: str
    not_found_lead: str
    failed_title: str
    failed_lead: str

    no_person: str
    marketing_allowed: str
    marketing_forbidden: str
    born: str
    postcode: str
    as_of: str

    figures_title: str
    bookings: str
    trips: str
    cancelled: Plural
    satisfaction: str
    satisfaction_scale: str
    nps: str
    nps_scale: str
    no_behavior: str

    risk_title: str
    risk_label: str
    risk_sentence: str
    risk_reasons: str
    risk_none: str
    risk_source: str

    offers_title: str
    offers_none: str
    offers_basis: str
    nights: Plural
    seats: Plural
    day_trip: str

    habits_title: str
    books_in: str
    travels_in: str
    likes: str
    party: str
    party_size: Plural
    boards_at: str
    sits: str
    books_ahead: str
    books_every: str
    no_shows: str
    onboard: str
    segments: str

    channel_title: str
    channel_read: str
    channel_none: str

    timeline_title: str
    timeline_filter: str
    timeline_all: str
    timeline_more: str
    timeline_none: str
    timeline_nothing_of_this: str
    timeline_newest: str
    timeline_failed: str

    days: Plural
    months: Plural
    bands: Mapping[str, str]
    channels: Mapping[str, str]
    sources: Mapping[str, str]
    event_types: Mapping[str, str]
    roles: Mapping[str, str]
    seat_positions: Mapping[str, str]

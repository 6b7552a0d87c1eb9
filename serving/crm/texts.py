"""The words of the CRM screen. One `Texts` per language; a missing one is a type error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from serving.crm.seasons import SeasonNames
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
    theme_dark: str
    theme_light: str
    nav: str
    nav_home: str
    nav_segments: str
    keys_button: str
    keys_title: str
    keys_close: str
    keys_on: str
    shortcuts: Mapping[str, str]

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
    slipping_show: str
    slipping_expected: str
    slipping_revenue: str
    slipping_as_of: str
    slipping_empty: str
    slipping_no_model: str
    expected_loss: str
    why: str
    usual_window: str
    window_short: str
    customer: str
    risk: str
    revenue: str
    last_booking: str
    never: str

    not_found_title: str
    not_found_lead: str
    failed_title: str
    failed_lead: str
    segment_unknown_title: str
    segment_unknown_lead: str

    no_person: str
    marketing_allowed: str
    marketing_forbidden: str
    next_trip: str
    no_next_trip: str
    boards_in: str
    with_people: str
    others: Plural
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
    window_title: str
    window_sentence: str
    window_over: str
    insights_title: str
    insights_none: str
    value_title: str
    value_lead: str
    value_bookings: str
    value_spend: str
    value_range: str
    value_lifetime: str
    value_note: str
    rfm_title: str
    rfm_recency: str
    rfm_frequency: str
    rfm_monetary: str
    rfm_fifth: str
    engagement_title: str
    engagement_score: str
    engagement_none: str
    engagement_known: str

    offers_title: str
    offers_none: str
    offers_basis: str
    nights: Plural
    seats: Plural
    day_trip: str

    habits_title: str
    stays: str
    pays_per_seat: str
    pays_per_night: str
    books_through: str
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
    sales_channels: Mapping[str, str]
    onboard: str
    segments: str

    channel_title: str
    channel_read: str
    channel_sure: str
    channel_purposes: Mapping[str, str]
    channel_from: Plural
    channel_unclear: str
    channel_forbidden: str
    channel_none: str
    consent_title: str
    consent_purposes: Mapping[str, str]
    consent_yes: str
    consent_no: str
    consent_never: str
    consent_channels: str
    consent_always: str
    bookings_title: str
    bookings_none: str
    bookings_more: Plural
    tour: str
    departure: str
    amount: str
    state: str
    booking_states: Mapping[str, str]
    booked_by: str
    booked_by_other: str
    booked_on: str
    companions_title: str
    companions_none: str
    shared_trips: Plural
    charts_title: str
    charts_bookings: str
    charts_spend: str
    charts_label: str
    charts_table: str
    charts_note: str
    charts_show: str
    charts_none: str
    charts_back: str
    year: str
    seasons: SeasonNames
    segments_title: str
    segments_lead: str
    segments_none: str
    segment: str
    segment_kind: str
    segment_kinds: Mapping[str, str]
    members: str
    entered: str
    left: str
    segment_as_of: str
    segment_never: str
    overlaps_title: str
    overlaps_lead: str
    overlaps_none: str
    segment_rule: str
    segment_members: Plural
    segment_empty: str
    since: str
    phone: str
    postcode_title: str
    all_segments: str
    page_of: str
    page_before: str
    page_after: str

    timeline_title: str
    timeline_filter: str
    timeline_all: str
    timeline_groups: Mapping[str, str]
    timeline_from: str
    timeline_until: str
    timeline_show: str
    timeline_count: Plural
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

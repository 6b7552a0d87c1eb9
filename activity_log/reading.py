"""Questions to the read models: who somebody is, what happened to them, what is on sale.

Identity anchor: a customer exists once the PersonProfile does, so these queries start from `person_profile`.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, or_, select

from activity_log import schema
from activity_log.bulk import batches
from activity_log.catalogue import Catalogue, Departure, Family, Tour, catalogue, catalogue_level
from activity_log.merging import merged_away, one_person
from activity_log.search_text import SearchTerms, search_terms
from activity_log.timeline import TimelineFilter, TimelineRow, timeline, types_named

__all__ = [
    "Catalogue",
    "Departure",
    "Family",
    "Profile",
    "TimelineFilter",
    "TimelineRow",
    "Tour",
    "all_customers",
    "canonical_customer",
    "catalogue",
    "catalogue_level",
    "existing_customers",
    "find_profile",
    "profiles_of",
    "search_profiles",
    "timeline",
    "types_named",
]

_IDS_PER_QUERY = 500


@dataclass(frozen=True)
class Profile:
    """A person as the Backoffice knows them now, and the pseudonym all analytics use."""

    customer_id: str
    person_profile_id: str
    given_name: str
    family_name: str
    email: str | None
    phone: str | None
    birth_date: date | None
    postcode: str | None
    dietary_needs: str | None
    locale: str
    marketing_consent: bool


_PROFILE = [schema.person_profile.c[field.name] for field in fields(Profile)]


def find_profile(connection: Connection, operator_id: str, customer_id: str) -> Profile | None:
    """Return the customer's own profile, merged away or not. None: no such customer."""
    query = _profiles(operator_id).where(schema.person_profile.c.customer_id == customer_id)
    row = connection.execute(query).first()
    return Profile(*row) if row else None


def existing_customers(connection: Connection, operator_id: str, customer_ids: Collection[str]) -> set[str]:
    """Return those of `customer_ids` that have a profile, people who were merged away included."""
    table = schema.person_profile
    ids = list(customer_ids)
    existing: set[str] = set()
    for start in range(0, len(ids), _IDS_PER_QUERY):
        some = table.c.customer_id.in_(ids[start : start + _IDS_PER_QUERY])
        query = select(table.c.customer_id).where(table.c.operator_id == operator_id, some)
        existing.update(connection.execute(query).scalars())
    return existing


def all_customers(connection: Connection, operator_id: str) -> list[str]:
    """Return all customers with a profile in the order of their ids; merged people once, as the survivor."""
    table = schema.person_profile
    query = select(table.c.customer_id).where(table.c.operator_id == operator_id)
    away = merged_away(connection, operator_id)
    ids = connection.execute(query.order_by(table.c.customer_id)).scalars()
    return [customer_id for customer_id in ids if customer_id not in away]


def canonical_customer(connection: Connection, operator_id: str, customer_id: str) -> str:
    """Return whom this customer counts as now: the survivor of all merges, mostly the customer itself."""
    return one_person(connection, operator_id, customer_id).survivor


def search_profiles(connection: Connection, operator_id: str, query: str, limit: int = 20) -> list[Profile]:
    """Return the profiles a caller could mean, best matches first.

    query: part of the name in either order, of the e-mail, the postcode or the phone (digits count, however
    written), in any case; or a whole customer_id or person_profile_id. An empty query finds nobody.
    """
    typed = query.strip()
    terms = search_terms(typed)
    if not terms.text:
        return []
    table = schema.person_profile
    is_id = or_(table.c.customer_id == typed, table.c.person_profile_id == typed)
    found = (
        _profiles(operator_id)
        .where(or_(is_id, *_parts(terms)))
        .order_by(_rank(is_id, terms), table.c.family_name, table.c.given_name, table.c.customer_id)
        .limit(limit)
    )
    return [Profile(*row) for row in connection.execute(found)]


def profiles_of(
    connection: Connection, operator_id: str, customer_ids: Collection[str]
) -> dict[str, Profile]:
    """Return the own profiles of those of `customer_ids` that have one."""
    found: dict[str, Profile] = {}
    for some in batches(customer_ids, _IDS_PER_QUERY):
        query = _profiles(operator_id).where(schema.person_profile.c.customer_id.in_(some))
        found.update((row.customer_id, Profile(*row)) for row in connection.execute(query))
    return found


def _profiles(operator_id: str) -> Select[Any]:
    return select(*_PROFILE).where(schema.person_profile.c.operator_id == operator_id)


def _parts(terms: SearchTerms) -> list[ColumnElement[bool]]:
    text = schema.person_profile.c.search_text
    return [text.contains(term, autoescape=True) for term in (terms.text, *terms.phone)]


def _rank(is_id: ColumnElement[bool], terms: SearchTerms) -> ColumnElement[int]:
    """Best first: the id, a whole line, the first words, the start of a line, of a word, any other part."""
    lines = schema.person_profile.c.search_text.concat("\n")
    found = [f"\n{terms.text}{end}" for end in ("\n", " ", "")] + [f" {terms.text}"]
    matches = [lines.contains(part, autoescape=True) for part in found]
    return case(*((match, rank) for rank, match in enumerate([is_id, *matches])), else_=len(found) + 1)

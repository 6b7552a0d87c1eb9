"""Who people are (the identity anchor), and which profiles the Backoffice holds to be one person."""

from collections.abc import Iterable
from typing import cast

from activity_log import schema
from activity_log.bulk import Keep, Row
from activity_log.contracts.backoffice import (
    PersonProfilesMerged,
    PersonProfilesUnmerged,
    PersonProfileUpdated,
)
from activity_log.facts.identities import MERGED, UNMERGED
from activity_log.folding import Fold, Projection
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator
from activity_log.search_text import search_text


def _profiles(operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    """Give the row of a profile; of a person who is forgotten there is none."""
    if event.erased:
        return
    profile = cast("PersonProfileUpdated", event.payload)
    born = profile.birth_date
    yield (
        event.operator_id,
        profile.person_profile_id,
        operator.pseudonym(profile.person_profile_id),
        profile.given_name,
        profile.family_name,
        profile.email,
        profile.phone,
        born.isoformat() if born else None,
        profile.postcode,
        profile.dietary_needs,
        profile.locale,
        profile.marketing_consent,
        event.occurred_us,
        event.event_id,
        search_text(profile),
    )


def _identity_links(operator: Operator, event: LoggedEvent) -> Iterable[Row]:
    link = cast("PersonProfilesMerged | PersonProfilesUnmerged", event.payload)
    yield (
        event.operator_id,
        event.event_id,
        MERGED if isinstance(link, PersonProfilesMerged) else UNMERGED,
        operator.pseudonym(link.surviving_id),
        operator.pseudonym(link.merged_id),
        event.occurred_us,
        max(event.occurred_us, event.recorded_us),
    )


PROFILES = Projection(
    "profiles",
    (Fold(schema.person_profile, Keep.LATEST, frozenset({"PersonProfileUpdated"}), _profiles),),
)

IDENTITIES = Projection(
    "identities",
    (
        Fold(
            schema.identity_link,
            Keep.FIRST,
            frozenset({"PersonProfilesMerged", "PersonProfilesUnmerged"}),
            _identity_links,
        ),
    ),
)

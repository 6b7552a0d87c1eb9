"""The read models: what is folded from the log so that a question is one look-up. `PROJECTIONS` lists them."""

from activity_log.folding import Projection
from activity_log.read_models.bookings import BOOKINGS
from activity_log.read_models.catalogue import CATALOGUE
from activity_log.read_models.people import IDENTITIES, PROFILES
from activity_log.read_models.threads import THREADS
from activity_log.read_models.timeline import TIMELINE

PROJECTIONS: tuple[Projection, ...] = (PROFILES, IDENTITIES, BOOKINGS, CATALOGUE, THREADS, TIMELINE)
"""All read models; each can be dropped and rebuilt alone."""

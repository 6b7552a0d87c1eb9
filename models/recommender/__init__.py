"""What to suggest: families of tours ranked for a visitor, each with a reason that is true in the bookings.

Rungs of one contract (`Rung`: fit, score, explain), and the artefact (`Recommender`) that holds them all.
Which rung is live was decided by a backtest (`training.recommender`). Mapping families to departures that can be
booked is the caller's part.
"""

from models.recommender.als import ALSSettings, ImplicitALS
from models.recommender.also_booked import AlsoBooked, AlsoBookedSettings
from models.recommender.attribute_match import AttributeMatch, AttributeSettings
from models.recommender.attributes import Attributes
from models.recommender.bookings import Bookings, bookings_of, with_catalogue, with_stops
from models.recommender.chances import Chances
from models.recommender.contexts import Contexts
from models.recommender.contract import Context, Evidence, History, Ranked, Rung, Visit
from models.recommender.counts import BookingCounts
from models.recommender.ease import Ease, EaseSettings
from models.recommender.graph_filter import GraphFilter, GraphFilterSettings
from models.recommender.newcomers import Newcomer
from models.recommender.recommender import RUNGS, Basis, Recommender
from models.recommender.repeat import RepeatOrNew
from models.recommender.season import RepeatOfSeason, SeasonPopularity, SeasonSettings
from models.recommender.similar_customers import SimilarCustomers, SimilarCustomersSettings

__all__ = [
    "RUNGS",
    "ALSSettings",
    "AlsoBooked",
    "AlsoBookedSettings",
    "AttributeMatch",
    "AttributeSettings",
    "Attributes",
    "Basis",
    "BookingCounts",
    "Bookings",
    "Chances",
    "Context",
    "Contexts",
    "Ease",
    "EaseSettings",
    "Evidence",
    "GraphFilter",
    "GraphFilterSettings",
    "History",
    "ImplicitALS",
    "Newcomer",
    "Ranked",
    "Recommender",
    "RepeatOfSeason",
    "RepeatOrNew",
    "Rung",
    "SeasonPopularity",
    "SeasonSettings",
    "SimilarCustomers",
    "SimilarCustomersSettings",
    "Visit",
    "bookings_of",
    "with_catalogue",
    "with_stops",
]

"""What to suggest: families of tours ranked for a visitor, each with a reason that is true in the bookings.

Four rungs of one contract (`Rung`: fit, score, explain), and the artefact (`Recommender`) that holds them all.
Which rung is live was decided by a backtest (`training.recommender`). Mapping families to departures that can be
booked is the caller's part.
"""

from models.recommender.als import ALSSettings, ImplicitALS
from models.recommender.also_booked import AlsoBooked, AlsoBookedSettings
from models.recommender.blend import Blend
from models.recommender.bookings import Bookings, bookings_of
from models.recommender.contract import Context, Evidence, History, Ranked, Rung
from models.recommender.counts import BookingCounts
from models.recommender.graph_filter import GraphFilter, GraphFilterSettings
from models.recommender.recommender import RUNGS, Basis, Recommender
from models.recommender.repeat import RepeatOrNew
from models.recommender.season import SeasonPopularity, SeasonSettings

__all__ = [
    "RUNGS",
    "ALSSettings",
    "AlsoBooked",
    "AlsoBookedSettings",
    "Basis",
    "Blend",
    "BookingCounts",
    "Bookings",
    "Context",
    "Evidence",
    "GraphFilter",
    "GraphFilterSettings",
    "History",
    "ImplicitALS",
    "Ranked",
    "Recommender",
    "RepeatOrNew",
    "Rung",
    "SeasonPopularity",
    "SeasonSettings",
    "bookings_of",
]

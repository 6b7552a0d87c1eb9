"""Possible duplicates: profiles that may be one person, each pair with its probability and the evidence.

`profiles` are read and spelled one way (`spelling`), those who share something are paired (`blocking`), each pair is
compared field by field (`comparing`), and weighed (`weighing`) as one of three things: one person, two people of one
household, or strangers. Nothing is ever merged here: that happens in the Backoffice, whose event we then follow.
"""

from activity_log.duplicates.evidence import Evidence
from activity_log.duplicates.finding import DuplicatePair, Findings, find_duplicates
from activity_log.duplicates.known_apart import known_apart
from activity_log.duplicates.weighing import Level

__all__ = ["DuplicatePair", "Evidence", "Findings", "Level", "find_duplicates", "known_apart"]

"""Segments as they are kept: definitions in versions, who is in them from when to when, and what marketing is told.

What a rule means is not known here; `feature_repo.segments` says who matches, and a refresh writes that down.
"""

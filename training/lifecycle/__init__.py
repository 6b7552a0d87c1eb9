"""The life of a model: trained from a snapshot by a recipe, measured, registered, judged, live, and rolled back.

One `Trainer` per task (`tasks/`); everything else is the same for all of them.
"""

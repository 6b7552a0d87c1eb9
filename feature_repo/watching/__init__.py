"""Feature values watched: against their definitions, and against what the model in use was trained on.

`summary` (what the values of a feature look like, without anybody's row), `declared` (checks against the
definitions), `drift` (now against then), `reference` (what a training keeps), `checking` (all of it for one
operator at one moment), `report` (HTML), `known` (what was known of one customer, and from which events).
"""

"""How the recommender learns: interactions from the facts, a backtest that picks the live rung, and training.

`interactions` reads what was known at a moment, `backtest` compares the rungs over time, `train` makes the artefact,
`evaluate` does the same on data somebody brings along.
"""

"""What we know of a customer: feature expressions, and the Feast store that keeps their values.

Reading order: `expressions` (each feature, once), `groups` (their names, meanings and types), `build` (their
values at a moment), `views` and `services` (Feast's sight of them), `store` (training sets and online reads).
"""

"""How well another recommender would have done, told from what this one showed by chance: off-policy evaluation.

`attribution` follows what was shown to clicks and bookings; `traffic` makes of it the choices that were left to
chance and what the challenger would have chosen; `estimating` weighs the outcomes.
"""

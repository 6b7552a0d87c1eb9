"""Operator rules as they are kept: what marketing wants pinned, boosted, buried, excluded or limited, and how long.

What a rule does to a list is not known here; `serving.rules` decides that.
"""

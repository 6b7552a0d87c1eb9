"""Operator rules at work: which of them hold at a moment, what they do to a ranking, and what they would do."""

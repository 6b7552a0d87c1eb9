"""Keeping the online store level with the log: event appended, customers touched, their states computed, pushed.

Reading order: `mark` (how far the store is), `follower` (one operator, one batch), `following` (all, for ever).
"""

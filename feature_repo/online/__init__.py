"""The packed states of customers in Feast's online store: SQLite or Redis, written and read alike.

`states` is what the rest of the system uses; `sqlite` and `redis` are Feast's stores, made fit for a writer and
many readers at once.
"""

"""The features as Ibis expressions `(facts, as_of) -> table`, with no engine and no feature store in sight.

facts: the log's fact tables (`activity_log.facts.tables`). as_of: operator_id, customer_id, as_of (UTC).
Each expression returns one row per row of `as_of`, and sees only what had happened, and was known, before
that moment. Moments are UTC; days are 86,400 seconds.
"""

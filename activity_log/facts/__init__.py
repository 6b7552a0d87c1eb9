"""The log as flat, typed, pseudonymous Parquet rows: one table per kind of fact, what the features read.

Attribution happens here, once: every row names the one customer it counts for. Nothing here names a person.
"""

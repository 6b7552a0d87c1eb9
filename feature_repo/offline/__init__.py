"""Feast's offline stores over the Parquet rows of a build: DuckDB with ASOF joins, or Spark."""

"""What runs the expressions: DuckDB on one machine, Spark on a cluster. `engine` says what either can do."""

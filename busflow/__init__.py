"""The command line: the one place that wires all parts together. Nothing imports it."""

"""The event types of the four contexts, as versioned pydantic models in a CloudEvents 1.0 envelope.

Contracts know no database. `types.TYPES` is the one list of event types; `upcasting` turns old names
and old versions into the current ones.
"""

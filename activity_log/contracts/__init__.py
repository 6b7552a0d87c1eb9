"""The event types of the four contexts, as versioned pydantic models in a CloudEvents 1.0 envelope.

Contracts know no database. `types.TYPES` is the one list of event types; `upcasting` turns old names
and old versions into the current ones. `published` lists every version of every contract, `schemas` and
`asyncapi` describe them to the other contexts, `publishing` writes that down under docs/contracts, and
`compatibility` tells which changes need a new version.
"""

"""Everything that can be asked, in the order of the document."""

from serving.resources import customers, events, segments, suggestions
from serving.resources.operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    *suggestions.OPERATIONS,
    *customers.OPERATIONS,
    *segments.OPERATIONS,
    *events.OPERATIONS,
)
"""What the mounted app serves; `native` has what the framework serves."""

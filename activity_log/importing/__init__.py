"""A table of transactions becomes events of the log.

Reading order: `spec` (which column means what), `reading` (the file), `rows` (what becomes of each row),
`returns` (which booking a cancellation row gives back), `documents` (the events), `table` (all of it).
"""

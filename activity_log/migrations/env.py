"""Alembic's entry: runs the migrations on the connection that `activity_log.database` hands over."""

from alembic import context

from activity_log.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()

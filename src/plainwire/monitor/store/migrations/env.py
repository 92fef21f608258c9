"""Alembic's entry: the connection and its transaction are the caller's (`store/connecting.py`)."""

from alembic import context

from plainwire.monitor.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()

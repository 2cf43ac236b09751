"""Alembic runs this for every command, in the transaction of `run_alembic`."""

from alembic import context

from gateway.storage.tables.import_jobs import ImportJobRow

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=ImportJobRow.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()

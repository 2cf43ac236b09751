"""Run by Alembic, in the transaction of the connection that `migrate` hands over."""

from alembic import context

from gateway.storage.tables.import_jobs import ImportJobRow

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=ImportJobRow.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()

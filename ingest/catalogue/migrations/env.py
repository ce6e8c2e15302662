"""Run by Alembic: applies the migrations on the connection that `upgrade` holds."""

from alembic import context

from ingest.catalogue.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()

"""What Alembic runs: revisions on the connection that it is handed."""

from __future__ import annotations

from alembic import context

from appliance.core.migrations import TABLE

context.configure(connection=context.config.attributes["connection"], version_table=TABLE)
with context.begin_transaction():
    context.run_migrations()

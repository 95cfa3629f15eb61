"""Users who may let code of their own run, without being admins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add the column: so far only admins may."""
    no = sa.false()
    op.add_column(
        "users", sa.Column("runs_code", sa.Boolean(), nullable=False, server_default=no)
    )

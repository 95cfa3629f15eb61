"""Model versions may be deleted; what MLflow has not been shown is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column(
        "model_versions", sa.Column("deleted", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_table(
        "model_mirrors",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("fleet", name=op.f("pk_model_mirrors")),
    )

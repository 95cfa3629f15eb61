"""The sites of a gateway, what waits for them, and the gateway that a site belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0023"
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _of_a_gateway()
    _of_its_outbox()
    _of_a_site()


def _of_a_gateway() -> None:
    op.create_table(
        "gateway_sites",
        sa.Column("name", sa.String(length=31), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("seen", _TIME, nullable=True),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_gateway_sites")),
        sa.UniqueConstraint("digest", name=op.f("uq_gateway_sites_digest")),
    )
    op.create_table(
        "gateway_kept",
        sa.Column("site", sa.String(length=31), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("site", "question", name=op.f("pk_gateway_kept")),
    )


def _of_its_outbox() -> None:
    op.create_table(
        "gateway_outbox",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("site", sa.String(length=31), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ended", _TIME, nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_outbox")),
    )
    op.create_index("ix_gateway_outbox_waiting", "gateway_outbox", ["site", "state", "id"])
    op.create_index("ix_gateway_outbox_key", "gateway_outbox", ["by", "key"], unique=True)


def _of_a_site() -> None:
    op.create_table(
        "gateway_joined",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("gateway", sa.String(length=100), nullable=False),
        sa.Column("site", sa.String(length=31), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("most", sa.String(length=20), nullable=False),
        sa.Column("operators", sa.Boolean(), nullable=False),
        sa.Column("joined", _TIME, nullable=False),
        sa.Column("joined_by", sa.String(length=200), nullable=False),
        sa.Column("connected", _TIME, nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_joined")),
    )

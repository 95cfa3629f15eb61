"""The first tables: intake, registry, events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _batches()
    _fleets()
    _registry()
    _events()
    _event_history()


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quality", sa.JSON(), nullable=False),
        sa.Column("sampling", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("fleet", "id", name=op.f("pk_batches")),
    )
    op.create_index(op.f("ix_batches_finished"), "batches", ["finished"], unique=False)
    op.create_table(
        "batch_parts",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("batch", sa.String(length=64), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("corrected", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fleet", "batch"],
            ["batches.fleet", "batches.id"],
            name=op.f("fk_batch_parts_fleet_batches"),
        ),
        sa.PrimaryKeyConstraint("fleet", "batch", "part", name=op.f("pk_batch_parts")),
    )
    op.create_table(
        "batch_spans",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("batch", sa.String(length=64), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("asset", sa.String(length=200), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["fleet", "batch"],
            ["batches.fleet", "batches.id"],
            name=op.f("fk_batch_spans_fleet_batches"),
        ),
        sa.PrimaryKeyConstraint("fleet", "batch", "part", "asset", name=op.f("pk_batch_spans")),
    )


def _fleets() -> None:
    op.create_table(
        "fleets",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("time_kind", sa.String(length=10), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fleet", name=op.f("pk_fleets")),
    )
    op.create_table(
        "sensors",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("lower", sa.Float(), nullable=True),
        sa.Column("upper", sa.Float(), nullable=True),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("fleet", "name", name=op.f("pk_sensors")),
    )
    op.create_table(
        "sensor_levels",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("word", sa.String(length=400), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("fleet", "name", "word", name=op.f("pk_sensor_levels")),
    )


def _registry() -> None:
    op.create_table(
        "model_versions",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("run", sa.String(length=40), nullable=False),
        sa.Column("path", sa.String(length=1000), nullable=False),
        sa.Column("digest", sa.String(length=128), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lineage", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("fleet", "version", name=op.f("pk_model_versions")),
        sa.UniqueConstraint("run", name=op.f("uq_model_versions_run")),
    )
    op.create_table(
        "promotions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("previous", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["fleet", "version"],
            ["model_versions.fleet", "model_versions.version"],
            name=op.f("fk_promotions_fleet_model_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
    )
    op.create_index(op.f("ix_promotions_fleet"), "promotions", ["fleet"], unique=False)
    op.create_table(
        "score_batches",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("readings_version", sa.Integer(), nullable=False),
        sa.Column("batches", sa.JSON(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("alarms", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_batches")),
    )
    op.create_index(
        "ix_score_batches_model", "score_batches", ["fleet", "model_version"], unique=False
    )


def _events() -> None:
    op.create_table(
        "event_fleets",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.PrimaryKeyConstraint("fleet", name=op.f("pk_event_fleets")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("asset", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ongoing", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.String(length=40), nullable=True),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("owner", sa.String(length=200), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("score_batch", sa.String(length=80), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_place", "events", ["fleet", "asset", "start"], unique=False)


def _event_history() -> None:
    op.create_table(
        "event_comments",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event"], ["events.id"], name=op.f("fk_event_comments_event_events")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_comments")),
    )
    op.create_index(op.f("ix_event_comments_event"), "event_comments", ["event"], unique=False)
    op.create_table(
        "event_revisions",
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("owner", sa.String(length=200), nullable=True),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("score_batch", sa.String(length=80), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event"], ["events.id"], name=op.f("fk_event_revisions_event_events")
        ),
        sa.PrimaryKeyConstraint("event", "revision", name=op.f("pk_event_revisions")),
    )

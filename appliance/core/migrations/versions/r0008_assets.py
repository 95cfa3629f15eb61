"""Assets and their counts beside the batches, more of what people say of sensors, recipes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make and widen the tables, and count what came so far."""
    _spans()
    _sensors()
    _assets()
    op.create_table(
        "recipes",
        sa.Column("project", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("recipe", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project", "name", name=op.f("pk_recipes")),
    )


def _spans() -> None:
    op.add_column(
        "batch_spans", sa.Column("rows", sa.Integer(), nullable=False, server_default="0")
    )


def _sensors() -> None:
    label = sa.Column("label", sa.String(length=200), nullable=False, server_default="")
    op.add_column("sensors", label)
    op.add_column("sensors", sa.Column("run_state", sa.JSON(), nullable=True))
    revision = sa.Column("revision", sa.Integer(), nullable=False, server_default="1")
    op.add_column("sensors", revision)


def _assets() -> None:
    assets = op.create_table(
        "fleet_assets",
        sa.Column("fleet", sa.String(length=63), nullable=False),
        sa.Column("asset", sa.String(length=200), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fleet", "asset", name=op.f("pk_fleet_assets")),
    )
    known = _counted(op.get_bind())
    if known:
        op.bulk_insert(assets, known)


def _counted(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return the assets of all batches so far; rows are counted as their files held them."""
    moment = sa.DateTime(timezone=True)
    spans = sa.table(
        "batch_spans",
        *(sa.column(name, sa.String()) for name in ("fleet", "batch", "asset")),
        *(sa.column(name, moment) for name in ("start", "end")),
    )
    batches = sa.table(
        "batches",
        *(sa.column(name, sa.String()) for name in ("fleet", "id", "state")),
        sa.column("sampling", sa.JSON()),
    )
    done = batches.c.state == "done"
    rows: Counter[tuple[str, str]] = Counter()
    told = sa.select(batches.c.fleet, batches.c.sampling).where(done)
    for fleet, sampling in connection.execute(told):
        for one in sampling if isinstance(sampling, list) else ():
            rows[fleet, one["asset"]] += one["rows"]
    place = (spans.c.fleet, spans.c.asset)
    ends = (
        sa.select(*place, sa.func.min(spans.c.start), sa.func.max(spans.c.end))
        .join(batches, (batches.c.fleet == spans.c.fleet) & (batches.c.id == spans.c.batch))
        .where(done)
        .group_by(*place)
    )
    return [
        {
            "fleet": fleet,
            "asset": asset,
            "rows": rows[fleet, asset],
            "start": start,
            "end": end,
        }
        for fleet, asset, start, end in connection.execute(ends)
    ]

"""Tables of the gateway and of the site that joined one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, DateTime, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from appliance.core.db import Base

_TIME = DateTime(timezone=True)


class SiteRow(Base):
    """A site of this gateway; gone when it is sent away."""

    __tablename__ = "gateway_sites"
    name: Mapped[str] = mapped_column(String(31), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    key: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(_TIME)
    created_by: Mapped[str] = mapped_column(String(200))
    seen: Mapped[datetime | None] = mapped_column(_TIME)
    told: Mapped[dict[str, Any]] = mapped_column(JSON)


class OutboxRow(Base):
    """A write that waits for its site, sealed, and then what became of it."""

    __tablename__ = "gateway_outbox"
    __table_args__ = (
        Index("ix_gateway_outbox_waiting", "site", "state", "id"),
        Index("ix_gateway_outbox_key", "by", "key", unique=True),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    site: Mapped[str] = mapped_column(String(31))
    by: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(10))
    method: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[datetime] = mapped_column(_TIME)
    attempts: Mapped[int] = mapped_column(Integer)
    ended: Mapped[datetime | None] = mapped_column(_TIME)
    status: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)


class KeptRow(Base):
    """The last answer of a site to a question that is answered for it while it is away."""

    __tablename__ = "gateway_kept"
    site: Mapped[str] = mapped_column(String(31), primary_key=True)
    question: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(_TIME)
    answer: Mapped[bytes] = mapped_column(LargeBinary)


class JoinedRow(Base):
    """The gateway that this site belongs to: one at most."""

    __tablename__ = "gateway_joined"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    url: Mapped[str] = mapped_column(String(500))
    gateway: Mapped[str] = mapped_column(String(100))
    site: Mapped[str] = mapped_column(String(31))
    key: Mapped[str] = mapped_column(String(64))
    authority: Mapped[str] = mapped_column(Text)
    token: Mapped[bytes] = mapped_column(LargeBinary)
    most: Mapped[str] = mapped_column(String(20))
    operators: Mapped[bool] = mapped_column(Boolean)
    joined: Mapped[datetime] = mapped_column(_TIME)
    joined_by: Mapped[str] = mapped_column(String(200))
    connected: Mapped[datetime | None] = mapped_column(_TIME)
    error: Mapped[str] = mapped_column(Text)

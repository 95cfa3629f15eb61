"""Tables of users, projects, tokens, sessions, failed logins and the audit log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    JSON,
    Boolean,
    DateTime,
    ForeignKey,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from appliance.core.db import Base

_NAME = String(100)
_PROJECT = String(63)


class UserRow(Base):
    """One user; none is ever removed, so that a name in the log means one person for good."""

    __tablename__ = "users"
    name: Mapped[str] = mapped_column(_NAME, primary_key=True)
    admin: Mapped[bool] = mapped_column(Boolean)
    disabled: Mapped[bool] = mapped_column(Boolean)
    runs_code: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    password: Mapped[str | None] = mapped_column(String(200))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ProjectRow(Base):
    """One project."""

    __tablename__ = "projects"
    name: Mapped[str] = mapped_column(_PROJECT, primary_key=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ProjectFleetRow(Base):
    """The project of a fleet that is not in the default one."""

    __tablename__ = "project_fleets"
    fleet: Mapped[str] = mapped_column(String(63), primary_key=True)
    project: Mapped[str] = mapped_column(_PROJECT, ForeignKey("projects.name"), index=True)


class GrantRow(Base):
    """The role of a user in a project."""

    __tablename__ = "grants"
    user: Mapped[str] = mapped_column(_NAME, ForeignKey("users.name"), primary_key=True)
    project: Mapped[str] = mapped_column(
        _PROJECT, ForeignKey("projects.name"), primary_key=True
    )
    role: Mapped[str] = mapped_column(String(20))


class TokenRow(Base):
    """One token, known by its digest."""

    __tablename__ = "tokens"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    owner: Mapped[str] = mapped_column(_NAME, ForeignKey("users.name"), index=True)
    label: Mapped[str] = mapped_column(String(100))
    rights: Mapped[list[str]] = mapped_column(JSON)
    project: Mapped[str | None] = mapped_column(_PROJECT, ForeignKey("projects.name"))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_used: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class IdentityRow(Base):
    """Whom a provider of identities vouches for; without a subject, whoever comes first."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)
    user: Mapped[str] = mapped_column(_NAME, ForeignKey("users.name"), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str | None] = mapped_column(String(255))


class SessionRow(Base):
    """One session, known by the digest of its secret; gone when it ends."""

    __tablename__ = "login_sessions"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    user: Mapped[str] = mapped_column(_NAME, ForeignKey("users.name"), index=True)
    origin: Mapped[str] = mapped_column(String(200))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    seen: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class TryRow(Base):
    """Failed logins in a row under one name, known or not, by the name's digest."""

    __tablename__ = "login_tries"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AuditRow(Base):
    """One entry of the log: the very texts that its digest covers."""

    __tablename__ = "audit"
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(32))
    by: Mapped[str] = mapped_column(String(200), index=True)
    action: Mapped[str] = mapped_column(String(60))
    object: Mapped[str] = mapped_column(String(300), index=True)
    origin: Mapped[str] = mapped_column(String(200))
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


class AuditHeadRow(Base):
    """The log's last number and digest: the row that writers wait for, one after the other."""

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))

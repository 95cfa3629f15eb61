"""Registered code: added once under a name and version, looked up, removed."""

from __future__ import annotations

import builtins

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from appliance.access.person import Person
from appliance.access.store.audit import AuditLog
from appliance.core.db import Database, utc
from appliance.core.errors import Conflict, LimitExceeded, NotFound
from appliance.objects import Taken, shelf
from appliance.schemas.access import Right
from appliance.schemas.own import Code, CodeKind, DeclaredStep
from appliance.steps.performing import Blob
from appliance.steps.registering import Draft
from appliance.steps.store.tables import CodeRow

MOST = 1_000
"""Versions that a site keeps, of all names together."""


class CodeStore:
    """The code of a site's own people.

    Parameters
    ----------
    database
        Where it is kept what there is.
    place
        Address of the shelf with the bytes.
    """

    def __init__(self, database: Database, place: str) -> None:
        self._database = database
        self._log = AuditLog(database)
        self._place = place

    # ------------------------------------------------------------------ changes
    def fits(self, by: Person, draft: Draft) -> Code | None:
        """Return what is registered already if it is the very same.

        Raises
        ------
        Forbidden
            `by` may not register code.
        Conflict
            Other code has this name and version.
        """
        by.require(Right.REGISTER_CODE)
        with self._database.session() as session:
            row = session.get(CodeRow, (draft.name, draft.version))
            if row is None:
                return None
            if row.sha256 != draft.sha256:
                raise Conflict(
                    f"{draft.name} {draft.version} is registered with other content.",
                    remedy="Give the new one another version.",
                )
            return _code(row)

    def add(self, by: Person, draft: Draft, steps: tuple[DeclaredStep, ...]) -> Code:
        """Keep code with what it said of itself.

        Raises
        ------
        Forbidden, Conflict
            As `fits`.
        LimitExceeded
            There is too much already.
        """
        found = self.fits(by, draft)
        if found is not None:
            return found
        key = _key(draft.name, draft.version, draft.file)
        try:
            shelf(self._place).put(key, draft.data, new=True)
        except Taken:  # of an attempt that was cut off, or just now by somebody else
            shelf(self._place).put(key, draft.data)
        with self._log.change(by) as change:
            count = change.session.scalar(select(func.count()).select_from(CodeRow)) or 0
            if count >= MOST:
                raise LimitExceeded(
                    f"the site has {MOST} versions of code, the most there may be.",
                    remedy="Remove some that nothing needs any more.",
                )
            row = CodeRow(
                name=draft.name,
                version=draft.version,
                kind=draft.kind.value,
                file=draft.file,
                sha256=draft.sha256,
                bytes=len(draft.data),
                summary=draft.summary[:2_000],
                steps=[one.model_dump(mode="json") for one in steps],
                added=change.at,
                added_by=change.by.name,
            )
            change.session.add(row)
            change.session.flush()
            told = {"file": draft.file, "sha256": draft.sha256, "bytes": len(draft.data)}
            change.note("code.registered", f"code:{draft.name}@{draft.version}", None, told)
            return _code(row)

    def remove(self, by: Person, name: str, version: str | None = None) -> None:
        """Remove a version, or all of a name; runs under way keep what they have begun with.

        Raises
        ------
        Forbidden
            `by` may not register code.
        NotFound
            There is none.
        """
        by.require(Right.REGISTER_CODE)
        with self._log.change(by) as change:
            rows = _rows(change.session, name, version)
            for row in rows:
                told = {"file": row.file, "sha256": row.sha256}
                change.note("code.removed", f"code:{name}@{row.version}", told)
                change.session.execute(
                    delete(CodeRow).where(CodeRow.name == name, CodeRow.version == row.version)
                )
        shelf(self._place).delete(_key(name, row.version, row.file) for row in rows)

    # ------------------------------------------------------------------ reading
    def list(self) -> builtins.list[Code]:
        """Return all code by name, the versions of one from the newest on."""
        query = select(CodeRow).order_by(CodeRow.name, CodeRow.added.desc())
        with self._database.session() as session:
            return [_code(row) for row in session.scalars(query)]

    def get(self, name: str, version: str | None = None) -> Code:
        """Return one version, the one registered last if none is named; raises `NotFound`."""
        with self._database.session() as session:
            return _code(_rows(session, name, version)[0])

    def blob(self, code: Code) -> Blob:
        """Return where the bytes of code are, and what they must be."""
        key = _key(code.name, code.version, code.file)
        return Blob(self._place, key, code.sha256, code.kind)


def _key(name: str, version: str, file: str) -> str:
    return f"{name}/{version}/{file}"


def _rows(session: Session, name: str, version: str | None) -> list[CodeRow]:
    query = select(CodeRow).where(CodeRow.name == name).order_by(CodeRow.added.desc())
    if version is not None:
        query = query.where(CodeRow.version == version)
    found = list(session.scalars(query))
    if not found:
        what = name if version is None else f"{name} {version}"
        raise NotFound(
            f"no code is registered as {what}.",
            remedy="`kizashi code list` tells what there is.",
        )
    return found


def _code(row: CodeRow) -> Code:
    return Code(
        name=row.name,
        version=row.version,
        kind=CodeKind(row.kind),
        file=row.file,
        sha256=row.sha256,
        bytes=row.bytes,
        summary=row.summary,
        steps=tuple(DeclaredStep.model_validate(one) for one in row.steps),
        added=utc(row.added),
        added_by=row.added_by,
    )

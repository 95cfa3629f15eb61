"""Own pipelines: put, looked up, removed; each change is a revision and is noted."""

from __future__ import annotations

import builtins
from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from appliance.access.person import Person
from appliance.access.store.audit import AuditLog
from appliance.core.db import Database, utc
from appliance.core.errors import LimitExceeded, NotFound, Outdated
from appliance.schemas.access import Right
from appliance.schemas.base import own_name
from appliance.schemas.own import OwnPipeline, OwnPipelineDraft
from appliance.steps.graph import Graph
from appliance.steps.store.tables import OwnPipelineRow

MOST = 500


class PipelineStore:
    """The own pipelines of a site.

    Parameters
    ----------
    database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._log = AuditLog(database)

    def put(
        self,
        by: Person,
        draft: OwnPipelineDraft,
        graph: Graph,
        rights: Iterable[Right],
        *,
        revision: int | None = None,
    ) -> OwnPipeline:
        """Add a pipeline, or change the one of that name.

        Parameters
        ----------
        graph, rights
            As they follow from the draft.
        revision
            That was seen.

        Raises
        ------
        Forbidden
            `by` may not register code, which decides what runs.
        Outdated
            It changed since.
        LimitExceeded
            There are too many.
        """
        by.require(Right.REGISTER_CODE)
        own_name(draft.name, "pipeline")
        with self._log.change(by) as change:
            row = change.session.get(OwnPipelineRow, draft.name)
            if revision is not None and revision != (row.revision if row else 0):
                raise Outdated(
                    f"the pipeline {draft.name} changed since revision {revision}.",
                    remedy="Look at it again, then decide.",
                )
            before = None if row is None else dict(row.draft)
            if row is None:
                count = change.session.scalar(select(func.count()).select_from(OwnPipelineRow))
                if (count or 0) >= MOST:
                    raise LimitExceeded(f"the site has {MOST} pipelines of its own already.")
                row = OwnPipelineRow(name=draft.name, revision=0)
                change.session.add(row)
            plain = draft.model_dump(
                mode="json", by_alias=True, include=set(OwnPipelineDraft.model_fields)
            )
            row.draft, row.revision = plain, row.revision + 1
            row.rights = sorted(right.value for right in set(rights))
            row.order, row.links = list(graph.order), [list(one) for one in graph.links]
            row.updated, row.updated_by = change.at, change.by.name
            change.session.flush()
            change.note("pipeline.put", f"pipeline:{draft.name}", before, plain)
            return _pipeline(row)

    def remove(self, by: Person, name: str, *, revision: int | None = None) -> None:
        """Remove a pipeline; its jobs stay.

        Raises
        ------
        Forbidden
            `by` may not register code.
        NotFound, Outdated
            There is none of that name (any more), or it changed since the revision seen.
        """
        by.require(Right.REGISTER_CODE)
        with self._log.change(by) as change:
            row = _require(change.session, name)
            if revision is not None and revision != row.revision:
                raise Outdated(f"the pipeline {name} changed since revision {revision}.")
            change.note("pipeline.removed", f"pipeline:{name}", dict(row.draft))
            change.session.delete(row)

    def list(self) -> builtins.list[OwnPipeline]:
        """Return all pipelines by name."""
        with self._database.session() as session:
            query = select(OwnPipelineRow).order_by(OwnPipelineRow.name)
            return [_pipeline(row) for row in session.scalars(query)]

    def get(self, name: str) -> OwnPipeline:
        """Return one pipeline; raises `NotFound`."""
        with self._database.session() as session:
            return _pipeline(_require(session, name))


def _require(session: Session, name: str) -> OwnPipelineRow:
    row = session.get(OwnPipelineRow, name)
    if row is None:
        raise NotFound(
            f"there is no pipeline of your own called {name!r}.",
            remedy="`kizashi pipeline list` tells those there are.",
        )
    return row


def _pipeline(row: OwnPipelineRow) -> OwnPipeline:
    return OwnPipeline.model_validate(
        {
            **row.draft,
            "revision": row.revision,
            "rights": row.rights,
            "order": row.order,
            "links": row.links,
            "updated": utc(row.updated),
            "updated_by": row.updated_by,
        }
    )

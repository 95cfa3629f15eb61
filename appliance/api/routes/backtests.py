"""Backtests, challengers that wait for somebody's word, and what verdicts would do."""

from __future__ import annotations

from typing import Annotated

from fastapi import BackgroundTasks, Query

from appliance.api.guard import Caller, TheSite
from appliance.api.heavy import heavy
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, key_of, page
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.core.errors import NotFound
from appliance.pipelines import verdicts
from appliance.pipelines.retrain import answer
from appliance.schemas.access import Right
from appliance.schemas.approval import Answer, Approval, ApprovalState
from appliance.schemas.backtest import Backtest, VerdictPreview
from appliance.schemas.base import FleetName
from appliance.schemas.event import Verdict

router = make_router("backtests")


@router.get(
    "/fleets/{fleet}/backtests",
    summary="List backtests",
    **needs(Right.READ, Over.FLEET, recent=True),
)
def list_backtests(
    fleet: str, site: TheSite, cursor: Cursor = None, limit: Limit = 20
) -> Page[Backtest]:
    """Return a fleet's backtests without their events, the latest first."""
    (before,) = key_of(cursor, str) or (None,)
    found = site.backtests.list(fleet, before=before, limit=limit + 1)
    return page(found, limit, lambda one: (one.id,))


@router.get(
    "/fleets/{fleet}/backtests/{backtest}",
    summary="Tell a backtest",
    **needs(Right.READ, Over.FLEET, recent=True),
)
def get_backtest(fleet: str, backtest: str, site: TheSite) -> Backtest:
    """Return what a model would have told of a time range, beside the champion."""
    found = site.backtests.get(backtest)
    if found.fleet != fleet:
        raise NotFound(f"fleet {fleet} has no backtest {backtest}.")
    return found


# ---------------------------------------------------------------- approvals
@router.get(
    "/approvals",
    summary="List challengers that somebody is asked about",
    **needs(Right.READ, Over.VISIBLE, recent=True),
)
def list_approvals(
    site: TheSite,
    person: Caller,
    fleet: FleetName | None = None,
    state: Annotated[list[ApprovalState], Query(max_length=4)] = [ApprovalState.WAITING],  # noqa: B006 - never changed
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Approval]:
    """Return approvals of the fleets that one may see, the latest first; those that wait."""
    (before,) = key_of(cursor, str) or (None,)
    seen = site.access.seen(person)
    found = site.approvals.list(fleet, states=state, seen=seen, before=before, limit=limit + 1)
    return page(found, limit, lambda one: (one.id,))


@router.get(
    "/fleets/{fleet}/approvals/{approval}",
    summary="Tell an approval",
    **needs(Right.READ, Over.FLEET, recent=True),
)
def get_approval(fleet: str, approval: str, site: TheSite) -> Approval:
    """Return what is asked about a challenger, and what speaks for it and against it."""
    found = site.approvals.get(approval)
    if found.fleet != fleet:
        raise NotFound(f"fleet {fleet} has no approval {approval}.")
    return found


@router.post(
    "/fleets/{fleet}/approvals/{approval}/answer",
    summary="Approve or refuse a challenger",
    responses=responses(409),
    **needs(Right.PROMOTE, Over.FLEET),
)
def answer_approval(
    fleet: str,
    approval: str,
    said: Answer,
    site: TheSite,
    person: Caller,
    after: BackgroundTasks,
) -> Approval:
    """Say whether a challenger becomes champion; one that is approved does so at once."""
    get_approval(fleet, approval, site)
    given = answer(site, approval, person, approve=said.approve, note=said.note, show=False)
    after.add_task(site.registry.repair)
    return given


# ---------------------------------------------------------------- verdicts
@router.get(
    "/events/{event}/verdict-preview",
    summary="What a verdict would do",
    **needs(Right.ANNOTATE, Over.EVENT),
)
def preview_verdict(
    event: str,
    site: TheSite,
    verdict: Annotated[Verdict, Query(description="What the event would be called.")] = "false",
) -> VerdictPreview:
    """Tell which events would be gone if a verdict fed the next training, true ones among them.

    The models of the machine are learned twice for it, which takes seconds; nothing is written.
    """
    with heavy():
        return verdicts.preview(site, [event], verdict, engine="local")

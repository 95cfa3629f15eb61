"""Backtests, challengers that wait for somebody's word, and what verdicts would do."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

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
from appliance.schemas.approval import Approval, ApprovalAnswer, ApprovalState
from appliance.schemas.backtest import Backtest, VerdictPreview
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
    "/fleets/{fleet}/approvals",
    summary="List challengers that somebody is asked about",
    **needs(Right.READ, Over.FLEET, recent=True),
)
def list_approvals(
    fleet: str,
    site: TheSite,
    state: Annotated[list[ApprovalState], Query(max_length=4)] = [ApprovalState.WAITING],  # noqa: B006 - never changed
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Approval]:
    """Return approvals of a fleet, the latest first: those that wait, if not said otherwise."""
    (before,) = key_of(cursor, str) or (None,)
    found = site.approvals.list(fleet, states=state, before=before, limit=limit + 1)
    return page(found, limit, lambda one: (one.id,))


@router.post(
    "/fleets/{fleet}/approvals/{approval}",
    summary="Approve or refuse a challenger",
    responses=responses(409),
    **needs(Right.PROMOTE, Over.FLEET),
)
def answer_approval(
    fleet: str, approval: str, said: ApprovalAnswer, site: TheSite, person: Caller
) -> Approval:
    """Say whether a challenger becomes champion; one that is approved does so at once."""
    if site.approvals.get(approval).fleet != fleet:
        raise NotFound(f"fleet {fleet} has no approval {approval}.")
    return answer(site, approval, person, approve=said.approve, note=said.note)


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

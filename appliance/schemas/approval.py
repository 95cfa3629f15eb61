"""Approvals: challengers that wait for somebody's word, and what retraining a fleet did."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from appliance.schemas.base import FleetName, Schema

PromoteWhen = Literal["when better", "ask", "never"]
"""When a challenger becomes champion by itself."""


class ApprovalState(StrEnum):
    """Where an approval stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    """A later challenger of the fleet was asked about."""


class Check(Schema):
    """One condition of the rule by which a challenger is better, and whether it holds."""

    name: str
    passed: bool
    text: str


class ApprovalDraft(Schema):
    """What is asked.

    Attributes
    ----------
    version, champion
        The challenger, and the champion that it was compared with.
    backtest
        Where the figures are.
    checks
        What speaks for it and against it.
    by
        Who asks.
    """

    fleet: FleetName
    version: int
    champion: int
    backtest: str
    checks: tuple[Check, ...]
    by: str


class Approval(ApprovalDraft):
    """A challenger that somebody is asked to make champion.

    Attributes
    ----------
    answered, answered_by, note
        None and empty while it waits.
    """

    id: str
    state: ApprovalState
    asked: AwareDatetime
    answered: AwareDatetime | None = None
    answered_by: str | None = None
    note: str = ""


class Answer(Schema):
    """What somebody says to an approval."""

    approve: bool
    note: str = Field("", max_length=2_000, examples=["after the overhaul"])


class RetrainReport(Schema):
    """What retraining a fleet did.

    Attributes
    ----------
    version
        The challenger.
    champion
        What alarmed before; None where there was none, so that the challenger became it.
    backtest
        The comparison; None without a champion.
    checks
        The conditions of the rule.
    better
        Whether all of them hold.
    outcome
        ``promoted``; ``waits`` for the answer to `approval`; ``kept``: the champion stays.
    """

    fleet: FleetName
    version: int
    champion: int | None
    backtest: str | None = None
    checks: tuple[Check, ...] = ()
    better: bool = True
    outcome: Literal["promoted", "waits", "kept"]
    approval: str | None = None

"""The pages: one file each, all alike; `show` draws one from its address and the platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ui.views import (
    administration,
    asset,
    backtest,
    calendar,
    data,
    event,
    events,
    job,
    jobs,
    me,
    model,
    models,
    notebooks,
    overview,
    pipelines,
    platform,
    schedules,
    scorecard,
)


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes
    ----------
    name
        In its address, and of its texts.
    listed
        Whether the navigation has it; others are reached by links.
    open_to
        The right without which it is not offered.
    """

    name: str
    icon: str
    show: Callable[[], None]
    listed: bool = True
    open_to: str | None = None


PAGES = {
    "monitor": (
        Page("overview", ":material/grid_view:", overview.show),
        Page("events", ":material/notifications:", events.show),
        Page("asset", ":material/precision_manufacturing:", asset.show, listed=False),
        Page("event", ":material/notification_important:", event.show, listed=False),
        Page("scorecard", ":material/fact_check:", scorecard.show),
    ),
    "configure": (
        Page("models", ":material/model_training:", models.show),
        Page("model", ":material/model_training:", model.show, listed=False),
        Page("backtest", ":material/balance:", backtest.show, listed=False),
        Page("data", ":material/database:", data.show),
        Page("calendar", ":material/calendar_month:", calendar.show),
        Page("schedules", ":material/schedule:", schedules.show),
        Page("pipelines", ":material/account_tree:", pipelines.show),
        Page("jobs", ":material/checklist:", jobs.show),
        Page("job", ":material/checklist:", job.show, listed=False),
        Page("notebooks", ":material/book_4:", notebooks.show, open_to="register_code"),
    ),
    "administration": (
        Page("platform", ":material/monitor_heart:", platform.show),
        Page(
            "administration",
            ":material/shield_person:",
            administration.show,
            open_to="manage_members",
        ),
        Page("me", ":material/account_circle:", me.show, listed=False),
    ),
}
"""By section of the navigation, in the order in which they are shown."""

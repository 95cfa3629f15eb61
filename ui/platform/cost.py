"""Costs put together for the eye: curves by day, and what each is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import fsum

from appliance.schemas.cost import Budget, CostBy, CostDay, Costs, Estimate
from ui import formats, theme
from ui.components.plot import Curve
from ui.jobs import words
from ui.text import known, t

MONTHS = 12
_NAMED = 5
"""As many as there are colours that eyes of every kind tell apart, with one for the rest."""
_REST = "*"


@dataclass(frozen=True)
class Named:
    """One of those among whom costs are split, as it is drawn."""

    key: str
    name: str
    colour: str


def months(today: date) -> list[str]:
    """Return this month and those before it, as the address names them."""
    found, first = [], today.replace(day=1)
    for _ in range(MONTHS):
        found.append(f"{first:%Y-%m}")
        first = (first - timedelta(days=1)).replace(day=1)
    return found


def name_of(key: str, by: CostBy) -> str:
    """Return what one of those among whom costs are split is called."""
    if key == _REST:
        return t("cost.rest")
    if not key:
        return t("cost.no_machine" if by is CostBy.ASSET else "cost.nobody")
    if by is CostBy.PIPELINE:
        return t("cost.storage") if key == "storage" else words.pipeline(key)
    if by is CostBy.USER:
        return formats.who(key)
    return key.replace("/", " · ") if by is CostBy.ASSET else key


def named(told: Costs) -> list[Named]:
    """Return those whose bars have a colour of their own: the dearest."""
    by = CostBy.FLEET if told.by is CostBy.ASSET else told.by
    sums: dict[str, float] = {}
    for day in told.days:
        for key, amount in day.amounts.items():
            sums[key] = sums.get(key, 0.0) + amount
    ranked = sorted(sums, key=lambda key: (-sums[key], key))[:_NAMED]
    return [
        Named(key, name_of(key, by), theme.CATEGORIES[place])
        for place, key in enumerate(ranked)
    ]


def curves(told: Costs, shown: Sequence[Named]) -> list[Curve]:
    """Return bars that stand on each other: the dearest, and the rest."""
    own = {one.key for one in shown}
    found = [
        Curve(
            one.name,
            [day.amounts.get(one.key, 0.0) for day in told.days],
            one.colour,
            bars=True,
        )
        for one in shown
    ]
    rest = [_rest(day, own) for day in told.days]
    if any(rest):
        found.append(Curve(t("cost.rest"), rest, theme.CATEGORIES[_NAMED], bars=True))
    return found


def machine_curves(told: Costs) -> list[Curve]:
    """Return bars of what was used and of what nobody used; none where that is not told."""
    if not any(day.idle for day in told.days):
        return []
    used = [fsum(day.amounts.values()) for day in told.days]
    idle = [day.idle or 0.0 for day in told.days]
    return [
        Curve(t("cost.used"), used, theme.CATEGORIES[0], bars=True),
        Curve(t("cost.idle"), idle, theme.tokens()["quiet"], bars=True),
    ]


def _rest(day: CostDay, own: set[str]) -> float:
    return fsum(amount for key, amount in day.amounts.items() if key not in own)


def amount(value: float | None, currency: str) -> str:
    """Return an amount; a dash for none."""
    return "–" if value is None else formats.money(value, currency)


_COLOURS: Mapping[str, str] = {"within": "", "warned": "plan", "spent": "act"}


def colour_of(budget: Budget) -> str:
    """Return the colour that says how a budget stands."""
    token = _COLOURS[budget.state]
    return theme.tokens()[token] if token else theme.CATEGORIES[2]


def sentence(found: Estimate) -> str:
    """Return how long a run will take and what it will cost, before it is asked for."""
    told = t(
        "cost.will_take",
        span=formats.span(timedelta(seconds=round(found.seconds))),
        amount=formats.money(found.amount, found.currency),
    )
    if found.basis == "prior":
        return t("formats.sentences", one=told, two=t("cost.by_prior"))
    between = t(
        "cost.between",
        low=formats.span(timedelta(seconds=round(found.seconds_low))),
        high=formats.span(timedelta(seconds=round(found.seconds_high))),
        amount_low=formats.money(found.amount_low, found.currency),
        amount_high=formats.money(found.amount_high, found.currency),
    )
    return t("formats.sentences", one=told, two=between)


def state_word(budget: Budget) -> str:
    """Return how a budget stands, as a word."""
    key = f"cost.state_{budget.state}"
    return t(key) if known(key) else budget.state

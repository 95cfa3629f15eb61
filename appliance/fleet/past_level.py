"""The alarm level of a machine whose past is too long to learn from all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from appliance.calendar.masks import Masks
from appliance.fleet.artifact import Arrays
from appliance.fleet.chunks import AssetRows, Columns
from appliance.fleet.guide import Guide
from appliance.fleet.judging import AssetModel
from appliance.fleet.learning import Fitted
from appliance.fleet.levels import Promise, budget_note
from appliance.fleet.own_level import OwnScale, learn_own_level
from appliance.fleet.past import Around, Past
from appliance.fleet.series import MICRO
from appliance.fleet.vouching import silent_at, stay_silent
from appliance.schemas.manifest import Stretch
from appliance.schemas.recipe import Recipe

_SHARE = 0.5
"""Of the rows learned from: fewer others tell less of the level than these do."""


@dataclass(frozen=True)
class Rules:
    """What a machine is learned by.

    Attributes
    ----------
    masks, guide
        Rows that are not learned from, and what people said of events.
    """

    columns: Columns
    recipe: Recipe
    masks: Masks
    guide: Guide


def level_by_past(fitted: Fitted, found: AssetRows, past: Past, rules: Rules) -> Fitted:
    """Return what was learned from a long past's stretches, at the level of all between them.

    Where too little between them can be judged, it stays at the level of the stretches.

    Parameters
    ----------
    fitted, found
        What was learned, and from which rows.
    """
    learned = tuple(Stretch(start=one.start, end=one.end) for one in past.learned)
    entry, arrays = fitted.entry.model_copy(update={"learned": learned}), fitted.arrays
    said = _said(past, AssetModel(entry, arrays, rules.recipe), rules)
    known = int(np.isfinite(said.final).sum())
    if known < _SHARE * entry.rows:
        return Fitted(arrays, entry)
    interval = round(entry.interval_seconds * MICRO)
    promise = Promise.of(interval, rules.recipe.threshold, said.unanswered)
    alarm, own = learn_own_level(said.final, said.live, promise)
    arrays = {**arrays, **own}
    entry = entry.model_copy(
        update={
            "threshold": float(alarm.level),
            "budget": budget_note(alarm),
            "levelled_rows": known,
        }
    )
    entry, arrays = silent_at(entry, arrays, _surprise_of_called(said, arrays), rules.recipe)
    vouched = rules.guide.in_normal_running(found.asset, found.rows.times)
    if vouched is not None:
        sensors, recipe = rules.columns.sensors, rules.recipe
        entry, arrays = stay_silent(entry, arrays, found.rows, sensors, recipe, vouched)
    return Fitted(arrays, entry)


@dataclass(frozen=True)
class _Said:
    """What a sub-model says of rows that it was not learned from.

    Attributes
    ----------
    final, live
        Surprise; the latter None where there are no live scores.
    called
        Whether a person called the rows normal.
    unanswered
        Events among them that nobody answered.
    """

    final: NDArray[np.float64]
    live: NDArray[np.float64] | None
    called: NDArray[np.bool_]
    unanswered: int


def _said(past: Past, model: AssetModel, rules: Rules) -> _Said:
    """Judge piece after piece of what lies between the stretches."""
    entry, columns, guide = model.entry, rules.columns, rules.guide
    step = timedelta(seconds=entry.interval_seconds)
    around = Around((entry.warm_rows + 1) * step, (entry.after_rows + 1) * step)
    forms = (False, True) if model.has_live_scores else (False,)
    surprise: list[list[NDArray[np.float64]]] = [[np.zeros(0)] for _ in forms]
    called, unanswered = [np.zeros(0, bool)], 0
    for found, inside, goes_on in past.pieces(past.beside, columns, rules.masks, around):
        own = model.rows_of(found.rows, columns.sensors)
        for at_once, into in zip(forms, surprise, strict=True):
            judged = model.judge(own, explain=False, goes_on=goes_on, live=at_once)
            into.append(judged.surprise[inside])
        times = found.rows.times[inside]
        normal = guide.in_normal_running(found.asset, times)
        called.append(np.zeros(len(times), bool) if normal is None else normal)
        unanswered += guide.unanswered(found.asset, times)
    final, live = np.concatenate(surprise[0]), None
    if model.has_live_scores:
        live = np.concatenate(surprise[1])
    return _Said(final, live, np.concatenate(called), unanswered)


def _surprise_of_called(said: _Said, arrays: Arrays) -> NDArray[np.float64]:
    """Return the surprise of rows that a person called normal, the higher of both forms."""
    own = OwnScale.of(arrays)
    out = said.final[said.called] if own is None else own.surprise(said.final[said.called])
    at_once = OwnScale.of(arrays, live=True)
    if said.live is None or at_once is None:
        return out
    return np.asarray(np.fmax(out, at_once.surprise(said.live[said.called])))

"""What a detector can do, as data that callers and the common checks read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tags:
    """Capabilities of a detector.

    Attributes
    ----------
    ordered
        Rows are a time series: their order carries meaning.
    handles_missing
        NaN is accepted in ``fit`` and ``score``.  Where false, callers fill first.
    masks_columns
        A column that is NaN throughout ``score`` is left out of the judgement, and the
        others are judged as if it had never been there.
    multivariate
        More than one column is accepted.
    partial_fit
        It has a method ``partial_fit(X)`` that continues learning from more rows.
    min_rows
        Fewest rows that ``fit`` accepts.
    exact_contributions
        Contributions are terms of the score itself, not an approximation of it.
    scale_invariant
        Multiplying a column by a positive number, in ``fit`` and ``score`` alike, changes no
        score beyond rounding.
    logarithmic
        Scores are means of logarithms of distances.  What lies ten times as far off is then
        hardly higher: surprise is made of the distances (see
        :class:`detectors.thresholds.SurpriseScale`).
    deterministic
        Fitting twice with the same parameters gives the same scores.
    pickle_free
        `state` is plain numbers; where false it is a signed pickle (see
        :mod:`detectors.models.pyod`).
    """

    ordered: bool = False
    handles_missing: bool = False
    masks_columns: bool = False
    multivariate: bool = True
    partial_fit: bool = False
    min_rows: int = 20
    exact_contributions: bool = False
    scale_invariant: bool = False
    logarithmic: bool = False
    deterministic: bool = True
    pickle_free: bool = True

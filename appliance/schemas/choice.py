"""What the default chose by itself for one machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from appliance.schemas.base import Schema

View = Literal[
    "raw",
    "level_free",
    "shape",
    "summary",
    "long_level_free",
    "long_shape",
    "nearest_shapes",
    "joint",
]


class Choice(Schema):
    """Facts of the training data, and what was chosen by them.

    Attributes
    ----------
    rows
        Learned from.
    missing
        Share of the judged sensors' readings that are not there.
    sensors
        Judged by the detector.
    switches, gappy
        Left out: those that hold only 0 and 1, and those with too few windows without gaps.
    period
        Rows after which a single sensor repeats itself; None without such, and for several.
    windows
        Rows of the short, the long and the joint window.
    views
        How windows are compared.
    left_out
        Ways that are not taken, each with the reason.
    """

    rows: int
    missing: float
    sensors: tuple[str, ...]
    switches: tuple[str, ...] = ()
    gappy: tuple[str, ...] = ()
    period: int | None = None
    windows: tuple[int, int, int]
    views: tuple[View, ...]
    left_out: dict[
        View, Literal["one sensor", "several sensors", "too few windows", "weight 0"]
    ]

    @classmethod
    def of(cls, found: Mapping[str, Any], names: Sequence[str]) -> Self | None:
        """Return what a detector's `choices` tell, its columns by name; None for none."""
        if not found:
            return None
        columns = {
            kind: tuple(names[column] for column in found[kind])
            for kind in ("sensors", "switches", "gappy")
        }
        known = {name: found[name] for name in cls.model_fields if name in found}
        return cls(**(known | columns))

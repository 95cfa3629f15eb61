"""Result lines: one JSON object each, or a table to read."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

COLUMNS = ("name", "case", "ours", "rival", "unit", "ratio", "goal", "peak_mb", "rival_peak_mb")
_WIDTHS = {"name": 12, "case": 64, "unit": 6}

LESS = frozenset(
    {"s", "ms", "µs", "ms cpu", "µs cpu", "µs/asset", "µs/row", "MB", "GiB", "CPU", "jobs"}
)
"""Units of which less is better."""
RATES = frozenset({"rows/s", "req/s"})
"""Units of which more is."""


class UnknownUnit(ValueError):
    """Nobody has said whether less of it is better, so that no gate could judge it."""


@dataclass(frozen=True)
class Line:
    """What one case gave.

    Attributes
    ----------
    ours, rival
        In ``unit``, one of `LESS` or `RATES`; the best of the repeats of each side.
    ratio
        How many times better ours is.
    goal
        Smallest ratio that was asked for, if any.
    more
        Further keys: data, machine, repeats.
    """

    name: str
    case: str
    ours: float
    rival: float
    unit: str
    ratio: float
    goal: float | None
    peak_mb: float
    rival_peak_mb: float
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.unit not in LESS | RATES:
            raise UnknownUnit(f"{self.name}, {self.case}: unit {self.unit!r} is not known")

    def data(self) -> dict[str, Any]:
        """Return the line as JSON."""
        values = {name: _short(getattr(self, name)) for name in COLUMNS}
        return values | {name: _short(value) for name, value in self.more.items()} | machine()


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "cpu": _cpu(),
        "cpus": os.cpu_count() or 1,
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    names = (row.split(":", 1)[1] for row in text.splitlines() if row.startswith("model name"))
    return next(names, platform.processor()).strip()


class Printer:
    """Prints lines as they come.

    Parameters
    ----------
    as_json
        One object a line in place of the table.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._begun = False

    def show(self, line: Line) -> None:
        """Print a line."""
        data = line.data()
        if self._as_json:
            print(json.dumps(data), flush=True)
            return
        if not self._begun:
            self._begun = True
            print(_row({name: name for name in COLUMNS}))
        print(_row(data), flush=True)


def _row(data: dict[str, Any]) -> str:
    return "  ".join(_cell(name, data[name]) for name in COLUMNS)


def _cell(name: str, value: Any) -> str:
    text = "-" if value is None else f"{value:,.4g}" if isinstance(value, float) else str(value)
    if isinstance(value, float) and abs(value) >= 1000:
        text = f"{value:,.0f}"
    width = _WIDTHS.get(name, 13)
    return text.ljust(width) if name in ("name", "case", "unit") else text.rjust(width)

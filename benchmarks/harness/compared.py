"""Result lines of two versions held against each other, with what repeats differ by anyway."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from benchmarks.harness.lines import LESS, RATES

Verdict = Literal["worse", "same", "better"]
Said: TypeAlias = Mapping[str, Any]
"""A result line, as `benchmarks.harness.lines` writes it."""
_MEMORY = ("MB", "GiB")
_MACHINE = ("cpu", "cpus", "memory_gb", "python")


class NotComparable(Exception):
    """Lines that say nothing about each other; the text is why."""


@dataclass(frozen=True)
class Compared:
    """One figure of one case in both versions.

    Attributes
    ----------
    what
        ``ours``, ``cpu_seconds`` or ``peak_mb``: the key that it stands under.
    old, new
        The best of the runs, in ``unit``.
    ratio
        What the new version takes of what the old one takes; above 1 it is slower, or larger,
        also where ``unit`` is a rate.
    spread
        By what part the run in the middle is worse than the best, of the version where it is
        more.
    old_runs, new_runs
        How many there were.
    """

    name: str
    case: str
    what: str
    unit: str
    old: float
    new: float
    ratio: float
    spread: float
    old_runs: int
    new_runs: int
    verdict: Verdict

    def data(self) -> dict[str, Any]:
        """Return it as JSON, which has no word for a ratio to nothing."""
        ratio = round(self.ratio, 4) if math.isfinite(self.ratio) else None
        return asdict(self) | {"ratio": ratio, "spread": round(self.spread, 4)}


def read(path: Path) -> list[Said]:
    """Return the lines of a file.

    Raises
    ------
    NotComparable
        It cannot be read, or holds something else.
    """
    try:
        return parsed(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise NotComparable(f"{path} cannot be read: {error}") from error


def parsed(text: str, where: str) -> list[Said]:
    """Return the lines of a text; see `read`."""
    found: list[Said] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            told = json.loads(line)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise NotComparable(f"{where}, line {number}: no result line of a benchmark")
        found.append(told)
    return found


def compare(old: Iterable[Said], new: Iterable[Said], tolerance: float) -> list[Compared]:
    """Return every figure that both versions have, in the order of the old one.

    Parameters
    ----------
    tolerance
        Part by which the new one may be worse, beyond the spread.

    Raises
    ------
    NotComparable
        Both have nothing in common, other machines measured them, or a unit is not known.
    """
    before, after = _figures(old), _figures(new)
    found = [
        _compared(key, before[key], after[key], tolerance) for key in before if key in after
    ]
    if not found:
        raise NotComparable("no case is in both")
    machines = {one.machine for side in (before, after) for one in side.values()}
    if len(machines) > 1:
        told = "; ".join(sorted(", ".join(map(str, one)) for one in machines))
        raise NotComparable(f"they were measured on different machines: {told}")
    return found


def alone(old: Iterable[Said], new: Iterable[Said]) -> list[tuple[str, str, str]]:
    """Return which cases only one version has: ``old`` or ``new``, name, case."""
    before, after = (
        dict.fromkeys(_case(one) for one in side if _judged(one)) for side in (old, new)
    )
    return [
        *(("old", *one) for one in before if one not in after),
        *(("new", *one) for one in after if one not in before),
    ]


# ---------------------------------------------------------------- figures
_Key: TypeAlias = tuple[str, str, str]


@dataclass
class _Runs:
    unit: str
    machine: tuple[Any, ...]
    values: list[float]

    @property
    def costs(self) -> list[float]:
        """What less of is better, the best first."""
        rate = self.unit in RATES
        return sorted(1 / one if rate and one else one for one in self.values)


def _judged(line: Said) -> bool:
    """Tell whether a line is a cost; those of `quality` are none, and a unit must be known."""
    if "case" not in line or "unit" not in line:
        return False
    if line["unit"] not in LESS | RATES:
        raise NotComparable(f"{', '.join(_case(line))}: unit {line['unit']!r} is not known")
    return True


def _case(line: Said) -> tuple[str, str]:
    return str(line["name"]), str(line["case"])


def _figures(lines: Iterable[Said]) -> dict[_Key, _Runs]:
    found: dict[_Key, _Runs] = {}
    for line in filter(_judged, lines):
        for what, unit in _told(line):
            machine = tuple(line.get(name) for name in _MACHINE)
            runs = found.setdefault((*_case(line), what), _Runs(unit, machine, []))
            runs.values.append(float(line[what]))
    return found


def _told(line: Said) -> Iterator[tuple[str, str]]:
    """Yield the keys of a line's figures with their units; each figure once."""
    yield "ours", line["unit"]
    for what, unit in (("cpu_seconds", "s"), ("peak_mb", "MB")):
        value = line.get(what)
        known = what == "peak_mb" and line["unit"] in _MEMORY
        if isinstance(value, int | float) and value > 0 and not known:
            yield what, unit


def _compared(key: _Key, old: _Runs, new: _Runs, tolerance: float) -> Compared:
    name, case, what = key
    before, after = old.costs, new.costs
    ratio = _share(after[0], before[0])
    spread = max(_share(statistics.median(costs), costs[0]) - 1 for costs in (before, after))
    limit = (1 + tolerance) * (1 + spread)
    verdict: Verdict = "worse" if ratio > limit else "better" if ratio < 1 / limit else "same"
    rate = old.unit in RATES
    best = max if rate else min
    return Compared(
        name=name,
        case=case,
        what=what,
        unit=old.unit,
        old=best(old.values),
        new=best(new.values),
        ratio=ratio,
        spread=spread,
        old_runs=len(old.values),
        new_runs=len(new.values),
        verdict=verdict,
    )


def _share(one: float, other: float) -> float:
    if other:
        return one / other
    return float("inf") if one else 1.0

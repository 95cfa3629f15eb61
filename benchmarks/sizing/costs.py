"""What single steps cost: kept figures of a date, or those that result lines tell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from scipy.optimize import nnls

Said: TypeAlias = Mapping[str, Any]
"""A result line, as `benchmarks.harness.lines` writes it."""
_LONGEST = 1_000_000
"""Rows of an asset; longer pasts of made-up readings repeat values by chance, and cost more."""
_FEWEST = 0.05
"""Seconds; less than that is counted in too few ticks of the clock."""


class CostsMissing(Exception):
    """Result lines do not tell all costs; the text is what is missing, and who measures it."""


@dataclass(frozen=True)
class Costs:
    """What work costs on one core, and what is kept, in single measurements.

    The defaults are those of 2026-11-27, one core of an Intel Xeon at 2.5 GHz (virtual), others
    at work; those of a run, of an event and of a table's plan came later, and are 0 there.

    Attributes
    ----------
    ingest_row_us, ingest_cell_us
        Bringing in a reading, and each of its values.
    fit_run_ms, fit_asset_ms, fit_row_us, fit_cell_us
        Training: a run of it, a machine, each of its rows, and each of their values.
    score_run_ms, score_asset_ms, score_row_us, score_cell_us
        A scoring run, opening a machine's model in it, judging a row and its values.
    plan_asset_ms
        What only one process can do in a run, by machine: reading the manifest.
    plan_row_us
        The same by row, where a bucket of assets is cut into chunks.
    commit_ms
        The same by commit of a chunk.
    reading_bytes, value_bytes
        A row of readings on the disk without its values, and each of these.
    score_bytes, share_bytes
        A row of scores without its shares, and what each sensor adds, of which few have one.
    model_kb
        A machine's model on the disk.
    entry_kb
        What each process that has a model open holds of every machine.
    event_ms, event_kb
        An event in the database, which one process after the other writes to.
    process_gb, chunk_gb
        A process before it has anything to do, and a chunk under way.
    """

    ingest_row_us: float = 0.8
    ingest_cell_us: float = 0.054
    fit_run_ms: float = 0.0
    fit_asset_ms: float = 7.5
    fit_row_us: float = 0.8
    fit_cell_us: float = 0.03
    score_run_ms: float = 0.0
    score_asset_ms: float = 3.7
    score_row_us: float = 0.95
    score_cell_us: float = 0.03
    plan_asset_ms: float = 0.16
    plan_row_us: float = 0.0
    commit_ms: float = 25.0
    reading_bytes: float = 1.2
    value_bytes: float = 4.0
    score_bytes: float = 11.2
    share_bytes: float = 0.0
    model_kb: float = 102.0
    entry_kb: float = 9.4
    event_ms: float = 0.0
    event_kb: float = 0.0
    process_gb: float = 0.27
    chunk_gb: float = 0.15


def read(file: Path) -> list[Said]:
    """Return the result lines of a file, as ``make bench`` writes it.

    Raises
    ------
    CostsMissing
        It cannot be read, or a line of it is none.
    """
    try:
        lines = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise CostsMissing(f"{file} holds no result lines: {error}.") from error
    if not all(isinstance(line, dict) for line in lines):
        raise CostsMissing(f"{file} holds lines that are no JSON objects.")
    return lines


def costs_of(lines: Iterable[Said]) -> Costs:
    """Reckon costs from result lines, by least squares of the relative error, none below 0.

    Parameters
    ----------
    lines
        Those of ``scale`` and of ``ingest``; those of ``fleet_fit`` and ``batch_score`` by the
        engine ``local`` are taken in where they are there.

    Raises
    ------
    CostsMissing
        What is missing, all of it, and what measures it.
    """
    found = _Found(list(lines))
    made = {
        **found.work("ingest", "ingest", ("row_us", "cell_us")),
        **found.work("fit", "fit", ("run_ms", "asset_ms", "row_us", "cell_us")),
        **found.work("score", "score", ("run_ms", "asset_ms", "row_us", "cell_us")),
        **found.disk(),
        **found.single(),
    }
    if found.missing:
        raise CostsMissing(
            "the lines do not tell "
            + "; ".join(found.missing)
            + ". `python -m benchmarks scale --json` and `ingest --json` write them."
        )
    return Costs(**made)


@dataclass
class _Found:
    """Result lines, and what is missed in them."""

    lines: Sequence[Said]
    missing: list[str] = field(default_factory=list)

    def work(self, name: str, stage: str, terms: Sequence[str]) -> dict[str, float]:
        """Return what a stage costs by each of some terms."""
        seen = {(*shape, seconds) for *shape, seconds in self._measured(stage)}
        shapes = {shape for *shape_, _ in seen for shape in [tuple(shape_)]}
        if len(shapes) < len(terms):
            self.missing.append(
                f"{stage} of {len(terms)} or more sizes that differ (there are {len(shapes)})"
            )
            return {}
        columns = [_COLUMNS[term.partition("_")[0]](*one[:3]) for one in seen for term in terms]
        matrix = np.array(columns, float).reshape(len(seen), len(terms))
        seconds = np.array([one[3] for one in seen])
        found, _ = nnls(matrix / seconds[:, None], np.ones(len(seen)))
        return {
            f"{name}_{term}": float(value) * _UNITS[term.rpartition("_")[2]]
            for term, value in zip(terms, found, strict=True)
        }

    def _measured(self, stage: str) -> Iterator[tuple[int, int, int, float]]:
        """Yield assets, rows of each, sensors and processor time."""
        for line in self.lines:
            engine = str(line.get("engine", line.get("case", "")))
            usable = {
                "scale": line.get("stage") == stage,
                "ingest": stage == "ingest" and str(line.get("case")).endswith("parquet"),
                "fleet_fit": stage == "fit"
                and line.get("recipe") == "forest"
                and engine == "local",
                "batch_score": stage == "score" and "local" in engine,
            }
            if usable.get(str(line.get("name"))) and "cpu_seconds" in line:
                shape = int(line["assets"]), int(line["rows"]), int(line["sensors"])
                if shape[1] <= _LONGEST and line["cpu_seconds"] > _FEWEST:
                    yield *shape, float(line["cpu_seconds"])

    def disk(self) -> dict[str, float]:
        """Return what a row of readings and one of scores take, and each sensor of them."""
        return {**self._by_width("reading", "value"), **self._by_width("score", "share")}

    def _by_width(self, row: str, cell: str) -> dict[str, float]:
        key = f"{row}_bytes"
        widths = {int(line["sensors"]): float(line[key]) for line in self.lines if key in line}
        if len(widths) < 2:
            self.missing.append(f"{key} of two or more numbers of sensors")
            return {}
        slope, base = np.polyfit([*widths], [*widths.values()], 1)
        return {key: max(float(base), 0.0), f"{cell}_bytes": float(slope)}

    def single(self) -> dict[str, float]:
        """Return what is told as it is, by the largest fleet."""
        made = {}
        for name, (key, unit) in _SINGLE.items():
            told = [line for line in self.lines if key in line and "assets" in line]
            if told:
                largest = max(told, key=lambda line: int(line["assets"]))
                made[name] = float(largest[key]) * unit
            else:
                self.missing.append(key)
        return made


_COLUMNS = {
    "run": lambda _assets, _rows, _sensors: 1,
    "asset": lambda assets, _rows, _sensors: assets,
    "row": lambda assets, rows, _sensors: assets * rows,
    "cell": lambda assets, rows, sensors: assets * rows * sensors,
}
_UNITS = {"ms": 1e3, "us": 1e6}
_SINGLE = {
    "plan_asset_ms": ("open_ms_asset", 1.0),
    "plan_row_us": ("cut_us_row", 1.0),
    "commit_ms": ("commit_ms", 1.0),
    "model_kb": ("model_kb_asset", 1.0),
    "entry_kb": ("held_kb_asset", 1.0),
    "event_ms": ("event_ms", 1.0),
    "event_kb": ("event_kb", 1.0),
    "process_gb": ("process_mb", 2**20 / 1e9),
    "chunk_gb": ("chunk_mb", 2**20 / 1e9),
}
"""By cost, the key of the line that tells it, and its unit."""

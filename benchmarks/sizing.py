"""``sizing``: what machine a plant needs, from measured costs, and what gives way first.

A calculation, not a measurement: `Costs` holds what `scale`, `fleet_fit`, `batch_score` and
`ingest` measured, and `needs` adds it up for a plant.  See docs/explanation/sizing.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

_DAY = 86_400.0
_GB = 1e9
SIZES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Costs:
    """What work costs on one core, and what is kept, in single measurements.

    Attributes
    ----------
    ingest_row_us, ingest_cell_us
        Bringing in a reading, and each of its values.
    fit_asset_ms, fit_row_us, fit_cell_us
        Learning a machine, each of its rows, and each of their values.
    score_asset_ms, score_row_us, score_cell_us
        Opening a machine's model in a run, and judging a row and its values.
    plan_asset_ms
        What only one process can do in a run, by machine: reading the manifest.
    commit_ms
        The same by commit of a chunk.
    reading_bytes, value_bytes, score_bytes
        A row of readings on the disk without its values, each of these, a row of scores.
    model_kb
        A machine's model on the disk.
    entry_kb
        What each process that has a model open holds of every machine.
    process_gb, chunk_gb
        A process before it has anything to do, and a chunk under way.
    """

    ingest_row_us: float = 0.8
    ingest_cell_us: float = 0.054
    fit_asset_ms: float = 7.5
    fit_row_us: float = 0.8
    fit_cell_us: float = 0.03
    score_asset_ms: float = 3.7
    score_row_us: float = 0.95
    score_cell_us: float = 0.03
    plan_asset_ms: float = 0.16
    commit_ms: float = 25.0
    reading_bytes: float = 1.2
    value_bytes: float = 4.0
    score_bytes: float = 11.2
    model_kb: float = 102.0
    entry_kb: float = 9.4
    process_gb: float = 0.27
    chunk_gb: float = 0.15


@dataclass(frozen=True)
class Plant:
    """How many machines, and what is asked of them.

    Attributes
    ----------
    interval_seconds
        From reading to reading.
    learn_days, retrain_days
        Days that a model is learned from, and after which it is learned anew.
    keep_days
        Days that readings and scores are kept.
    runs_a_day
        Scoring runs.
    versions
        Models that are kept.
    """

    assets: int
    sensors: int = 20
    interval_seconds: float = 60.0
    learn_days: float = 90.0
    retrain_days: float = 30.0
    keep_days: float = 365.0
    runs_a_day: float = 24.0
    versions: int = 10

    @property
    def rows_a_day(self) -> float:
        """Readings of all machines."""
        return self.assets * _DAY / self.interval_seconds


@dataclass(frozen=True)
class Machine:
    """What there is of a machine, or of a cluster; `busy` is how far its cores may be used."""

    cores: int = 8
    memory_gb: float = 32.0
    disk_gb: float = 2_000.0
    busy: float = 0.7
    chunk_cells: float = 12e6


def needs(plant: Plant, machine: Machine, costs: Costs | None = None) -> dict[str, float]:
    """Return how much of each thing a plant takes of a machine; above 1 it is too small.

    Returns
    -------
    dict
        ``processor``: of its cores; ``one process``: of the time between two runs, what cannot
        be shared among cores; ``memory``; ``disk``.
    """
    costs = costs or Costs()
    processor = processor_seconds(plant, costs) / (_DAY * machine.cores * machine.busy)
    return {
        "processor": processor,
        "one process": _serial_seconds(plant, machine, costs) * plant.runs_a_day / _DAY,
        "memory": memory_gb(plant, machine, costs) / machine.memory_gb,
        "disk": disk_gb(plant, costs) / machine.disk_gb,
    }


def bottleneck(found: Mapping[str, float]) -> tuple[str, float]:
    """Return what is used most, and how far."""
    return max(found.items(), key=lambda item: item[1])


def processor_seconds(plant: Plant, costs: Costs) -> float:
    """Return seconds of one core a day: bringing in, judging, and learning anew."""
    rows, width = plant.rows_a_day, plant.sensors
    ingest = rows * (costs.ingest_row_us + width * costs.ingest_cell_us) / 1e6
    score = rows * (costs.score_row_us + width * costs.score_cell_us) / 1e6
    opened = plant.runs_a_day * plant.assets * costs.score_asset_ms / 1e3
    learned = rows * plant.learn_days / plant.retrain_days
    fit = learned * (costs.fit_row_us + width * costs.fit_cell_us) / 1e6
    fit += plant.assets / plant.retrain_days * costs.fit_asset_ms / 1e3
    return ingest + score + opened + fit


def _serial_seconds(plant: Plant, machine: Machine, costs: Costs) -> float:
    """Return seconds of a scoring run that only one process can do."""
    cells = plant.rows_a_day / plant.runs_a_day * plant.sensors
    chunks = max(cells / machine.chunk_cells, 4 * machine.cores)
    return plant.assets * costs.plan_asset_ms / 1e3 + chunks * costs.commit_ms / 1e3


def memory_gb(plant: Plant, machine: Machine, costs: Costs) -> float:
    """Return the memory of a worker process a core, and of the one that leads them."""
    held = costs.process_gb + plant.assets * costs.entry_kb * 1e3 / _GB
    return (1 + machine.cores) * held + machine.cores * costs.chunk_gb


def disk_gb(plant: Plant, costs: Costs) -> float:
    """Return what readings, scores and models take."""
    row = costs.reading_bytes + plant.sensors * costs.value_bytes + costs.score_bytes
    models = plant.versions * plant.assets * costs.model_kb * 1e3
    return (plant.rows_a_day * plant.keep_days * row + models) / _GB


def main(argv: list[str]) -> int:
    """Print what plants of growing size need."""
    plant, machine = Plant(0), Machine()
    parser = argparse.ArgumentParser(prog="python -m benchmarks sizing", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--assets", default=",".join(map(str, SIZES)))
    parser.add_argument("--sensors", type=int, default=plant.sensors)
    parser.add_argument("--interval", type=float, default=plant.interval_seconds)
    parser.add_argument("--cores", type=int, default=machine.cores)
    parser.add_argument("--memory", type=float, default=machine.memory_gb, help="GB")
    parser.add_argument("--disk", type=float, default=machine.disk_gb, help="GB")
    given = parser.parse_args(argv)
    machine = Machine(given.cores, given.memory, given.disk)
    if not given.json:
        print("    assets  processor  one process  memory    disk  first to give way")
    for number in str(given.assets).split(","):
        asked = Plant(int(number), given.sensors, given.interval)
        found = needs(asked, machine)
        name, _ = bottleneck(found)
        if given.json:
            print(json.dumps({**asdict(asked), **found, "bottleneck": name}))
        else:
            used = "  ".join(f"{share:9.1%}" for share in found.values())
            print(f"{asked.assets:>10,}  {used}  {name}")
    return 0

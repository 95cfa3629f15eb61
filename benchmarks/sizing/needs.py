"""What a plant takes of a machine: single costs, added up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.lake.drafts import FOLD_CELLS
from appliance.lake.layout import BUCKETS
from benchmarks.sizing.costs import Costs

_DAY = 86_400.0
_GB = 1e9
_TOLD_BYTES = 120.0
"""Of a machine, in what a task of a scoring run is told: the stretches to judge and to read."""
_MONTH = 30.0


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
    loads_a_day
        Times that readings are brought in, each a commit.
    alarms_a_month
        Events of a machine.
    """

    assets: int
    sensors: int = 20
    interval_seconds: float = 60.0
    learn_days: float = 90.0
    retrain_days: float = 30.0
    keep_days: float = 365.0
    runs_a_day: float = 24.0
    versions: int = 10
    loads_a_day: float = 24.0
    alarms_a_month: float = 1.0

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


def needs(plant: Plant, machine: Machine, costs: Costs) -> dict[str, float]:
    """Return how much of each thing a plant takes of a machine; above 1 it is too small.

    Returns
    -------
    dict
        ``processor``: of its cores; ``one process``: of a day, what of scoring and training
        runs cannot be shared among cores; ``database``: of a day, writing events, one process
        after the other; ``memory``; ``disk``.
    """
    processor = processor_seconds(plant, costs) / (_DAY * machine.cores * machine.busy)
    return {
        "processor": processor,
        "one process": serial_seconds(plant, machine, costs) / _DAY,
        "database": events_a_day(plant) * costs.event_ms / 1e3 / _DAY,
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
    opened = plant.runs_a_day * (costs.score_run_ms + plant.assets * costs.score_asset_ms) / 1e3
    learned = rows * plant.learn_days / plant.retrain_days
    fit = learned * (costs.fit_row_us + width * costs.fit_cell_us) / 1e6
    fit += (costs.fit_run_ms + plant.assets * costs.fit_asset_ms) / plant.retrain_days / 1e3
    return ingest + score + opened + fit


def serial_seconds(plant: Plant, machine: Machine, costs: Costs) -> float:
    """Return seconds a day in which runs wait for what only one process can do.

    It reads the manifest, commits each chunk, and where a bucket of machines holds more than a
    chunk it looks through the bucket's rows for where to cut.
    """
    judged, learned = plant.rows_a_day, plant.rows_a_day * plant.learn_days
    scoring = plant.runs_a_day * _run_seconds(judged / plant.runs_a_day, plant, machine, costs)
    return scoring + _run_seconds(learned, plant, machine, costs) / plant.retrain_days


def events_a_day(plant: Plant) -> float:
    """Return how many events all machines have."""
    return plant.assets * plant.alarms_a_month / _MONTH


def _run_seconds(rows: float, plant: Plant, machine: Machine, costs: Costs) -> float:
    cells = rows * plant.sensors
    chunks = max(cells / machine.chunk_cells, 4 * machine.cores)
    seconds = plant.assets * costs.plan_asset_ms / 1e3 + chunks * costs.commit_ms / 1e3
    return seconds + _looked(rows, plant, machine) * costs.plan_row_us / 1e6


def _looked(rows: float, plant: Plant, machine: Machine) -> float:
    """Return rows that are looked through for where to cut: all where a bucket is too large."""
    return rows if rows * plant.sensors / BUCKETS > machine.chunk_cells else 0.0


def memory_gb(plant: Plant, machine: Machine, costs: Costs) -> float:
    """Return the memory of a worker process a core, and of the one that leads them."""
    held = costs.process_gb + plant.assets * costs.entry_kb * 1e3 / _GB
    return (1 + machine.cores) * held + machine.cores * costs.chunk_gb


def disk_gb(plant: Plant, costs: Costs) -> float:
    """Return what readings, scores, models and events take."""
    row = costs.reading_bytes + costs.score_bytes
    row += plant.sensors * (costs.value_bytes + costs.share_bytes)
    models = plant.versions * plant.assets * costs.model_kb * 1e3
    events = events_a_day(plant) * plant.keep_days * costs.event_kb * 1e3
    return (plant.rows_a_day * plant.keep_days * row + models + events) / _GB


def growth(plant: Plant, machine: Machine, costs: Costs) -> dict[str, float]:
    """Return what grows with a plant and is not of the machine: counts, and sizes in GB.

    Returns
    -------
    dict
        ``assets_a_bucket``; ``commits_a_day`` and ``entries_a_day`` in the logs of readings and
        of scores together, an entry for each file that a commit adds; ``reading_files``, those
        of readings after `keep_days`, small ones put together; ``manifest_gb`` in a process;
        ``told_gb``, what each task of a scoring run is told of all machines; ``events_a_day``;
        ``looking_seconds`` of a training run, where buckets are cut.
    """
    cells = plant.rows_a_day * plant.sensors
    chunks = max(
        cells / plant.runs_a_day / machine.chunk_cells, min(4 * machine.cores, BUCKETS)
    )
    kept = plant.keep_days * cells / FOLD_CELLS
    learned = plant.rows_a_day * plant.learn_days
    return {
        "assets_a_bucket": plant.assets / BUCKETS,
        "commits_a_day": plant.loads_a_day + plant.runs_a_day * chunks,
        "entries_a_day": plant.loads_a_day * BUCKETS + plant.runs_a_day * max(chunks, BUCKETS),
        "reading_files": max(
            BUCKETS * plant.keep_days / _MONTH,
            min(BUCKETS * plant.loads_a_day * plant.keep_days, kept),
        ),
        "manifest_gb": plant.assets * costs.entry_kb * 1e3 / _GB,
        "told_gb": plant.assets * _TOLD_BYTES / _GB,
        "events_a_day": events_a_day(plant),
        "looking_seconds": _looked(learned, plant, machine) * costs.plan_row_us / 1e6,
    }

"""What is foretold held against a real run: training, scoring, and what they leave."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import run
from benchmarks.sizing.costs import Costs

SIZE = Size(assets=300, rows=6_000, sensors=12)
"""Of none of the shapes that costs are reckoned from."""
_TINY = Size(assets=12, rows=2_500, sensors=5)


def checked(
    costs: Costs, *, quick: bool, scratch_in: str | None
) -> Iterator[dict[str, float | str]]:
    """Yield what was foretold of a fleet and what came, by what it is."""
    size = _TINY if quick else SIZE
    with scratch(scratch_in) as folder:
        root, out = str(folder), str(folder / "model")
        made = run("plant:lake", root=root, size=size.data())
        fit = run("ours:fit", root=root, out=out, engine="local")
        score = run("ours:score", root=root, out=out, engine="local", version=1)
    rows, cells = size.assets * size.rows, size.cells
    learned = (
        costs.fit_run_ms / 1e3
        + size.assets * costs.fit_asset_ms / 1e3
        + (rows * costs.fit_row_us + cells * costs.fit_cell_us) / 1e6
    )
    judged = (
        costs.score_run_ms / 1e3
        + size.assets * costs.score_asset_ms / 1e3
        + (rows * costs.score_row_us + cells * costs.score_cell_us) / 1e6
    )
    readings = (rows * costs.reading_bytes + cells * costs.value_bytes) / 1e6
    for what, foretold, measured, unit in (
        ("fit, processor", learned, fit.cpu_seconds, "s"),
        ("score, processor", judged, score.cpu_seconds, "s"),
        ("readings on the disk", readings, rows * made.facts["reading_bytes"] / 1e6, "MB"),
        (
            "scores on the disk",
            (rows * costs.score_bytes + cells * costs.share_bytes) / 1e6,
            rows * score.facts["score_bytes"] / 1e6,
            "MB",
        ),
        (
            "models on the disk",
            size.assets * costs.model_kb / 1e3,
            fit.facts["model_bytes"] / 1e6,
            "MB",
        ),
    ):
        yield {
            "name": "sizing",
            "case": size.case,
            "what": what,
            "foretold": float(f"{foretold:.4g}"),
            "measured": float(f"{measured:.4g}"),
            "unit": unit,
            "ratio": float(f"{foretold / max(measured, 1e-9):.3g}"),
        }

"""The fleet model as MLflow serves it: wrapped as a pyfunc."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd

from benchmarks.sides.online import Judge


class Wrapped(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Judges the rows of a frame one by one."""

    def load_context(self, context: Any) -> None:
        """Open the model."""
        self._judge = Judge(context.artifacts["model"])

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002
        """Return what the rows are judged to be."""
        return [
            self._judge.judge(row.pop("asset"), row.pop("time"), row)
            for row in model_input.to_dict(orient="records")
        ]


def make(model: str, out: str) -> dict[str, Any]:
    """Save the wrapped model where MLflow's server finds it."""
    mlflow.pyfunc.save_model(
        out,
        python_model=Wrapped(),
        artifacts={"model": model},
        pip_requirements=[f"pandas=={pd.__version__}"],
    )
    return {"bytes": sum(f.stat().st_size for f in Path(out).rglob("*") if f.is_file())}

"""Results that hold whichever of its kernels the library of matrices picks for a processor."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Each checks that rows which come later, or earlier than a model reaches, change no bit.
_CHECKS = """
import numpy as np
from detectors import catalog
from detectors.checks.live import check_live_scores_are_causal

for name in ("auto", "forecast", "mahalanobis", "pca", "window_knn", "window_pca"):
    check_live_scores_are_causal(catalog.make(name))

readings = np.random.default_rng(1).normal(size=(3_000, 3))
for name in ("auto", "forecast", "mahalanobis", "pca", "window_knn", "window_pca"):
    fitted = catalog.make(name).fit(readings[:1_500])
    whole = fitted.score(readings)
    before, after = fitted.reach()
    for low, high in ((0, 500), (1_700, 1_777), (2_900, 3_000)):
        first = max(low - before, 0)
        part = fitted.score(readings[first : high + after])
        assert np.array_equal(part[low - first : high - first], whole[low:high]), name
"""


@pytest.mark.slow
@pytest.mark.parametrize("kernels", ["Prescott", "Nehalem", "Haswell"])
def test_other_rows_change_no_bit(kernels: str) -> None:
    environment = os.environ | {"OPENBLAS_CORETYPE": kernels, "OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", _CHECKS], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr

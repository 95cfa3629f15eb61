"""What must start at once does: the command line's help, and ``import appliance``."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.contracts.source import ROOT

CPU_SECONDS = 0.5
HEAVY = {
    "alembic",
    "deltalake",
    "mlflow",
    "numba",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "ray",
    "scipy",
    "sklearn",
    "sqlalchemy",
}

_AFTER = (
    "import json, sys; print('\\n' + json.dumps(sorted(m.split('.')[0] for m in sys.modules)))"
)
_HELP = f"""
import sys
from appliance.cli.main import main
try:
    main(["--help"])
except SystemExit as leaving:
    assert leaving.code == 0
{_AFTER}
"""
CASES = {
    "kizashi --help": _HELP,
    "import appliance": f"import appliance\n{_AFTER}",
    "import appliance.cli.main": f"import appliance.cli.main\n{_AFTER}",
    "import appliance.schemas.event": f"import appliance.schemas.event\n{_AFTER}",
}
# What only learning, judging or a registry's own pages need; the roles load it with the work.
_WITH_WORK = HEAVY - {"alembic", "deltalake", "numpy", "polars", "sqlalchemy"}
_ROLES = f"import appliance.worker.worker, appliance.web.app\n{_AFTER}"


def _run(code: str) -> tuple[str, float]:
    """Return what a fresh interpreter printed, and the seconds of CPU that it took."""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return printed, used.ru_utime + used.ru_stime


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_nothing_heavy_is_imported(case: str) -> None:
    printed, _ = _run(CASES[case])
    assert HEAVY & set(json.loads(printed.splitlines()[-1])) == set()


@pytest.mark.slow
def test_an_idle_role_has_not_loaded_what_work_needs() -> None:
    printed, _ = _run(_ROLES)
    assert _WITH_WORK & set(json.loads(printed.splitlines()[-1])) == set()


@pytest.mark.slow
def test_help_takes_less_than_half_a_second_of_cpu() -> None:
    _run(_HELP)  # the first run may compile byte code
    assert min(_run(_HELP)[1] for _ in range(2)) < CPU_SECONDS

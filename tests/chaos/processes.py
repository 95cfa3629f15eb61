"""Real processes of the command line: started, watched, and killed at what can be seen."""

from __future__ import annotations

import fnmatch
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tests.forked import Forked

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ("-m", "appliance.cli.main")
_POLLS = 20_000
_BETWEEN = 0.005
_LONGEST = 120


def start(home: Path, *words: object, **settings: object) -> Forked:
    """Start Python with words on a home; `settings` go into its environment."""
    return Forked(words, "appliance.worker.__main__", _environment(home, settings))


def start_alone(home: Path, *words: object, **settings: object) -> subprocess.Popen[str]:
    """Start Python as `start` does, with no memory but its own."""
    return start_program(home, sys.executable, *words, **settings)


def start_program(home: Path, *command: object, **settings: object) -> subprocess.Popen[str]:
    """Start any program on a home; `settings` go into its environment."""
    return subprocess.Popen(
        [*map(str, command)],
        env=_environment(home, settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _environment(home: Path, settings: Mapping[str, object]) -> dict[str, str]:
    own = {f"KIZASHI_{name.upper()}": str(value) for name, value in settings.items()}
    base = {
        "KIZASHI_HOME": str(home),
        "KIZASHI_ENGINE": "local",
        "KIZASHI_WORKERS": "2",
        "PYTHONPATH": str(ROOT),
        "POLARS_MAX_THREADS": "2",
    }
    return {**os.environ, **base, **own}


def finished(process: Forked | subprocess.Popen[str]) -> str:
    """Wait for a good end; return what was printed."""
    out, err = process.communicate(timeout=_LONGEST)
    assert process.returncode == 0, err
    return out


def anywhere(folder: Path, pattern: str) -> bool:
    """Whether a file of such a name lies within a folder, of which parts come and go."""
    return any(fnmatch.filter(names, pattern) for _, _, names in os.walk(folder))


def killed_when(process: Forked, seen: Callable[[], bool]) -> bool:
    """Kill -9 a process as soon as something can be seen; False if it had ended before."""
    for _ in range(_POLLS):
        if process.poll() is not None or seen():
            break
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_BETWEEN)
    process.kill()
    _, err = process.communicate(timeout=_LONGEST)
    assert process.returncode in (0, -signal.SIGKILL), err
    return process.returncode != 0


def commits(home: Path, table: str) -> int:
    """Return how many commits a kind of table of a home has seen."""
    return len(list((home / "lake").glob(f"{table}/*/_delta_log/*.json")))

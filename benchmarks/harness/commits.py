"""Benchmarks of two commits on one machine, taking turns, each from a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.harness.compared import NotComparable, Said, parsed
from benchmarks.harness.processes import ROOT

HERE = "."
"""Stands for the files as they are, committed or not."""
_LONGEST = 4 * 3600.0


def commit(revision: str) -> str:
    """Return the commit that a revision is; `HERE` is itself.

    Raises
    ------
    NotComparable
        There is none.
    """
    if revision == HERE:
        return HERE
    return _git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").strip()


def measured(
    revisions: tuple[str, str],
    names: Sequence[str],
    options: Sequence[str],
    repeat: int,
    folder: Path,
    tell: Callable[[str], None],
) -> tuple[list[Said], list[Said]]:
    """Return the lines of both commits.

    Parameters
    ----------
    names, options
        Benchmarks, and what each of them is told beside ``--json``.
    repeat
        Turns: old, new, old, new, …
    folder
        Where the files of both are laid out.
    tell
        Is told what is being done.

    Raises
    ------
    NotComparable
        A revision is none, or a benchmark failed there.
    """
    trees = [
        _tree(revision, folder / side)
        for revision, side in zip(revisions, ("old", "new"), strict=True)
    ]
    found: tuple[list[Said], list[Said]] = ([], [])
    for turn in range(repeat):
        for name in names:
            for revision, tree, lines in zip(revisions, trees, found, strict=True):
                tell(f"{name} of {revision}, turn {turn + 1} of {repeat}")
                lines.extend(_run(tree, name, options, revision))
    return found


def _tree(revision: str, place: Path) -> Path:
    """Return the folder of a commit's files, laid out anew; git keeps no note of it."""
    if revision == HERE:
        return ROOT
    packed = place.with_suffix(".tar")
    _git("archive", "--output", str(packed), commit(revision))
    with tarfile.open(packed) as files:
        files.extractall(place, filter="data")
    packed.unlink()
    return place


def _run(tree: Path, name: str, options: Sequence[str], revision: str) -> list[Said]:
    # Of the two trees the one that is measured is to be imported, whatever is told otherwise.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--json", *options],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    if done.returncode:
        raise NotComparable(f"{name} of {revision} failed:\n{done.stderr[-4000:]}")
    return parsed(done.stdout, f"{name} of {revision}")


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotComparable(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout

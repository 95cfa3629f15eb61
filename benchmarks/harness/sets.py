"""The public data sets that benchmarks of quality read, and how a command names them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from benchmarks.harness.processes import ROOT

DATA = Path(os.environ.get("KIZASHI_DATA", ROOT.parent / "shared" / "data"))


def add_data(made: argparse.ArgumentParser) -> None:
    """Add the options of benchmarks that read data sets and print a line a figure."""
    made.add_argument("--json", action="store_true", help="print an object a line")
    made.add_argument("--data", type=Path, default=DATA, help="folder of the sets")


def add_sets(made: argparse.ArgumentParser, default: Sequence[str], told: str = "") -> None:
    """Add the option that names sets."""
    made.add_argument(
        "--sets", type=names, default=list(default), metavar="A,B,…", help=told or None
    )


def add_every(made: argparse.ArgumentParser) -> None:
    """Add the option that thins the series of each set."""
    made.add_argument("--every", type=int, default=1, help="only every n-th series")


def known(asked: Sequence[str], sets: Collection[str]) -> bool:
    """Tell whether all sets that are asked for are known; say which are not."""
    unknown = [name for name in asked if name not in sets]
    if unknown:
        print(f"no such set: {', '.join(unknown)}", file=sys.stderr)
    return not unknown


def names(text: str) -> list[str]:
    """Return the words of a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def counts(text: str) -> list[int]:
    """Return the whole numbers of a list with commas."""
    return [int(number) for number in names(text)]


def numbers(text: str) -> list[float]:
    """Return the numbers of a list with commas."""
    return [float(number) for number in names(text)]

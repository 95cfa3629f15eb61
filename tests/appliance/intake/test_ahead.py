"""Digests of the files to come, made meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.intake.sources.files.ahead import digests
from appliance.intake.sources.files.stream import digest


def test_each_file_has_its_own_digest(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.csv" for number in range(4)]
    for number, path in enumerate(paths):
        path.write_text(f"time,a\n{number},1\n")
    assert [ask() for ask in digests(paths)] == [digest(path) for path in paths]
    assert list(digests([])) == []


def test_a_file_that_changed_meanwhile_is_looked_at_again(tmp_path: Path) -> None:
    one, two = tmp_path / "1.csv", tmp_path / "2.csv"
    one.write_text("a\n1\n")
    two.write_text("a\n1\n")
    asked = digests([one, two])
    next(asked)()
    ask = next(asked)
    two.write_text("a\n1\n2\n")
    assert ask() == digest(two)


def test_a_file_that_is_gone_is_told_when_it_is_its_turn(tmp_path: Path) -> None:
    there = tmp_path / "1.csv"
    there.write_text("a\n1\n")
    first, gone = digests([there, tmp_path / "2.csv"])
    assert first() == digest(there)
    with pytest.raises(FileNotFoundError):
        gone()

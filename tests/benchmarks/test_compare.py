"""The gate: what recorded lines of two versions say of each other, and of what they do not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import compare
from benchmarks.harness import commits
from benchmarks.harness.compared import Compared, NotComparable
from benchmarks.harness.compared import compare as compared
from benchmarks.harness.lines import LESS, RATES, Line, UnknownUnit

TOLERANCE = 0.1


def line(ours: float, unit: str = "s", case: str = "one", **more: Any) -> dict[str, Any]:
    peak = more.pop("peak_mb", 100.0)
    return Line("fleet_fit", case, ours, 10.0, unit, 1.0, None, peak, 1.0, more).data()


def lines(values: Iterable[float], unit: str = "s", **more: Any) -> list[dict[str, Any]]:
    return [line(value, unit, **more) for value in values]


def only(old: list[dict[str, Any]], new: list[dict[str, Any]], what: str = "ours") -> Compared:
    (found,) = (one for one in compared(old, new, TOLERANCE) if one.what == what)
    return found


def kept(folder: Path, name: str, said: Iterable[dict[str, Any]]) -> str:
    path = folder / name
    path.write_text("".join(json.dumps(one) + "\n" for one in said), "utf-8")
    return str(path)


# ---------------------------------------------------------------- verdicts
def test_slower_beyond_the_tolerance_is_worse() -> None:
    assert only(lines([10.0]), lines([11.5])).verdict == "worse"
    assert only(lines([10.0]), lines([10.5])).verdict == "same"
    assert only(lines([10.0]), lines([8.0])).verdict == "better"
    assert only(lines([10.0]), lines([11.5])).ratio == pytest.approx(1.15)


def test_more_in_a_second_is_better() -> None:
    found = only(lines([2e6], "rows/s"), lines([1e6], "rows/s"))
    assert (found.verdict, found.ratio) == ("worse", 2.0)
    assert only(lines([100.0], "req/s"), lines([150.0], "req/s")).verdict == "better"
    best = only(lines([90.0, 100.0, 80.0], "req/s"), lines([100.0], "req/s"))
    assert (best.old, best.ratio) == (100.0, 1.0)


def test_what_repeats_differ_by_is_allowed_beside_the_tolerance() -> None:
    restless = only(lines([10.0, 12.0, 13.0]), lines([12.5, 13.0, 12.6]))
    assert restless.spread == pytest.approx(0.2)
    assert restless.verdict == "same"
    quiet = only(lines([10.0, 10.1, 13.0]), lines([12.5, 12.6, 12.6]))
    assert quiet.spread == pytest.approx(0.01)
    assert quiet.verdict == "worse"
    assert (quiet.old_runs, quiet.new_runs) == (3, 3)


def test_processor_time_and_memory_are_compared_where_they_are_told() -> None:
    old = [line(10.0, cpu_seconds=20.0, peak_mb=500.0)]
    new = [line(10.0, cpu_seconds=30.0, peak_mb=300.0)]
    found = {one.what: one for one in compared(old, new, TOLERANCE)}
    assert {what: one.verdict for what, one in found.items()} == {
        "ours": "same",
        "cpu_seconds": "worse",
        "peak_mb": "better",
    }
    (memory,) = compared(lines([500.0], "MB"), lines([510.0], "MB"), TOLERANCE)
    assert memory.what == "ours"


def test_from_nothing_to_something_is_worse() -> None:
    assert only(lines([0.0], "jobs"), lines([0.0], "jobs")).verdict == "same"
    worse = only(lines([0.0], "jobs"), lines([2.0], "jobs"))
    assert worse.verdict == "worse"
    assert worse.data()["ratio"] is None


# ---------------------------------------------------------------- what cannot be compared
def test_other_machines_are_refused() -> None:
    with pytest.raises(NotComparable, match="different machines"):
        compared(lines([1.0]), [line(1.0) | {"cpus": 4096}], TOLERANCE)


def test_nothing_in_common_is_refused() -> None:
    quality = {"set": "skab", "metric": "f1", "recipe": "auto", "value": 0.5}
    with pytest.raises(NotComparable, match="no case"):
        compared([quality, line(1.0)], [quality, line(1.0, case="another")], TOLERANCE)


@pytest.mark.parametrize("unit", sorted(LESS))
def test_every_cost_is_judged(unit: str) -> None:
    assert only(lines([10.0], unit), lines([20.0], unit)).verdict == "worse"


@pytest.mark.parametrize("unit", sorted(RATES))
def test_every_rate_is_judged(unit: str) -> None:
    assert only(lines([20.0], unit), lines([10.0], unit)).verdict == "worse"


def test_an_unknown_unit_is_neither_written_nor_passed_over() -> None:
    with pytest.raises(UnknownUnit, match="furlongs"):
        line(1.0, "furlongs")
    strange = line(1.0) | {"unit": "furlongs"}
    with pytest.raises(NotComparable, match="furlongs"):
        compared([strange], [strange], TOLERANCE)


# ---------------------------------------------------------------- the command
def test_the_exit_status_is_the_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = kept(tmp_path, "old.jsonl", lines([10.0, 10.1]))
    slow = kept(tmp_path, "slow.jsonl", [*lines([12.0, 12.1]), line(1.0, case="new")])
    assert compare.main([old, old]) == 0
    assert compare.main([old, slow]) == 1
    out, told = capsys.readouterr()
    assert "1.200" in out
    assert "worse" in out
    assert "only in the new one: fleet_fit, new" in told
    assert compare.main([old, slow, "--tolerance", "0.3"]) == 0
    capsys.readouterr()
    assert compare.main([old, slow, "--json"]) == 1
    first, *_ = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["verdict"] == "worse"
    assert (first["old"], first["new"], first["ratio"]) == (10.0, 12.0, 1.2)


def test_wrong_use_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = kept(tmp_path, "good.jsonl", lines([1.0]))
    bad = tmp_path / "bad.jsonl"
    bad.write_text("no JSON\n")
    for old, new, names, words in (
        (str(tmp_path / "none"), good, [], "cannot be read"),
        (good, str(bad), [], "line 1: no result line"),
        ("no-such-commit", "HEAD", ["memory"], "git rev-parse"),
    ):
        assert compare.main([old, new, *names]) == 2
        assert words in capsys.readouterr().err


def test_commits_take_turns_each_with_its_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = tmp_path / "origin"
    (origin / "benchmarks").mkdir(parents=True)
    program = origin / "benchmarks" / "__main__.py"
    order = tmp_path / "order"
    for told in (2.0, 3.0):
        program.write_text(
            "import sys\n"
            f"open({str(order)!r}, 'a').write('{told} ' + ' '.join(sys.argv[1:]) + '\\n')\n"
            f"print({json.dumps(line(told))!r})\n"
        )
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
        for command in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "x")):
            subprocess.run(["git", *command], cwd=origin, check=True)
    monkeypatch.setattr(commits, "ROOT", origin)
    arguments = [
        "HEAD~1",
        "HEAD",
        "fleet_fit",
        "--repeat",
        "2",
        "--scratch",
        str(tmp_path / "s"),
    ]
    assert compare.main([*arguments, "--", "--assets", "5"]) == 1
    told = [one.split() for one in order.read_text().splitlines()]
    assert [one[0] for one in told] == ["2.0", "3.0", "2.0", "3.0"]
    assert told[0][1:] == ["fleet_fit", "--json", "--assets", "5"]
    assert list((tmp_path / "s").iterdir()) == []
    program.write_text("raise SystemExit('it is broken')")
    assert compare.main(["HEAD", ".", "fleet_fit", "--scratch", str(tmp_path / "s")]) == 2

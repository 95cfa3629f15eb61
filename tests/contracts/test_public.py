"""The surfaces others build on: commands, options, Python names and JSON keys stay."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import appliance
from appliance.cli.main import command, main

COMMANDS = {
    "ingest": {"--fleet", "--time", "--asset", "--context", "--json"},
    "train": {"--recipe", "--engine", "--json"},
    "score": {"--out", "--json"},
    "events": {"--json"},
    "report": {"--json"},
    "models": {"--json"},
    "promote": {"--json"},
    "rollback": {"--json"},
}
ARGUMENTS = {
    "ingest": ["files"],
    "train": ["fleet"],
    "score": ["fleet", "file"],
    "events": ["fleet"],
    "report": ["fleet"],
    "models": ["fleet"],
    "promote": ["fleet", "version"],
    "rollback": ["fleet"],
}


def _command(name: str) -> Any:
    return command().commands[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_keep_their_options(name: str) -> None:
    options = {option for parameter in _command(name).params for option in parameter.opts}
    assert COMMANDS[name] <= options


@pytest.mark.parametrize("name", ARGUMENTS)
def test_commands_keep_their_arguments(name: str) -> None:
    found = [p.name for p in _command(name).params if p.param_type_name == "argument"]
    assert found == ARGUMENTS[name]


def test_every_command_explains_itself() -> None:
    for told in command().commands.values():
        assert told.help, told.name
        for parameter in told.params:
            assert getattr(parameter, "help", ""), f"{told.name} {parameter.name}"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["version"], 0),
        (["events", "nowhere"], 1),
        (["no-such-command"], 2),
        (["train"], 2),
        (["train", "pumps", "--bogus"], 2),
        (["ingest", "x.csv", "--fleet", "No Name"], 2),
    ],
)
def test_the_exit_status_says_who_must_act(
    arguments: list[str], status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(tmp_path), *arguments])
    assert ended.value.code == status
    assert "Traceback" not in capsys.readouterr().err


# ---------------------------------------------------------------- Python
def test_python_names() -> None:
    assert {"fit", "load", "FleetModel", "__version__"} <= set(appliance.__all__)
    for name in appliance.__all__:
        assert getattr(appliance, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = appliance.nothing


def test_python_signatures() -> None:
    fit = inspect.signature(appliance.fit).parameters
    assert {"frame", "asset", "time", "recipe"} <= set(fit)
    assert fit["recipe"].default == "auto"
    for verb in ("score", "events", "save"):
        assert callable(getattr(appliance.FleetModel, verb))


def test_detectors_are_found_by_name_and_entry_point() -> None:
    catalog = importlib.import_module("detectors.catalog")
    assert {
        "auto",
        "copod",
        "ecod",
        "forecast",
        "forest",
        "knn",
        "mahalanobis",
        "matrix_profile",
        "moving_average",
        "onset",
        "pca",
        "spectral_residual",
        "window_knn",
        "window_pca",
    } <= set(catalog.names())
    assert importlib.import_module("detectors.models.names").GROUP == "kizashi.detectors"


# ---------------------------------------------------------------- JSON
def _json(home: Path, arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> Any:
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home), *arguments, "--json"])
    printed = capsys.readouterr()
    assert ended.value.code == 0, printed.err
    return json.loads(printed.out)


@pytest.mark.slow
def test_ingest_and_events_keep_their_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"2026-01-01T00:{n:02d}:00Z,P-1,{n % 7}.5" for n in range(30)]
    file = tmp_path / "pumps.csv"
    file.write_text("\n".join(["time,asset,flow", *lines]) + "\n")
    home = tmp_path / "home"
    told = _json(home, ["ingest", str(file), "--fleet", "pumps"], capsys)
    assert (told["rows"], told["quarantined"]) == (30, 0)
    assert (told["assets"], told["sensors"]) == (1, 1)
    assert _json(home, ["events", "pumps"], capsys) == []


def test_an_event_keeps_its_keys() -> None:
    schemas = importlib.import_module("appliance.schemas.event")
    event = set(schemas.Event.model_fields)
    assert {"asset", "start", "end", "peak", "severity", "sensors", "state"} <= event
    assert {"name", "share"} <= set(schemas.SensorShare.model_fields)


def test_a_benchmark_line_keeps_its_keys() -> None:
    lines = importlib.import_module("benchmarks.harness.lines")
    assert lines.COLUMNS == (
        "name",
        "case",
        "ours",
        "rival",
        "unit",
        "ratio",
        "goal",
        "peak_mb",
        "rival_peak_mb",
    )

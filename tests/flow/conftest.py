"""A fresh home for each proof, the command line as a user types it, and what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.cli.main import main
from appliance.core.settings import load_settings
from appliance.pipelines.site import Site

Kizashi = Callable[..., str]
Tell = Callable[[str], None]
_FIGURES = "figures"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("KIZASHI_HOME", str(folder))
    monkeypatch.setenv("KIZASHI_ENGINE", "local")
    return folder


@pytest.fixture
def site(home: Path) -> Iterator[Site]:
    opened = Site(load_settings())
    yield opened
    opened.close()


@pytest.fixture
def kizashi(home: Path, capsys: pytest.CaptureFixture[str]) -> Kizashi:
    """Run one command and return what it printed; it must end well."""

    def run(*arguments: object) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        assert not ended.value.code, told.err
        return told.out

    return run


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Keep a sentence with figures for the summary of the run."""
    return lambda sentence: record_property(_FIGURES, sentence)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        report for name in ("passed", "failed") for report in terminalreporter.getreports(name)
    ]
    told = [v for report in reports for name, v in report.user_properties if name == _FIGURES]
    if told:
        terminalreporter.section("measured on real data")
        for sentence in told:
            terminalreporter.write_line(str(sentence))

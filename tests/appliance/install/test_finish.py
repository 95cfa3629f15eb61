"""The part of an installation that the installed platform does itself."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from appliance.core.settings import load_settings
from appliance.install import finish

GARBAGE = b"this was a database once " * 100


def _main(home: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    status = finish.main(["settings", "--home", str(home), *options])
    return status, capsys.readouterr().out


def test_settings_asked_for_are_written_and_the_rest_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "kizashi.toml"
    file.write_text('# mine\nport = 1 # old\nengine = "local"\n\n[more]\nport = 3\n')
    asked: dict[str, str | int] = {"port": 9000}
    assert finish.write_settings(tmp_path, {"timezone": "UTC", "engine": "ray"}, asked) == [
        "timezone",
        "port",
    ]
    text = file.read_text()
    assert text.startswith("# mine\n")
    assert tomllib.loads(text) == {
        "engine": "local",
        "timezone": "UTC",
        "port": 9000,
        "more": {"port": 3},
    }
    assert file.stat().st_mode & 0o077 == 0
    assert finish.write_settings(tmp_path, {"timezone": "Asia/Tokyo"}, asked) == []
    assert file.read_text() == text


def test_wrong_zone_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = _main(tmp_path, capsys, "--timezone", "Mars/Base")
    assert status == 1
    assert said == "timezone: 'Mars/Base' is not a time zone such as Asia/Tokyo.\n"
    assert list(tmp_path.iterdir()) == []


def test_settings_that_are_not_toml_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kizashi.toml").write_text("port = [")
    status, said = _main(tmp_path, capsys)
    assert status == 1
    assert said.startswith(f"{tmp_path / 'kizashi.toml'} cannot be read: ")


@pytest.mark.slow
def test_database_and_mlflow_are_made_once_and_a_broken_mirror_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _main(tmp_path, capsys, "--timezone", "UTC", "--port", "9000")[0] == 0
    made = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    registry = Path(load_settings(tmp_path).registry.removeprefix("sqlite:///"))
    assert registry in made
    assert _main(tmp_path, capsys, "--timezone", "UTC", "--port", "9000") == (0, "")
    assert {path: path.read_bytes() for path in made} == made

    registry.write_bytes(GARBAGE)
    status, said = _main(tmp_path, capsys)
    assert status == 1
    assert str(registry) in said
    assert "move it away and run the installer again" in said
    assert said.count("\n") == 1
    registry.unlink()
    assert _main(tmp_path, capsys) == (0, "")
    assert registry.is_file()

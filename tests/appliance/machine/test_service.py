"""The unit of systemd: as systemd itself reads it, for homes as awkward as a plant's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.machine import service
from tests.conftest import skip_or_fail

_HOMES = ["/srv/kizashi", '/srv/第一 工場\'s $HOME 100% "a" \\b']


@pytest.mark.parametrize("home", _HOMES)
def test_systemd_finds_nothing_wrong(tmp_path: Path, home: str) -> None:
    if shutil.which("systemd-analyze") is None:
        skip_or_fail("systemd-analyze is not installed")
    command = tmp_path / Path(home).name / "bin" / "kizashi"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    unit = tmp_path / service.UNIT
    unit.write_text(service.text(Path(home), command, "root", 443), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert service.UNIT not in done.stderr


def test_low_port_needs_a_right_and_others_do_not() -> None:
    low, high = (service.text(Path("/h"), Path("/h/k"), "u", port) for port in (443, 8443))
    assert "CAP_NET_BIND_SERVICE" in low
    assert "Capabilities" not in high


def test_it_stays_in_the_foreground_as_its_user_and_private() -> None:
    lines = service.text(Path("/h"), Path("/h/k"), "chief", 8443).splitlines()
    assert 'ExecStart=:/bin/sh "/h/k" "--home" "/h" "up" --foreground' in lines
    assert {"User=chief", "UMask=0077", "WantedBy=multi-user.target"} <= set(lines)


def test_a_machine_without_systemd_has_no_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "FOLDER", tmp_path)
    unit = tmp_path / service.UNIT
    unit.write_text(service.text(Path("/one home"), Path("/h/k"), "u", 8443))
    monkeypatch.setattr(service, "_RUNNING", tmp_path)
    assert service.is_one(Path("/one home"))
    assert not service.is_one(Path("/one"))
    monkeypatch.setattr(service, "_RUNNING", tmp_path / "none")
    assert not service.is_one(Path("/one home"))

"""Lives from the shell: told of, learned from, forgotten; and what they tell of others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.appliance.cli.conftest import Kizashi
from tests.appliance.pipelines.failed import FAILED, NEW, OLD, fill
from tests.appliance.pipelines.sites import FLEET, open_site


@pytest.mark.slow
def test_machines_that_failed_tell_of_those_that_run(home: Path, kizashi: Kizashi) -> None:
    site = open_site(home)
    fill(site)
    site.close()
    before = kizashi("lives", "list", FLEET)
    assert "12 lives ended in a failure, 9 go on; 6 must have ended" in before.out
    assert f"Next: kizashi lives learn {FLEET}" in before.out
    assert "health" in kizashi("rul", FLEET, "--asset", NEW).out
    learned = kizashi("lives", "learn", FLEET)
    assert (learned.status, learned.err) == (0, "")
    assert "learned from 12 lives of 6 machines" in learned.out
    told = kizashi("rul", FLEET, "--asset", NEW, "--asset", OLD).out.splitlines()
    assert told[0].split()[-1] == "by"
    assert "wears" in told[2]
    assert told[2].endswith("12 failures")
    assert told[3].endswith("health")
    (facts,) = json.loads(kizashi("rul", FLEET, "--asset", NEW, "--json").out)
    assert (facts["wear"], facts["method"], facts["lives"]) == (True, "lives", 12)
    listed = kizashi("lives", "list", FLEET)
    assert listed.out.count(" yes") == 12
    assert kizashi("lives", "forget", FLEET).status == 0
    again = kizashi("lives", "forget", FLEET)
    assert again.status == 1
    assert "nothing was learned of the lives" in again.err
    assert FAILED[0] in kizashi("lives", "list", FLEET).out


@pytest.mark.slow
def test_too_few_failures_are_refused_in_one_sentence(full: Path, kizashi: Kizashi) -> None:
    told = kizashi("lives", "learn", FLEET)
    assert (told.status, told.out) == (2, "")
    assert "fleet pumps has 0 lives that ended in a failure; at least 6 are needed" in told.err
    assert "kizashi calendar add pumps --kind failure --asset NAME" in told.err
    assert "Traceback" not in told.err

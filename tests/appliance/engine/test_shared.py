"""Who is the head, and who works on its Ray: told by locks that go with their process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.core.clock import monotonic
from appliance.core.errors import Conflict
from appliance.engine import shared

ADDRESS = "127.0.0.1:6379"
_PATIENCE = 60.0
_JOINS = """
import sys
from pathlib import Path
from appliance.engine import shared
address, held = shared.join(Path(sys.argv[1]))
print(address, flush=True)
sys.stdin.read()
"""


def until_wanted(claim: shared.Claim, *, wanted: bool = True) -> None:
    end = monotonic() + _PATIENCE
    while claim.wanted() != wanted:
        assert monotonic() < end
        threading.Event().wait(0.01)


def test_without_a_head_there_is_nothing_to_join(tmp_path: Path) -> None:
    assert shared.state(tmp_path) is None
    assert shared.join(tmp_path) is None
    with shared.claimed(tmp_path):
        pass
    assert shared.state(tmp_path) is None
    assert shared.join(tmp_path) is None


def test_it_is_told_in_place_of_what_was_told_before(tmp_path: Path) -> None:
    with shared.claimed(tmp_path) as claim:
        assert shared.state(tmp_path) == ""
        for word in (shared.WAKING, ADDRESS, shared.ASLEEP):
            claim.tell(word)
            assert shared.state(tmp_path) == word
            found = ADDRESS if word == ADDRESS else None
            assert shared.find(tmp_path, patience=0) == found


def test_whoever_joins_wakes_it_and_keeps_it_from_leaving(tmp_path: Path) -> None:
    with shared.claimed(tmp_path) as claim, ThreadPoolExecutor(2) as pool:
        claim.tell(shared.ASLEEP)
        assert not claim.wanted()
        asked = [pool.submit(shared.join, tmp_path) for _ in range(2)]
        until_wanted(claim)
        claim.tell(ADDRESS)
        first, second = (one.result(_PATIENCE) for one in asked)
        assert first is not None
        assert second is not None
        assert first[0] == second[0] == ADDRESS
        first[1].close()
        assert not claim.shut()
        second[1].close()
        assert claim.shut()


@pytest.mark.slow
def test_nobody_joins_one_that_leaves(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        with shared.claimed(tmp_path) as claim:
            claim.tell(ADDRESS)
            assert claim.shut()
            asked = pool.submit(shared.join, tmp_path)
            assert shared.join(tmp_path, patience=0.5) is None
            left = os.dup(claim.handle)
            claim.tell(shared.ASLEEP)
        # It goes on as another program would, which has the claim but none of its memory.
        with shared.claimed(tmp_path, left) as claim:
            claim.tell(shared.ASLEEP)
            assert not os.get_inheritable(claim.handle)
            until_wanted(claim)
            claim.tell(ADDRESS)
            joined = asked.result(_PATIENCE)
            assert joined is not None
            joined[1].close()


def test_a_head_that_dies_is_waited_for_no_longer(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        with shared.claimed(tmp_path) as claim:
            claim.tell(shared.ASLEEP)
            asked = pool.submit(shared.join, tmp_path)
            until_wanted(claim)
        assert asked.result(_PATIENCE) is None


@pytest.mark.slow
def test_whoever_is_killed_holds_it_no_longer(tmp_path: Path) -> None:
    with shared.claimed(tmp_path) as claim:
        claim.tell(ADDRESS)
        with subprocess.Popen(
            [sys.executable, "-c", _JOINS, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as joined:
            assert joined.stdout is not None
            assert joined.stdout.readline().decode().strip() == ADDRESS
            assert claim.wanted()
            joined.send_signal(signal.SIGKILL)
            joined.wait()
        until_wanted(claim, wanted=False)


@pytest.mark.slow
def test_a_second_head_is_refused_while_the_first_sleeps(tmp_path: Path) -> None:
    with shared.claimed(tmp_path) as claim:
        claim.tell(shared.ASLEEP)
        with pytest.raises(Conflict, match="another Ray"), shared.claimed(tmp_path):
            pass

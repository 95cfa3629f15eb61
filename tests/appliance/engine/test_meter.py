"""What work uses is measured where it is done, and shared where it is nobody's alone."""

from __future__ import annotations

import threading
import time

import numpy as np
import polars as pl
import pytest

from appliance.engine.local import LocalEngine
from appliance.engine.meter import AloneInProcess, Meter, OnThread, Used, metered, settle


def burn(number: int) -> int:
    return sum(range(number))


def sort(rows: int) -> float:
    frame = pl.DataFrame({"a": np.random.default_rng(rows).normal(size=rows)})
    return float(frame.sort("a")["a"][0])


def test_items_on_threads_and_threads_of_polars_are_counted_once():
    meter = Meter()
    before = time.process_time()
    with metered(meter):
        list(LocalEngine(2).map(burn, [1_000_000] * 4))
        list(LocalEngine(2).map(sort, [1_000_000 + n for n in range(4)]))
    spent = time.process_time() - before
    used = meter.used()
    assert used.tasks == 8
    assert used.reserved_seconds == 0
    assert used.cpu_seconds == used.core_seconds
    # The system tells threads that are nobody's in hundredths of a second.
    assert used.cpu_seconds == pytest.approx(spent, rel=0.25, abs=0.1)
    assert used.peak_bytes > 10**7
    assert used.byte_seconds > 0


def test_work_that_is_not_measured_costs_nothing():
    meter = Meter()
    list(LocalEngine(1).map(burn, [1_000]))
    assert meter.used().tasks == 0


def test_two_that_run_at_once_share_the_process_and_keep_their_own():
    meters, ready, go = {}, threading.Barrier(3), threading.Event()

    def work(name: str, number: int) -> None:
        meters[name] = Meter()
        with metered(meters[name]):
            ready.wait()
            burn(number)
            go.wait()

    threads = [
        threading.Thread(target=work, args=told)
        for told in (("large", 6_000_000), ("small", 10))
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    settle()
    go.set()
    for thread in threads:
        thread.join()
    large, small = meters["large"].used(), meters["small"].used()
    assert large.cpu_seconds > 3 * small.cpu_seconds
    assert small.byte_seconds > 0


@pytest.mark.slow
def test_a_process_that_is_alone_tells_its_peak_and_reserves_a_processor():
    gauge = AloneInProcess()
    held = np.ones(25_000_000)
    told = gauge.used()
    assert told.peak_bytes > held.nbytes
    assert told.reserved_seconds > 0
    assert told.core_seconds == max(told.cpu_seconds, told.reserved_seconds)
    assert told.byte_seconds == pytest.approx(told.peak_bytes * told.reserved_seconds)


def test_a_thread_tells_what_it_used_itself():
    gauge = OnThread()
    other = threading.Thread(target=burn, args=[3_000_000])
    other.start()
    other.join()
    assert gauge.used().cpu_seconds < 0.05
    assert Used().plus(gauge.used()).tasks == 1

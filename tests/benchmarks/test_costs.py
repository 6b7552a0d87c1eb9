"""What is measured of work: time, processor time, and the memory of everybody who takes part."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.costs import cost_of, quantile, watched_memory

HUNDRED_MEGABYTES = "b = bytearray(b'x') * 100_000_000; input()"


def test_the_median_and_the_99th_of_a_hundred():
    values = list(range(100, 0, -1))
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1.0)) == (51, 100, 100)


def test_processor_time_of_a_process_that_was_waited_for_counts():
    busy = "x = 0\nfor i in range(3_000_000): x += i"
    cost = cost_of(lambda: subprocess.run([sys.executable, "-c", busy], check=True))
    assert cost.cpu > 0.02


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is read from /proc, as Linux has it"
)
def test_memory_of_the_processes_below_counts_while_they_live():
    with watched_memory() as before:
        pass
    with watched_memory() as memory:
        child = subprocess.Popen(
            [sys.executable, "-c", HUNDRED_MEGABYTES],
            stdin=subprocess.PIPE,
        )
        while memory.peak < before.peak + 95 and child.poll() is None:
            memory.look()
        child.communicate(b"\n")
    assert memory.peak >= before.peak + 95

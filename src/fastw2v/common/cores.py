"""The number of cores that this process may use.

A machine may have more: batch systems, `taskset` and the cpusets of containers bind a process to some of the cores.
Threads beyond their number only wait for one another. Limits of processor time, such as ``docker run --cpus``, bind a
process to no cores and are not counted.
"""

from __future__ import annotations

import os

__all__ = ["usable_cores"]


def usable_cores() -> int:
    """Return the number of cores on which this process may run, 1 at least.

    From Python 3.13 on it is `os.process_cpu_count`, which the option ``-X cpu_count`` and the environment variable
    ``PYTHON_CPU_COUNT`` override. Before, it is the number of cores in the affinity mask of the process, or that of the
    machine where the system has no such masks (macOS, Windows).

    Examples
    --------
    >>> from fastw2v.common.cores import usable_cores
    >>> usable_cores() >= 1
    True
    """
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

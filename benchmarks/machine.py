"""The conditions of a measurement: processor, cores, date, commit, software versions, and peak memory of a process."""

from __future__ import annotations

import datetime
import os
import platform
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np


def facts() -> dict[str, Any]:
    """Return the machine, the date, the commit of this checkout and the software that all libraries share."""
    import scipy

    return {
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "date": datetime.date.today().isoformat(),
        "commit": commit(Path(__file__).parent),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }


def commit(directory: str | os.PathLike[str]) -> str | None:
    """Return the commit of the git checkout that contains `directory`, or None if there is none.

    The suffix "-dirty" marks a checkout with uncommitted changes.
    """
    command = ["git", "-C", os.fspath(directory), "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:  # git is not installed
        return None
    return done.stdout.strip() or None


def conditions() -> str:
    """Return the processor, the number of cores, the commit and the date as one line."""
    return (
        f"{cpu_model()}, {usable_cores()} cores; commit {commit(Path(__file__).parent) or 'unknown'}; "
        f"{datetime.date.today().isoformat()}"
    )


def cpu_model() -> str:
    """Return the name of the processor."""
    try:
        with open("/proc/cpuinfo", encoding="utf8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """Return the number of cores on which this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def numa_nodes(directory: Path = Path("/sys/devices/system/node")) -> int:
    """Return the number of NUMA nodes that have cores; 1 where the system does not tell."""
    lists = directory.glob("node[0-9]*/cpulist")
    return max(1, sum(bool(cores.read_text(encoding="ascii").strip()) for cores in lists))


def peak_memory() -> tuple[int, str]:
    """Return the peak resident memory of this process in bytes, and the name of the source of the figure.

    Every Unix has `getrusage`. On Linux, however, its figure is at least the memory that the parent process had when it
    started this process. ``VmHWM`` in ``/proc/self/status`` does not have this flaw.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024, "VmHWM"
    except OSError:
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, "getrusage"

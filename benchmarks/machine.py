"""What figures are measured on and with: processor, cores, versions, the highest memory of a process."""

from __future__ import annotations

import os
import platform
import resource
import sys
from typing import Any

import numpy as np


def facts() -> dict[str, Any]:
    """Return the machine and the software that all libraries share."""
    import scipy

    return {
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }


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
    """Return on how many cores this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def peak_memory() -> tuple[int, str]:
    """Return the highest resident memory of this process so far, in bytes, and where the figure comes from.

    `getrusage` is what every Unix has, but on Linux its figure is that of the parent process if that one was
    larger when it started this one. The kernel's own mark of the address space, VmHWM, has no such floor.
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

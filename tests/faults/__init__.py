"""Faults on purpose: killed saves, full disks, damaged files, random input. See docs/robustness.md.

``python -m tests.faults`` runs them in full, from the root of the repository; `tests/test_faults.py` runs a little of
each. Whatever is tried runs in a child process with a limit of memory and under a watch, so that a crash or a hang is
a finding and not the end.
"""

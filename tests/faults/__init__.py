"""Fault injection: killed saves, full disks, damaged files, random input, interrupts, threads, memory limits, forks.

To run one kind of fault in full, run ``python -m tests.faults saving`` (or ``loading``, ``fields``, ``fuzz``,
``training``, ``memory``, ``interrupts``, ``sharing``, ``limits``, ``forks``); ``--help`` describes the options.
`robustness/test_faults.py` runs a small part of each. The faults need Linux. Each input is tried in a child process
with limited memory, which the parent watches, so that a crash or a hang is reported and does not end the run.

`harness` runs inputs in child processes, `watched` runs attempts at random moments in one, `use` has the calls that are
interrupted, `mutation` generates inputs, `targets` lists the parsers that are fuzzed, and `samples` creates the models
and files.
"""

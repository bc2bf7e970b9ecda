"""The benchmark of merges between network namespaces."""

from __future__ import annotations

import subprocess

import pytest
from benchmarks.network_hosts import check_possible, hosts

from benchmarks import merge_network

pytestmark = pytest.mark.slow


def test_merges_are_timed_with_and_without_a_delay(capsys):
    try:
        check_possible()
        with hosts(2, "1gbit", 0.001):
            pass
    except (OSError, RuntimeError) as error:
        pytest.skip(f"no network namespaces here: {error}")
    arguments = ["--engines", "ring", "--rates", "100mbit", "--delays", "0,20", "--merges", "2", "--dim", "8"]
    assert merge_network.main([*arguments, "--rows", "2000"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if "100mbit" in line]
    assert [line[2] for line in lines] == ["0", "20"]
    # Two matrices, each of which goes round the ring of two in two steps.
    assert float(lines[1][4]) > 4 * 20
    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert "fw2v" not in left.stdout


def test_without_root_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr("os.geteuid", lambda: 1000, raising=False)
    assert merge_network.main([]) == 1
    assert "run this as root" in capsys.readouterr().err

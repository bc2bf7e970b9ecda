"""Time limits: no test of an engine can wait without end, whatever the engine does.

A test that takes too long ends the whole run of pytest, with a traceback of each thread. Nothing milder is certain: a
thread that waits inside an engine's own code takes no exception.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Iterator

import pytest

_LIMIT_SECONDS = 300  # of a test with its fixtures; alone on two cores, the slowest needs 20


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    capture = item.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        errors = os.dup(2)  # while a test runs, 2 is a file that nobody would see
    try:
        faulthandler.dump_traceback_later(_LIMIT_SECONDS, exit=True, file=errors)
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()
        os.close(errors)

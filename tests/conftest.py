"""Corpora that the tests make themselves, and the public ones they may read where they are at hand."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from helpers.corpora import zipf_sentences

settings.register_profile("shared machine", deadline=None)  # where any example may have to wait for a core
settings.load_profile("shared machine")

# Processes started by a shell in the background ignore Ctrl-C, and so would those that the tests of Ctrl-C send it to.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def sentences() -> list[list[str]]:
    """Six jobs of the default size."""
    return zipf_sentences(60_000, 3_000)


@pytest.fixture(scope="session")
def one_job() -> list[list[str]]:
    return zipf_sentences(6_000, 1_000, seed=1)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public corpora and evaluation sets; a test that needs it is skipped where there is none."""
    path = Path(os.environ.get("FASTW2V_SHARED", Path(__file__).parents[2] / "shared"))
    if not path.is_dir():
        pytest.skip(f"no public corpora at {path}; set FASTW2V_SHARED to the folder that holds them")
    return path

"""Settings and fixtures of all tests: generated corpora, and the folder of public corpora."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import tqdm
from hypothesis import settings

from helpers.corpora import zipf_sentences

settings.register_profile("shared machine", deadline=None)  # an example may have to wait for a core
settings.load_profile("shared machine")

# The monitor thread of a progress bar would outlive its test, and other tests count threads.
tqdm.tqdm.monitor_interval = 0

# A background process of a shell ignores SIGINT, and its children inherit that. The tests of Ctrl-C need the default.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def sentences() -> list[list[str]]:
    """Return a corpus of six jobs of the default size."""
    return zipf_sentences(60_000, 3_000)


@pytest.fixture(scope="session")
def one_job() -> list[list[str]]:
    """Return a corpus of one job."""
    return zipf_sentences(6_000, 1_000, seed=1)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of public corpora and evaluation sets; skip the test if it does not exist."""
    path = Path(os.environ.get("FASTW2V_SHARED", Path(__file__).parents[2] / "shared"))
    if not path.is_dir():
        pytest.skip(f"{path} does not exist; set FASTW2V_SHARED to the folder of the public corpora")
    return path

"""Settings and fixtures of all tests: generated corpora, and the folder of public corpora."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import tqdm
from hypothesis import settings

import fastw2v
from helpers.corpora import zipf_sentences

# An example may have to wait for a core. A run of CI has the same examples each time: what it rejects is the change.
settings.register_profile("shared machine", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("shared machine")

# The monitor thread of a progress bar would outlive its test, and other tests count threads.
tqdm.tqdm.monitor_interval = 0

# Containers often forbid Python to write compiled modules. If those of fastw2v do not exist, each of the many child
# processes would compile the package again, so they get a directory of their own to write them to.
if sys.dont_write_bytecode and not os.path.exists(fastw2v.__cached__):
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = tempfile.mkdtemp(prefix="fastw2v-bytecode-")
    atexit.register(shutil.rmtree, os.environ["PYTHONPYCACHEPREFIX"], ignore_errors=True)

# A background process of a shell ignores SIGINT, and its children inherit that. The tests of Ctrl-C need the default.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_disks() -> Iterator[None]:
    """Write files without waiting for the disk: the files of a test need not survive a power failure."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


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

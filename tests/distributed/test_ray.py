"""Trainings in actors of Ray on this machine."""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v.distributed import CommunicatorError, ray as engine
from helpers.corpora import zipf_sentences

ray = pytest.importorskip("ray", reason='needs Ray: pip install "fastw2v[ray]"')

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

CORPUS = zipf_sentences(6_000, 300, seed=4)
HALVES = [CORPUS[:100], CORPUS[100:]]
SETTINGS = {"vector_size": 12, "min_count": 2, "epochs": 2, "workers": 1, "sg": 1}


@pytest.fixture(autouse=True, scope="module")
def cluster():
    """Start Ray in a way that needs no network, little shared memory, and no other Ray of this machine."""
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as folder,  # the names of sockets must be short
    ):
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")  # it would write a token into the home directory
        patch.setenv(
            "RAY_memory_monitor_refresh_ms", "0"
        )  # it ends actors if other programs need much memory
        for attempt in range(3):
            try:
                start_ray(folder)
                break
            except Exception:  # it waits 30 s for its processes, which is too short on a busy machine
                ray.shutdown()
                if attempt == 2:
                    raise
        yield
        ray.shutdown()


def start_ray(folder):
    ray.init(
        "local",
        num_cpus=2,
        object_store_memory=80 << 20,
        include_dashboard=False,
        logging_level="ERROR",
        _node_ip_address="127.0.0.1",
        _temp_dir=folder,
    )


def test_a_file_and_the_parts_of_it_give_a_model_that_can_be_trained_further(tmp_path):
    path = tmp_path / "text"
    path.write_text("\n".join(map(" ".join, CORPUS)) + "\n")
    from_file = engine.train(SETTINGS, corpus_file=path)
    model = engine.train(SETTINGS, parts=HALVES)
    assert model.wv.index_to_key == from_file.wv.index_to_key == Word2Vec(CORPUS, **SETTINGS).wv.index_to_key
    assert model.corpus_count == len(CORPUS)
    model.train(CORPUS, total_examples=model.corpus_count, epochs=1)

    new = [[["new", "words", *CORPUS[0]]] * 5, CORPUS]
    updated = engine.train(model=model, parts=new, update=True, epochs=1)
    assert "new" in updated.wv
    assert "new" not in model.wv
    assert updated.train_count == 3


def test_a_dataset(tmp_path):
    data = pytest.importorskip("ray.data")
    model = engine.train(
        SETTINGS, dataset=data.from_items([{"words": words} for words in CORPUS]), column="words"
    )
    assert model.wv.get_vecattr("w0", "count") == Word2Vec(CORPUS, **SETTINGS).wv.get_vecattr("w0", "count")


def test_an_error_of_a_part_reaches_the_caller():
    class Wrong:
        def __iter__(self):
            yield ["a", "b"]
            raise TypeError("the second line of this part")

    with pytest.raises(TypeError, match="the second line of this part"):
        engine.train(SETTINGS, parts=[CORPUS, Wrong()])


def killed_in(folder, when):
    """Return a corpus that notes its passes in a file, and whose process is killed in those of `when`."""
    own = pickle.dumps(HALVES[1])

    class Killed:
        def __iter__(self):
            notes = Path(folder, "passes")
            with notes.open("a") as file:
                file.write("x")
            sentences = pickle.loads(own)
            yield from sentences[:50]
            if when is None or len(notes.read_text()) == when:
                os.kill(os.getpid(), signal.SIGKILL)
            yield from sentences[50:]

    return Killed()


def test_a_killed_actor_is_replaced(tmp_path):
    usual = tmp_path / "usual"
    usual.mkdir()
    engine.train({**SETTINGS, "epochs": 6}, parts=[HALVES[0], killed_in(usual, -1)])
    n_passes = len((usual / "passes").read_text())
    model = engine.train({**SETTINGS, "epochs": 6}, parts=[HALVES[0], killed_in(tmp_path, n_passes - 1)])
    assert np.isfinite(model.wv.vectors).all()
    assert model.train_count == 1
    # It has not begun anew, which would need all passes again.
    assert len((tmp_path / "passes").read_text()) < 2 * n_passes - 3


def test_a_training_whose_actors_are_lost_each_time_ends(tmp_path):
    with pytest.raises(CommunicatorError, match="actors were lost 2 times"):
        engine.train(SETTINGS, parts=[HALVES[0], killed_in(tmp_path, None)], max_restarts=1)


def test_arguments_that_are_refused():
    for arguments in ({}, {"corpus_file": "text", "parts": HALVES}):
        with pytest.raises(TypeError, match="pass the text once"):
            engine.train(SETTINGS, **arguments)
    with pytest.raises(ValueError, match="parts has 2 corpora for members=3"):
        engine.train(SETTINGS, parts=HALVES, members=3)
    with pytest.raises(ValueError, match="either parameters"):
        engine.train(SETTINGS, parts=HALVES, model=Word2Vec())
    with pytest.raises(TypeError, match="vektor_size"):
        engine.train({"vektor_size": 10}, parts=HALVES)


def test_a_negative_number_of_workers_does_not_say_how_many_cpus_an_actor_takes():
    with pytest.raises(ValueError, match=r"workers=-1 does not say .* resources="):
        engine.train({**SETTINGS, "workers": -1}, parts=HALVES)

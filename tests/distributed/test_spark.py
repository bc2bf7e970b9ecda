"""Trainings in tasks of Spark on this machine."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v.distributed import spark as engine
from helpers.corpora import zipf_sentences

sql = pytest.importorskip("pyspark.sql", reason='needs pyspark: pip install "fastw2v[spark]"')

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(
        shutil.which("java") is None and "JAVA_HOME" not in os.environ,
        reason="Spark needs Java, which is not installed",
    ),
]

CORPUS = zipf_sentences(6_000, 300, seed=4)
SETTINGS = {"vector_size": 12, "min_count": 2, "epochs": 2, "workers": 1, "sg": 1}


@pytest.fixture(scope="module")
def session():
    """Start Spark in a way that needs no network and no name of this machine."""
    os.environ.update(
        PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1", SPARK_LOCAL_HOSTNAME="localhost"
    )
    builder = sql.SparkSession.builder.master("local[2]")
    for name, value in (
        ("ui.enabled", "false"),
        ("driver.host", "127.0.0.1"),
        ("driver.bindAddress", "127.0.0.1"),
    ):
        builder = builder.config(f"spark.{name}", value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def sentences(session):
    return session.createDataFrame([(words, len(words)) for words in CORPUS], "words array<string>, n int")


def test_a_column_gives_a_model_that_can_be_trained_further(sentences):
    model = engine.train(sentences, "words", SETTINGS, members=2)
    whole = Word2Vec(CORPUS, **SETTINGS)
    assert set(model.wv.index_to_key) == set(whole.wv.index_to_key)
    assert model.corpus_total_words == whole.corpus_total_words
    further = engine.train(sentences, "words", model=model, update=True, epochs=1, members=2)
    assert further.train_count == 2
    further.train(CORPUS, total_examples=len(CORPUS), epochs=1)


def test_partitions_without_rows(session):
    rows = session.createDataFrame([(["a", "b"],)] * 3, "words array<string>").coalesce(1)
    model = engine.train(rows, "words", {**SETTINGS, "min_count": 1}, members=2)
    assert model.corpus_count == 3


def test_wrong_columns_are_named(sentences):
    with pytest.raises(ValueError, match="column='word' is not a column"):
        engine.train(sentences, "word", SETTINGS)
    with pytest.raises(TypeError, match=r"column='n' holds int; .* pyspark.sql.functions.split"):
        engine.train(sentences, "n", SETTINGS)


def test_an_error_of_the_tasks_reaches_the_driver(sentences):
    with pytest.raises(ValueError, match="max_vocab_size would make each member"):
        engine.train(sentences, "words", {**SETTINGS, "max_vocab_size": 100}, members=2)
    empty = sentences.where("n < 0")
    with pytest.raises(RuntimeError, match="build vocabulary"):
        engine.train(empty, "words", SETTINGS, members=2)


def python_workers():
    """Return the ids of the processes that run Python tasks: the children of Spark's daemons."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"pyspark.daemon" in (folder / "cmdline").read_bytes():
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    return [process for process, parent in parents.items() if parent in parents and is_ours(parent)]


def is_ours(process):
    """Return whether a process descends from this one."""
    while process > 1:
        if process == os.getpid():
            return True
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the processes in /proc")
def test_a_stage_whose_processes_are_killed_is_repeated_from_the_checkpoint(sentences, tmp_path):
    checkpoint, killed, ended, epochs = tmp_path / "checkpoint", [], threading.Event(), 400

    def kill():
        while not (checkpoint.exists() or ended.is_set()):
            time.sleep(0.005)
        for process in python_workers():
            os.kill(process, signal.SIGKILL)
            killed.append(process)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        model = engine.train(
            sentences, "words", {**SETTINGS, "epochs": epochs}, members=2, checkpoint=str(checkpoint)
        )
    finally:
        ended.set()
        killer.join()
    assert killed
    assert model.train_count == 1
    assert np.isfinite(model.wv.vectors).all()

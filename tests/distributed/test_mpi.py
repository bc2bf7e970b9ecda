"""Trainings in processes that ``mpirun`` starts on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from fastw2v import Word2Vec
from helpers.corpora import zipf_sentences

pytest.importorskip("mpi4py", reason='needs mpi4py: pip install "fastw2v[mpi]"')
MPIRUN = shutil.which("mpirun", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))

pytestmark = [pytest.mark.slow, pytest.mark.skipif(MPIRUN is None, reason="mpirun is not installed")]

CORPUS = zipf_sentences(6_000, 300, seed=4)
SETTINGS = [
    "--distributed",
    "mpi",
    "--workers",
    "1",
    "--vector-size",
    "12",
    "--min-count",
    "2",
    "--epochs",
    "2",
]

PROGRAM = """
import os, signal, sys
from fastw2v import Word2Vec
from fastw2v.distributed import MPICommunicator, build_vocab, resume, train

communicator = MPICommunicator()
how, checkpoint = sys.argv[1:]
passes = 0

class Text:
    def __iter__(self):
        global passes
        passes += 1
        for number in range(400):
            if communicator.rank == 1 and passes == 4 and number == 200:
                if how == "raise":
                    raise OSError("the disk of rank 1")
                if how == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
            yield ["a", "b", f"w{(number + communicator.rank) % 7}"]

if how == "resume":
    model = resume(checkpoint, Text(), communicator=communicator)
else:
    model = Word2Vec(vector_size=5, min_count=1, epochs=4, workers=1)
    build_vocab(model, Text(), communicator=communicator)
    train(model, Text(), communicator=communicator, checkpoint=checkpoint)
print("rank", communicator.rank, "train_count", model.train_count, "sum", model.wv.vectors.sum())
"""


# If mpirun is killed, a process that does not communicate stays, and holds the pipe of the output open. An alarm that
# is set before the program starts ends each process by itself.
WITHIN_LIMIT = """
import os, signal, sys
signal.alarm(int(sys.argv[1]))
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
LIMIT_SECONDS = 120


def mpirun(*arguments):
    """Run Python in two processes of this machine; return the finished process."""
    environment = {
        **os.environ,
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_btl": "self,sm",  # no network
        "OMPI_MCA_pml": "ob1",
        "PRTE_MCA_plm_ssh_agent": "false",  # no ssh
    }
    limited = [sys.executable, "-c", WITHIN_LIMIT, str(LIMIT_SECONDS), *map(str, arguments)]
    return subprocess.run(
        [str(MPIRUN), "--oversubscribe", "-n", "2", *limited],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS + 10,
    )


def test_the_command_trains_one_model_and_resumes(tmp_path):
    text, model, checkpoint = (tmp_path / name for name in ("text", "model.fw2v", "checkpoint"))
    text.write_text("\n".join(map(" ".join, CORPUS)) + "\n")
    command = ["-m", "fastw2v", "train", text, model, *SETTINGS]
    done = mpirun(*command, "--checkpoint", checkpoint, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["words"] == sum(map(len, CORPUS))  # one summary
    assert done.stderr.count("trained on") == 1
    trained = Word2Vec.load(model)
    assert trained.wv.index_to_key == Word2Vec(CORPUS, min_count=2, workers=1).wv.index_to_key
    assert np.isfinite(trained.wv.vectors).all()

    done = mpirun(*command, "--checkpoint", checkpoint)
    assert done.returncode != 0
    assert done.stderr.count("already exists; add --resume") == 1
    done = mpirun(*command, "--checkpoint", checkpoint, "--resume")  # the training is complete
    assert done.returncode == 0, done.stderr
    assert (Word2Vec.load(model).wv.vectors == trained.wv.vectors).all()
    done = mpirun("-m", "fastw2v", "train", tmp_path / "none", model, *SETTINGS)
    assert "no such file; check the name (rank 0 of 2)" in done.stderr


def test_an_error_of_one_process_ends_all(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = mpirun(program, "raise", tmp_path / "checkpoint")
    assert done.returncode != 0
    assert "OSError: the disk of rank 1" in done.stderr


def test_a_killed_process_ends_all_and_the_training_resumes(tmp_path):
    program, checkpoint = tmp_path / "program.py", tmp_path / "checkpoint"
    program.write_text(PROGRAM)
    done = mpirun(program, "kill", checkpoint)
    assert done.returncode != 0
    assert "signal 9" in done.stdout + done.stderr
    assert checkpoint.exists()
    done = mpirun(program, "resume", checkpoint)
    assert done.returncode == 0, done.stderr
    ranks = dict(line.split(maxsplit=2)[1:] for line in done.stdout.splitlines() if line.startswith("rank"))
    assert set(ranks) == {"0", "1"}
    assert ranks["0"] == ranks["1"]

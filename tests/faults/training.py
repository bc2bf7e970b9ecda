"""Trainings too large or too often interrupted for the suite: one endless sentence, signals at random moments.

A sentence is a job of its own and is never cut, so one of 50 million tokens asks the most of every buffer. A signal
must end the command line within two seconds, whatever it does just then, and leave whole files only.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from fastw2v import Word2Vec

LIMIT_SECONDS = 2.0


class Once:
    """A corpus of one sentence that is no list."""

    def __init__(self, sentence: list[str]) -> None:
        self.sentence = sentence

    def __iter__(self):
        yield self.sentence


def long_sentence(tokens: int) -> None:
    """Train one sentence of so many tokens, as a list and as a stream."""
    words = [f"w{i}" for i in range(10_000)]
    rng = np.random.default_rng(1)
    sentence = [words[i] for i in (10_000 * rng.random(tokens) ** 3).astype(int)]
    for corpus in ([sentence], Once(sentence)):
        start = time.perf_counter()
        model = Word2Vec(vector_size=8, negative=1, window=2, sample=0, min_count=1, workers=2)
        model.build_vocab(corpus)
        trained = model.train(corpus, total_examples=1, epochs=1)
        assert trained == (tokens, tokens), trained
        assert np.isfinite(model.wv.vectors).all()
        print(
            f"one sentence of {tokens:,} tokens as {type(corpus).__name__}: every token trained, "
            f"{time.perf_counter() - start:.0f} s, peak {_peak_mib():,} MiB"
        )


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def signals(text: str, times: int, seed: int) -> None:
    """Send SIGINT or SIGTERM to ``fastw2v train`` at random moments, and look at what it leaves."""
    rng = random.Random(seed)
    slowest, checkpoints = 0.0, 0
    for _ in range(times):
        with tempfile.TemporaryDirectory() as directory:
            output, checkpoint = Path(directory, "model"), Path(directory, "checkpoint")
            options = [
                "--epochs",
                "1000",
                "--min-count",
                "5",
                "--checkpoint",
                checkpoint,
                "--checkpoint-every",
                "2M",
            ]
            command = [sys.executable, "-m", "fastw2v", "train", text, output, *options, "--quiet"]
            process = subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE)
            time.sleep(
                0.6 + 8 * rng.random()
            )  # past the imports, in the scan, in the training, in a checkpoint
            number = rng.choice([signal.SIGINT, signal.SIGTERM])
            start = time.perf_counter()
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
            seconds = time.perf_counter() - start
            assert process.returncode == 128 + number, (process.returncode, said)
            assert seconds < LIMIT_SECONDS, f"{seconds:.2f} s after {number.name}"
            assert set(os.listdir(directory)) <= {"checkpoint"}, os.listdir(directory)
            if checkpoint.exists():
                assert np.isfinite(Word2Vec.load(checkpoint).wv.vectors).all()
                checkpoints += 1
            slowest = max(slowest, seconds)
    print(
        f"{times} signals: every process left within {slowest:.2f} s, {checkpoints} checkpoints whole, "
        "no other file left"
    )


def main(tokens: int, text: str | None, times: int, seed: int) -> None:
    """Do both; the second needs a text that takes some seconds to train."""
    long_sentence(tokens)
    if text is not None:
        signals(text, times, seed)

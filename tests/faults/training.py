"""Trainings that take too long for the test suite: a very long sentence, and signals at random times.

A sentence is never split into several jobs, so a sentence of 50 million tokens needs the largest buffers. A signal must
end the command line within two seconds at any time, and the files that it leaves must be complete.
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


class OneSentence:
    """A corpus with one sentence that is an iterable and not a list."""

    def __init__(self, sentence: list[str]) -> None:
        self.sentence = sentence

    def __iter__(self):
        yield self.sentence


def long_sentence(tokens: int) -> None:
    """Train one sentence of `tokens` tokens, from a list and from an iterable."""
    words = [f"w{i}" for i in range(10_000)]
    rng = np.random.default_rng(1)
    sentence = [words[i] for i in (10_000 * rng.random(tokens) ** 3).astype(int)]
    for corpus in ([sentence], OneSentence(sentence)):
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
    """Send SIGINT or SIGTERM to ``fastw2v train`` at random times and check the files that it leaves."""
    rng = random.Random(seed)
    slowest, checkpoints = 0.0, 0
    for _ in range(times):
        with tempfile.TemporaryDirectory() as directory:
            output, checkpoint = Path(directory, "model"), Path(directory, "checkpoint")
            options = ["--epochs", "1000", "--checkpoint", checkpoint, "--checkpoint-every", "2M"]
            command = [sys.executable, "-m", "fastw2v", "train", text, output, *options, "--quiet"]
            process = subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE)
            time.sleep(
                0.6 + 8 * rng.random()
            )  # after the imports: while scanning, training or writing a checkpoint
            number = rng.choice([signal.SIGINT, signal.SIGTERM])
            start = time.perf_counter()
            process.send_signal(number)
            _, errors = process.communicate(timeout=60)
            seconds = time.perf_counter() - start
            assert process.returncode == 128 + number, (process.returncode, errors)
            assert seconds < LIMIT_SECONDS, f"{seconds:.2f} s after {number.name}"
            assert set(os.listdir(directory)) <= {"checkpoint"}, os.listdir(directory)
            if checkpoint.exists():
                assert np.isfinite(Word2Vec.load(checkpoint).wv.vectors).all()
                checkpoints += 1
            slowest = max(slowest, seconds)
    print(
        f"{times} signals: every process ended within {slowest:.2f} s, {checkpoints} complete checkpoints, "
        "no other files"
    )


def main(tokens: int, text: str | None, times: int, seed: int) -> None:
    """Train the long sentence and, if a text is given, send signals."""
    long_sentence(tokens)
    if text is not None:
        signals(text, times, seed)

"""Damaged files of every format: each is loaded, or rejected with a documented exception, in limited memory.

The native format has checksums. A damaged file of this format that is loaded nevertheless must give the original model.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import random
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fastw2v import KeyedVectors, Word2Vec
from fastw2v.common.files import open_atomic
from fastw2v.training import checkpoints

from . import harness, samples

DOCUMENTED_ERRORS = (
    ValueError, OSError, EOFError, pickle.UnpicklingError,
    AttributeError,  # as in gensim, if a model is requested and the file contains vectors
)  # fmt: skip

_HUGE = [
    b"0",
    b"-1",
    b"99999999",
    b"2147483648",
    b"4294967297",
    b"9223372036854775808",
    b"1" + b"0" * 30,
    b"nan",
]


def _loaders() -> dict[str, tuple[Callable[[str], Any], dict[str, bytes]]]:
    """Return for each kind of file the function that reads it, and its files; the first one is damaged."""

    def word2vec(binary: bool) -> Callable[[str], Any]:
        return lambda path: KeyedVectors.load_word2vec_format(path, binary=binary)

    native, checkpoint = samples.files_of("native"), samples.checkpoint()
    gensim = samples.files_of("gensim")
    main = gensim.pop("model.gensim")
    (syn1, content), *others = gensim.items()
    loaders: dict[str, tuple[Callable[[str], Any], dict[str, bytes]]] = {
        "native": (lambda path: samples.generation_of(Word2Vec.load(path)), native),
        "native, vectors of": (lambda path: samples.generation_of_vectors(KeyedVectors.load(path)), native),
        "native, version 1": (Word2Vec.load, {"model": samples.without_checksums(native["model"])}),
        "checkpoint": (lambda path: Word2Vec.resume(path, samples.TEXT), {"checkpoint": checkpoint}),
        "checkpoint, version 1": (
            lambda path: checkpoints.read(path, Word2Vec._from_state),  # resuming may rightly take long
            {"checkpoint": samples.without_checksums(checkpoint)},
        ),
        "word2vec text": (word2vec(False), samples.files_of("word2vec text")),
        "word2vec binary": (word2vec(True), samples.files_of("word2vec binary")),
        "finalfusion": (KeyedVectors.load_finalfusion, samples.files_of("finalfusion")),
        "gensim": (Word2Vec.load, {"model.gensim": main, **gensim}),
        "gensim, .npy": (
            lambda path: Word2Vec.load(path[: path.index(".gensim") + len(".gensim")]),
            {syn1: content, "model.gensim": main, **dict(others)},
        ),
    }
    for suffix in (".gz", ".bz2", ".xz", ".zst"):
        for name in ("native", "word2vec text", "word2vec binary", "finalfusion"):
            load, files = loaders[name]
            ((file, content),) = files.items()
            loaders[f"{name} {suffix}"] = (load, {file + suffix: _compressed(content, suffix)})
    return loaders


def _compressed(content: bytes, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"file{suffix}"
        with open_atomic(path) as handle:
            handle.write(content)
        return path.read_bytes()


def damaged(content: bytes, cuts: int, flips: int, seed: int = 0) -> Iterator[bytes]:
    """Yield damaged variants of a file: truncated, with a flipped bit, with other numbers in the header, and others."""
    rng = random.Random(seed)
    yield b""
    yield content
    yield content * 2
    yield bytes(len(content))
    yield b"\xff" * len(content)
    for length in sorted(
        {*range(min(40, len(content))), *(rng.randrange(len(content)) for _ in range(cuts))}
    ):
        yield content[:length]
    head = len(content) if len(content) < flips else min(len(content), 4000)
    for _ in range(flips):
        octets = bytearray(content)
        position = rng.randrange(head if rng.random() < 0.7 else len(content))
        octets[position] ^= 1 << rng.randrange(8)
        yield bytes(octets)
    numbers = [match.span() for match in re.finditer(rb"\d+", content[:4000])]
    for start, end in rng.sample(numbers, min(60, len(numbers))):
        for number in _HUGE:
            yield content[:start] + number + content[end:]
    for size in (1, 2, 4, 8):  # the same for binary headers
        for position in range(0, min(64, len(content)), size):
            for octets in (
                b"\xff" * size,
                b"\x7f".rjust(size, b"\xff"),
                b"\x80".rjust(size, b"\0"),
                bytes(size),
            ):
                yield content[:position] + octets + content[position + size :]


def damage(name: str, cuts: int = 400, flips: int = 1500) -> harness.Tally:
    """Load every damaged variant of one kind of file."""
    load, files = _loaders()[name]
    file = next(iter(files))
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as directory:
        for other, content in files.items():
            (Path(directory) / other).write_bytes(content)
        path = os.path.join(directory, file)

        def parse(data: bytes) -> str:
            Path(path).write_bytes(data)
            load(path)
            return "loaded"

        variants = list(damaged(files[file], cuts, flips))
        return harness.try_all(
            harness.FixedInputs(variants), parse, DOCUMENTED_ERRORS, len(variants), timeout=120
        )


def reject_special_files(directory: Path) -> int:
    """Load directories, missing files, pipes and devices; return how many were rejected."""
    pipe = directory / "pipe"
    os.mkfifo(pipe)
    rejected = 0
    for load in (Word2Vec.load, KeyedVectors.load, KeyedVectors.load_word2vec_format):
        for path in (directory, directory / "absent", directory / "absent.gz"):
            with contextlib.suppress(OSError):
                load(path)
                raise AssertionError(f"{path} was loaded")
            rejected += 1
    for load in (Word2Vec.load, KeyedVectors.load):
        for path in (pipe, Path("/dev/zero"), Path("/dev/null")):
            with contextlib.suppress(OSError):
                load(path)
                raise AssertionError(f"{path} was loaded")
            rejected += 1
    for device in ("/dev/zero", "/dev/null"):
        for binary in (False, True):
            with contextlib.suppress(ValueError, EOFError):
                KeyedVectors.load_word2vec_format(device, binary=binary)
                raise AssertionError(f"{device} was loaded")
            rejected += 1
    return rejected


def load_from_pipes(directory: Path) -> None:
    """Load the word2vec formats from pipes; a pipe that ends early must be rejected."""
    for binary in (False, True):
        ((_, content),) = samples.files_of("word2vec binary" if binary else "word2vec text").items()
        for data, whole in ((content, True), (content[: len(content) // 2], False)):
            pipe = directory / f"{binary}{whole}"
            os.mkfifo(pipe)
            writer = threading.Thread(target=pipe.write_bytes, args=(data,))
            writer.start()
            try:
                wv = KeyedVectors.load_word2vec_format(pipe, binary=binary)
                assert whole
                samples.generation_of_vectors(wv)
            except (ValueError, EOFError):
                assert not whole
            writer.join()


def main() -> None:
    """Run everything for every format that can be read, and print the results."""
    total = harness.Tally()
    for name in _loaders():
        tally = damage(name)
        print(tally.line(name), flush=True)
        total.add(tally)
    with tempfile.TemporaryDirectory() as directory:
        rejected = reject_special_files(Path(directory))
        load_from_pipes(Path(directory))
    print(f"{rejected} directories, pipes, devices and missing files rejected")
    print(total.line("total"))
    for what, data in total.failures:
        print(what, data[:200])
    if total.failures:
        raise SystemExit(1)

"""Models and files of numbered generations.

The content of a model follows from the number of its generation, so that a reader can determine which generation a file
contains and whether it is complete.
"""

from __future__ import annotations

import functools
import io
import json
import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fastw2v import CallbackAny2Vec, KeyedVectors, Phrases, StopTraining, Word2Vec
from fastw2v.formats import gensim, pickler
from fastw2v.formats.vector_state import to_arrays

SEPARATE_FROM = 1000  # elements; small enough that the sample models are split into several files
TEXT = [["a", "b", "a"], ["c", "a"], ["b", "c", "d", "a"]] * 5


def model_of(generation: int, words: int = 120, size: int = 24) -> Word2Vec:
    """Return a model whose weights, counts and number of words are determined by `generation`."""
    model = Word2Vec(vector_size=size, min_count=1, negative=5, hs=1, epochs=1)
    words += 17 * (generation % 7)
    model.build_vocab_from_freq({f"w{i}": generation + i + 1 for i in range(words)})
    model.wv.vectors[:] = generation
    model.syn1neg[:] = generation + 0.5
    model.syn1[:] = generation + 0.25
    model.comment = f"generation {generation}"
    return model


def generation_of_vectors(wv: KeyedVectors) -> int:
    """Return the generation of vectors; raise AssertionError if they are not complete."""
    generation = int(wv.vectors[0, 0])
    assert len(wv) == len(wv.vectors)
    assert (wv.vectors == generation).all()
    assert (len(wv) - 120) % 17 == 0
    assert (len(wv) - 120) // 17 == generation % 7
    return generation


def generation_of(model: Word2Vec) -> int:
    """Return the generation of a model; raise AssertionError if it is not complete."""
    generation = generation_of_vectors(model.wv)
    assert model.comment == f"generation {generation}"
    assert sorted(model.wv.expandos["count"])[0] == generation + 1
    assert model.syn1neg.shape == model.syn1.shape == model.wv.vectors.shape
    assert (model.syn1neg == generation + 0.5).all()
    assert (model.syn1 == generation + 0.25).all()
    return generation


class Format(NamedTuple):
    """A file format: how to write a model, and how to read the generation of a file."""

    name: str  # of the file
    write: Callable[[Word2Vec, str], None]
    read: Callable[[str], int]


def save_gensim(model: Word2Vec, path: str) -> None:
    """`Word2Vec.save_gensim`, with separate files though the model is small."""
    whole = gensim.write_model
    gensim.write_model = functools.partial(whole, separate_from=SEPARATE_FROM)  # type: ignore[assignment]
    try:
        model.save_gensim(path)
    finally:
        gensim.write_model = whole


def _read_word2vec(binary: bool) -> Callable[[str], int]:
    return lambda path: generation_of_vectors(KeyedVectors.load_word2vec_format(path, binary=binary))


def _read_finalfusion(path: str) -> int:
    wv = KeyedVectors.load_finalfusion(path)
    whole = np.rint(wv.vectors)
    np.testing.assert_allclose(wv.vectors, whole, rtol=1e-6)  # they were normalized, and have been rounded
    wv.vectors[:] = whole
    return generation_of_vectors(wv)


FORMATS: dict[str, Format] = {
    "native": Format(
        "model", lambda model, path: model.save(path), lambda path: generation_of(Word2Vec.load(path))
    ),
    "native .gz": Format(
        "model.gz", lambda model, path: model.save(path), lambda path: generation_of(Word2Vec.load(path))
    ),
    "word2vec text": Format(
        "vectors.txt", lambda model, path: model.wv.save_word2vec_format(path), _read_word2vec(False)
    ),
    "word2vec binary": Format(
        "vectors.bin",
        lambda model, path: model.wv.save_word2vec_format(path, binary=True),
        _read_word2vec(True),
    ),
    "finalfusion": Format(
        "vectors.fifu", lambda model, path: model.wv.save_finalfusion(path), _read_finalfusion
    ),
    "gensim": Format("model.gensim", save_gensim, lambda path: generation_of(Word2Vec.load(path))),
}


def files_of(name: str, generation: int = 3) -> dict[str, bytes]:
    """The files that saving in a format makes, by name."""
    form = FORMATS[name]
    with tempfile.TemporaryDirectory() as directory:
        form.write(model_of(generation), os.path.join(directory, form.name))
        return {path.name: path.read_bytes() for path in sorted(Path(directory).iterdir())}


def checkpoint() -> bytes:
    """A checkpoint in the middle of a training on `TEXT`, which is finished in no time."""

    class Interrupt(CallbackAny2Vec):
        def on_epoch_end(self, model: Word2Vec) -> None:
            raise StopTraining

    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "checkpoint")
        Word2Vec(
            TEXT, min_count=1, vector_size=4, workers=1, epochs=3, checkpoint=path, callbacks=[Interrupt()]
        )
        return Path(path).read_bytes()


def _tiny() -> KeyedVectors:
    wv = KeyedVectors(2)
    wv.add_vectors(["a", "é", "c"], np.arange(6, dtype=np.float32).reshape(3, 2))
    wv.set_vecattr("a", "count", 5)
    return wv


def native_files() -> list[bytes]:
    """Small native files: vectors and a model, with checksums and without, so that damage gets past them."""
    files = []
    model = Word2Vec([["a", "b", "a"], ["c"]], min_count=1, vector_size=2, epochs=1, hs=1)
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "m")
        for thing in (_tiny(), model):
            thing.save(path)
            files.append(Path(path).read_bytes())
    return [*files, *map(without_checksums, files)]


def without_checksums(data: bytes) -> bytes:
    """A native file as version 1 of the format had it."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    begin, end = header.pop("__checksums__")["data_offsets"]
    header["__metadata__"]["format_version"] = "1"
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(8 + len(text)) % 64)
    return len(text).to_bytes(8, "little") + text + data[8 + length : len(data) - (end - begin)]


def gensim_files() -> list[bytes]:
    """Small pickles of models and vectors, as this package writes them and in older protocols."""
    model = Word2Vec([["a", "b", "a"], ["c"]], min_count=1, vector_size=2, epochs=1, hs=1)
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "m")
        model.save_gensim(path)
        files = [Path(path).read_bytes()]
        _tiny().save_gensim(path)
        files.append(Path(path).read_bytes())
    for protocol in (0, 2, 4, 5):
        stream = io.BytesIO()
        pickle.dump({"a": [1, 2.5, "x", b"y", None, True, (1,), {1}], "b": np.arange(3)}, stream, protocol)
        files.append(stream.getvalue())
    return files


def phrase_files() -> list[bytes]:
    """Files of phrases: native ones, with checksums and without, and pickles as gensim 4 and 3 write them."""
    phrases = Phrases([["a", "é", "of", "b"]] * 3, min_count=1, threshold=0.1, connector_words=["of"])
    files = []
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "m")
        for thing in (phrases, phrases.freeze()):
            thing.save(path)
            files.append(Path(path).read_bytes())
    settings = {"min_count": 1, "threshold": 0.1, "delimiter": "_", "scoring": "default"}
    for name, attributes in (
        ("Phrases", {"connector_words": ["of"], "vocab": {"a": 3, "b": 3, "a_of_b": 2}, "progress_per": 100}),
        ("Phraser", {"common_terms": [b"of"], "delimiter": b"_", "phrasegrams": {(b"a", b"b"): (3, 0.5)}}),
    ):
        stream = io.BytesIO()
        kind = pickler.Global("gensim.models.phrases", name)
        pickler.Pickler(stream).dump(pickler.Object(kind, None, state={**settings, **attributes}))
        files.append(stream.getvalue())
    return [*files, *map(without_checksums, files[:2])]


@functools.cache
def state_of_vectors() -> bytes:
    """Pickled arrays and metadata of small vectors with attributes of each kind."""
    wv = _tiny()
    wv.expandos["codes"] = np.empty(3, dtype=object)
    for row in range(3):
        wv.expandos["codes"][row] = np.arange(row, dtype=np.uint8)
    arrays, metadata = to_arrays(wv._to_state())
    return pickle.dumps(({name: np.array(array) for name, array in arrays.items()}, metadata))

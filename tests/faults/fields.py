"""Every field of every file format, changed to values that no model has.

A file is decoded into a tree of dictionaries, lists, arrays and values. `changes` finds the fields of the tree by
recursion, so a new field of a format is tested without an edit here. Each changed tree is written again, with valid
checksums, then loaded, queried, trained, grown and saved, in a child process with little memory. The result must be a
model that works, or an error that names the file and the field.
"""

from __future__ import annotations

import json
import os
import pickle
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from fastw2v import CallbackAny2Vec, EarlyStopping, KeyedVectors, StopTraining, Update, Vocab, Word2Vec
from fastw2v.formats import gensim, native
from fastw2v.formats.pickler import Global, Object, Pickler
from fastw2v.training.barriers import CorpusChangedError

from . import fasttext_file, finalfusion_file, harness

MEMORY = 1 << 30  # bytes that a child may allocate; the files have some KiB
LONG = 50_000
TEXT = [["a", "b", "a"], ["c", "a"], ["b", "c", "d", "a"]] * 5
NEW_TEXT = [["a", "new", "word"]] * 3
OPTIONS: dict[str, Any] = {"vector_size": 4, "min_count": 1, "workers": 1, "epochs": 3, "sg": 1, "hs": 1}

Tree = Any
Path_ = tuple[Any, ...]

VALUES: dict[str, Any] = {
    "-1": -1,
    "0": 0,
    "2**31": 2**31,
    "2**63": 2**63,
    "1.5": 1.5,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "a text": "x",
    "None": None,
    "a list": [1, "x"],
    "an object": {"x": 1},
    "a long list": [0] * LONG,
    "a long text": "x" * LONG,
}


class MissingType:
    """What stands for a field that is removed."""


MISSING = MissingType()


# --- changes of a tree


def fields(tree: Tree, path: Path_ = ()) -> Iterator[Path_]:
    """Yield the path of each part of a tree; of a long list only those of the first and the last item."""
    if path:
        yield path
    if isinstance(tree, Object):
        yield from fields(tree.state, (*path, "state"))
        if tree.arguments:
            yield from fields(tree.arguments, (*path, "arguments"))
    elif isinstance(tree, Mapping):
        for key in tree:
            yield from fields(tree[key], (*path, key))
    elif isinstance(tree, (list, tuple)) and not isinstance(tree, Global):
        for index in sorted({0, len(tree) - 1} if tree else ()):
            yield from fields(tree[index], (*path, index))


def at(tree: Tree, path: Path_) -> Any:
    """Return the part of a tree at a path."""
    for step in path:
        tree = getattr(tree, step) if isinstance(tree, Object) else tree[step]
    return tree


def replaced(tree: Tree, path: Path_, value: Any) -> Tree:
    """Return a tree with another part at a path; parts that do not change are shared."""
    if not path:
        return value
    step, *rest = path
    if isinstance(tree, Object):
        return tree._replace(**{step: replaced(getattr(tree, step), tuple(rest), value)})
    if isinstance(tree, Mapping):
        if not rest and value is MISSING:
            return {key: part for key, part in tree.items() if key != step}
        return {**tree, step: replaced(tree[step], tuple(rest), value)}
    items = list(tree)
    if not rest and value is MISSING:
        del items[step]
    else:
        items[step] = replaced(items[step], tuple(rest), value)
    return tuple(items) if isinstance(tree, tuple) else items


def array_changes(array: np.ndarray) -> Iterator[tuple[str, Any]]:
    """Yield arrays with another content, length, shape or type."""
    for number in (-1, 0, 2**31, 2**63, float("nan")):
        for position in (0, -1):
            if not array.size or array.dtype.hasobject:
                continue
            other = array.copy()
            try:
                with np.errstate(invalid="raise"):
                    other.reshape(-1)[position] = number
            except (OverflowError, ValueError, FloatingPointError):
                continue
            yield f"{number} at {position}", other
    if array.ndim and len(array):
        yield "without its last row", array[:-1]
        yield "with a row twice", np.concatenate([array, array[-1:]])
        yield "empty", array[:0]
        if len(array) > 1:
            yield "in reverse", array[::-1].copy()
        if not array.dtype.hasobject:
            yield "very long", np.resize(array, (LONG, *array.shape[1:]))
    yield "with another dimension", array[None]
    yield "as one number", np.array(array.reshape(-1)[0] if array.size and not array.dtype.hasobject else 1)
    if not array.dtype.hasobject:
        for dtype in ("f8", "f4", "i8", "i4", "u1", "?"):
            if array.dtype != dtype:
                with np.errstate(invalid="ignore"):
                    yield f"as {np.dtype(dtype)}", array.astype(dtype)


def changes(tree: Tree) -> Iterator[tuple[str, Path_, Any]]:
    """Yield a description, the path of a field and its changed value, for each field and each change."""
    for path in fields(tree):
        found = at(tree, path)
        name = "/".join(map(str, path))
        if isinstance(found, np.ndarray):
            for what, value in array_changes(found):
                yield f"{name} {what}", path, value
        for what, value in VALUES.items():
            yield f"{name} = {what}", path, value
        yield f"{name} is missing", path, MISSING


# --- formats


@dataclass(frozen=True)
class Form:
    """A file format.

    Attributes
    ----------
    tree : callable
        Returns the decoded content of a good file.
    write : callable
        Writes a tree to a path; raises `Inexpressible` if no file can hold it.
    load : callable
        Loads a file.
    use : callable
        Does everything with what was loaded.
    names_fields : bool
        Whether errors name the field.
    """

    tree: Callable[[], Tree]
    write: Callable[[str, Tree], None]
    load: Callable[[str], Any]
    use: Callable[[Any, str], None]
    names_fields: bool = True


class InexpressibleError(Exception):
    """The format cannot hold this change."""


@cache
def _model() -> Word2Vec:
    model = Word2Vec(TEXT, **OPTIONS, compute_loss=True)
    kept = Update(anchor=1.0, keep_anchor=True, outputs=True)
    model.train(TEXT, total_examples=len(TEXT), epochs=1, update=kept)
    model.build_vocab(TEXT, update=True, keep_raw_vocab=True)
    return model


def _vectors() -> KeyedVectors:
    wv = KeyedVectors(2, count=4)
    wv.add_vectors(["a", "b", 7], np.arange(6, dtype=np.float32).reshape(3, 2), extras={"count": [3, 2, 1]})
    wv.expandos["text"] = np.array(["x", "y", None, 5], object)
    wv.expandos["codes"] = np.empty(4, object)
    for row in range(4):
        wv.expandos["codes"][row] = np.arange(row, dtype=np.uint8)
    wv.vectors_lockf = np.ones(4, np.float32)
    wv.source = {"text": ["web", 1]}
    wv.weights = np.arange(3)
    return wv


def _use_vectors(wv: KeyedVectors, path: str) -> None:
    if len(wv):
        wv.most_similar(positive=[wv.get_normed_vectors()[0]], topn=2)
        wv.fill_norms()
        for name in wv.expandos:
            wv.get_vecattr(0, name)
    wv.save(f"{path}.saved")
    KeyedVectors.load(f"{path}.saved")
    pickle.loads(pickle.dumps(wv))
    wv.add_vectors(["one more"], np.ones((1, wv.vector_size)))
    if "count" in wv.expandos:
        wv.sort_by_descending_frequency()
    wv.save(f"{path}.saved", ignore=[name for name, values in wv.expandos.items() if values.dtype.hasobject])
    KeyedVectors.load(f"{path}.saved")


def _use_model(model: Word2Vec, path: str) -> None:
    if not len(model.wv):
        model.save(f"{path}.first")
        model.build_vocab(TEXT)
    if len(model.wv):
        model.wv.most_similar(positive=[model.wv.get_normed_vectors()[0]], topn=2)
        model.predict_output_word([0]) if model.negative else None
        str(model)
    model.save(f"{path}.first")
    model.train(TEXT, total_examples=len(TEXT), epochs=1)
    model.build_vocab(NEW_TEXT, update=True)
    model.train(NEW_TEXT, total_examples=len(NEW_TEXT), epochs=1, update=Update(anchor=1.0))
    model.save(f"{path}.saved")
    Word2Vec.load(f"{path}.saved")
    pickle.loads(pickle.dumps(model))


def _native_tree(save: Callable[[str], None]) -> Tree:
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "file")
        save(path)
        arrays, metadata = native.read(path)
    return {"arrays": arrays, "metadata": metadata}


def _write_native(path: str, tree: Tree) -> None:
    if not isinstance(tree.get("metadata"), dict) or not isinstance(tree.get("arrays"), dict):
        raise InexpressibleError
    arrays = {}
    for name, value in tree["arrays"].items():
        if not isinstance(value, np.ndarray):
            if isinstance(value, (dict, str, list)) or value is None:
                raise InexpressibleError
            value = np.asarray(value)
        arrays[name] = value
    native.write(path, arrays, tree["metadata"])


def _header_tree() -> Tree:
    """The header of a file of version 1, which has no checksums, and its data."""
    from .samples import without_checksums

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "file"
        _model().save(path)
        data = without_checksums(path.read_bytes())
    length = int.from_bytes(data[:8], "little")
    return {"header": json.loads(data[8 : 8 + length]), "data": data[8 + length :]}


def _write_header(path: str, tree: Tree) -> None:
    if not isinstance(tree.get("data"), bytes) or "header" not in tree:
        raise InexpressibleError
    text = json.dumps(tree["header"]).encode()
    Path(path).write_bytes(len(text).to_bytes(8, "little") + text + tree["data"])


class _StopSoon(CallbackAny2Vec):
    """End a training after two epochs, because a file may ask for many."""

    def __init__(self) -> None:
        self.epochs = 0

    def on_epoch_end(self, model: Word2Vec) -> None:
        self.epochs += 1
        if self.epochs == 2:
            raise StopTraining


class _Interrupt(CallbackAny2Vec):
    def __init__(self) -> None:
        self.epochs = 0

    def on_epoch_begin(self, model: Word2Vec) -> None:
        self.epochs += 1
        if self.epochs == 2:
            raise StopTraining


def _save_checkpoint(path: str) -> None:
    model = Word2Vec(TEXT, **OPTIONS)
    model.build_vocab(NEW_TEXT, update=True)
    model.train(
        NEW_TEXT,
        total_examples=len(NEW_TEXT),
        epochs=3,
        update=Update(anchor=1.0, outputs=True, replay=TEXT, replay_ratio=0.5),
        checkpoint=path,
        checkpoint_every=5,
        callbacks=[EarlyStopping(TEXT, patience=9, restore_best=True), _Interrupt()],
    )


def _resume(path: str) -> Word2Vec:
    callbacks = [_StopSoon(), EarlyStopping(TEXT, patience=9, restore_best=True)]
    return Word2Vec.resume(path, NEW_TEXT, replay=TEXT, callbacks=callbacks)


def gensim_tree(model: Word2Vec) -> Tree:
    """Return what the file of `save_gensim` holds."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "model")
        model.save_gensim(path)
        state = gensim.read_model(path)
    return gensim._model_object(state, sys.maxsize, {})


def _gensim4() -> Tree:
    return gensim_tree(_model())


def _records(state: Mapping[str, Any]) -> dict[str, Object]:
    kind = Global("gensim.models.keyedvectors", "Vocab")
    return {
        key: Object(
            kind, (), state={"index": row, **{name: array[row] for name, array in state["expandos"].items()}}
        )
        for row, key in enumerate(state["index_to_key"])
    }


def _gensim3() -> Tree:
    """A model in the layout of gensim 3.3 to 3.8."""
    new = dict(_gensim4().state)
    wv = new.pop("wv").state
    moved = {
        "vocabulary": (
            "Word2VecVocab",
            ("max_vocab_size", "min_count", "sample", "sorted_vocab", "null_word"),
        ),
        "trainables": ("Word2VecTrainables", ("syn1", "syn1neg", "layer1_size", "seed")),
    }
    for part, (kind, names) in moved.items():
        new[part] = Object(
            Global("gensim.models.word2vec", kind), (), state={name: new.pop(name) for name in names}
        )
    new["trainables"].state["vectors_lockf"] = wv["vectors_lockf"]
    vectors = {"vectors": wv["vectors"], "index2word": wv["index_to_key"], "vocab": _records(wv)}
    new["wv"] = Object(
        Global("gensim.models.keyedvectors", "Word2VecKeyedVectors"),
        (),
        state={**vectors, "vector_size": wv["vector_size"]},
    )
    return Object(Global("gensim.models.word2vec", "Word2Vec"), (), state=new)


def _gensim0() -> Tree:
    """A model in the layout of gensim up to 0.13.3."""
    new = dict(_gensim4().state)
    wv = new.pop("wv").state
    new.update(
        syn0=wv["vectors"],
        index2word=wv["index_to_key"],
        vocab=_records(wv),
        syn0_lockf=wv["vectors_lockf"],
        iter=new.pop("epochs"),
    )
    return Object(Global("gensim.models.word2vec", "Word2Vec"), (), state=new)


def _write_pickle(path: str, tree: Tree) -> None:
    try:
        with open(path, "wb") as file:
            Pickler(file).dump(tree)
    except (TypeError, AttributeError, ValueError) as error:
        raise InexpressibleError from error


def _text_tree() -> Tree:
    return [["2", "3"], ["the", "0.1", "-2", "3"], ["of", "1", "2", "3e-5"]]


def _write_text(path: str, tree: Tree) -> None:
    lines = [line if isinstance(line, list) else [line] for line in tree]
    Path(path).write_text("\n".join(" ".join(map(str, line)) for line in lines) + "\n")


def _write_binary(path: str, tree: Tree) -> None:
    header, *rows = [line if isinstance(line, list) else [line] for line in tree]
    data = " ".join(map(str, header)).encode() + b"\n"
    for word, *numbers in rows:
        data += str(word).encode() + b" "
        for number in numbers:
            try:
                data += np.float32(number).tobytes()
            except (TypeError, ValueError):
                data += str(number).encode()
    Path(path).write_bytes(data)


def _vocab_tree() -> Tree:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "vocab.json"
        Vocab(["the", "cat", 7], [10, 3, 1], max_final_vocab=100).save(path)
        tree: Tree = json.loads(path.read_text())
        return tree


def _write_json(path: str, tree: Tree) -> None:
    Path(path).write_text(json.dumps(tree))


def _use_vocab(vocab: Vocab, path: str) -> None:
    vocab.update([["the", "new"]] * 10)
    assert len(vocab.noise_table) == len(vocab.keep_probabilities) == len(vocab.huffman) == len(vocab)
    vocab.save(f"{path}.saved")
    Vocab.load(f"{path}.saved")


def _write_fasttext(path: str, tree: Tree) -> None:
    try:
        Path(path).write_bytes(fasttext_file.content(tree))
    except (struct.error, AttributeError, KeyError) as error:
        raise InexpressibleError from error


def _use_fasttext(vectors: KeyedVectors, path: str) -> None:
    _use_vectors(vectors, path)
    if "dog" in vectors:
        vectors.most_similar("dog")
        np.testing.assert_array_equal(KeyedVectors.load(f"{path}.saved")["dog"], vectors["dog"])


def _fasttext_form(**options: bool) -> Form:
    tree = partial(fasttext_file.model, **options)
    return Form(tree, _write_fasttext, KeyedVectors.load_fasttext, _use_fasttext, names_fields=False)


def _write_finalfusion(path: str, tree: Tree) -> None:
    try:
        Path(path).write_bytes(finalfusion_file.content(tree))
    except (struct.error, AttributeError, KeyError) as error:
        raise InexpressibleError from error


def _use_finalfusion(vectors: KeyedVectors, path: str) -> None:
    _use_vectors(vectors, path)
    vectors.save_finalfusion(f"{path}.saved")
    KeyedVectors.load_finalfusion(f"{path}.saved")


def _finalfusion_form(**options: Any) -> Form:
    tree = partial(finalfusion_file.vectors, **options)
    return Form(tree, _write_finalfusion, KeyedVectors.load_finalfusion, _use_finalfusion, names_fields=False)


def _model_form(tree: Callable[[], Tree], write: Callable[[str, Tree], None], **options: Any) -> Form:
    return Form(tree, write, partial(Word2Vec.load, **options), _use_model)


def _vectors_form(tree: Callable[[], Tree], write: Callable[[str, Tree], None]) -> Form:
    return Form(tree, write, KeyedVectors.load, _use_vectors)


def _word2vec_form(write: Callable[[str, Tree], None], binary: bool) -> Form:
    load = partial(KeyedVectors.load_word2vec_format, binary=binary)
    return Form(_text_tree, write, load, _use_vectors, names_fields=False)


FORMS: dict[str, Form] = {
    "native model": _model_form(lambda: _native_tree(_model().save), _write_native),
    "native model, mapped": _model_form(lambda: _native_tree(_model().save), _write_native, mmap="c"),
    "native vectors": _vectors_form(lambda: _native_tree(_vectors().save), _write_native),
    "vectors of a native model": _vectors_form(lambda: _native_tree(_model().save), _write_native),
    "native header": Form(_header_tree, _write_header, Word2Vec.load, _use_model, names_fields=False),
    "native model without words": _model_form(lambda: _native_tree(Word2Vec(**OPTIONS).save), _write_native),
    "gensim 4 without words": _model_form(lambda: gensim_tree(Word2Vec(**OPTIONS)), _write_pickle),
    "checkpoint": Form(lambda: _native_tree(_save_checkpoint), _write_native, _resume, _use_model),
    "gensim 4": _model_form(_gensim4, _write_pickle),
    "gensim 3": _model_form(_gensim3, _write_pickle),
    "gensim 0.12": _model_form(_gensim0, _write_pickle),
    "vectors of gensim": _vectors_form(_gensim4, _write_pickle),
    "word2vec text": _word2vec_form(_write_text, binary=False),
    "word2vec binary": _word2vec_form(_write_binary, binary=True),
    "fastText": _fasttext_form(),
    "fastText, quantized": _fasttext_form(quantized=True, pruned=True, supervised=True),
    "finalfusion": _finalfusion_form(),
    "finalfusion without norms": _finalfusion_form(metadata=None, norms=False),
    "vocabulary": Form(_vocab_tree, _write_json, Vocab.load, _use_vocab),
}

ERRORS = (ValueError, TypeError, RuntimeError, EOFError, pickle.UnpicklingError)
OTHER_NAMES = {"iter": "epochs", "layer1_size": "vector_size"}


def try_fields(name: str, every: int = 1) -> harness.Tally:
    """Change every field of a format, or one change in `every` of them; a failure is a broken guarantee."""
    form = FORMS[name]
    tree = form.tree()
    chosen = list(changes(tree))[::every]
    all_names = {part for path in fields(tree) for part in _names(path)}
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as directory:
        file = os.path.join(directory, "changed")
        form.write(file, tree)
        form.use(form.load(file), file)  # the file without a change is good

        def run(data: bytes) -> str:
            _, path, value = chosen[int(data.split()[0])]
            try:
                form.write(file, replaced(tree, path, value))
            except (InexpressibleError, ValueError, TypeError, IndexError):
                return "not expressible"
            loaded = None
            try:
                loaded = form.load(file)
                form.use(loaded, file)
            except ERRORS as error:
                # An error about a part may name the other part that it does not fit; one about a number names it.
                is_number = isinstance(at(tree, path), (int, float)) and value is not MISSING
                names = _names(path) if is_number and isinstance(path[-1], str) else all_names
                if not form.names_fields or isinstance(error, (pickle.UnpicklingError, CorpusChangedError)):
                    names = set()
                if "held-out corpus" in str(
                    error
                ):  # the words of the file are others than those of the corpus
                    raise
                by_argument = f"{path[-1]}=" in str(error)  # it may be one of the call that loads
                _check_message(str(error), "" if by_argument or loaded is not None else file, names)
                raise
            return "works"

        inputs = [f"{number} {what[:200]}".encode() for number, (what, _, _) in enumerate(chosen)]
        return harness.try_all(harness.FixedInputs(inputs), run, ERRORS, len(inputs), memory=MEMORY)


def _names(path: Path_) -> set[str]:
    """Return the names by which a message may call a field."""
    steps = {part for step in path if isinstance(step, str) for part in (step, *step.split("."))}
    steps |= {OTHER_NAMES[step] for step in steps & OTHER_NAMES.keys()}
    return steps - {"state", "arrays", "metadata", "arguments", "settings"} or steps


def _check_message(message: str, file: str, names: set[str]) -> None:
    """Raise AssertionError unless a message names the file and one of some fields."""
    assert file in message or "checkpoint" in message, f"does not name the file: {message[:150]}"
    plain = message.replace(file, "").lower()
    assert not names or any(name.lower() in plain for name in names), (
        f"does not name the field: {message[:150]}"
    )


def main() -> None:
    """Change every field of every format, and print the results."""
    failures = []
    for name in FORMS:
        tally = try_fields(name)
        print(tally.line(name), flush=True)
        for what, data in tally.failures:
            print(f"    {data.decode()}: {what}", flush=True)
        failures += tally.failures
    if failures:
        raise SystemExit(1)

"""gensim's files: those of every version are read as gensim reads them, and gensim reads what fastw2v writes."""

import copy
import gzip
import io
import logging
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import fastw2v
from fastw2v.formats import gensim as format_gensim
from fastw2v.formats.gensim import is_gensim, read_keyedvectors, read_model, write_keyedvectors, write_model
from fastw2v.formats.settings import SAVED_PARTS
from helpers.oracle import import_gensim
from helpers.parameters import one_in

gensim_models = import_gensim("gensim.models")
gensim_utils = import_gensim("gensim.test.utils")
Doc2Vec, FastText, KeyedVectors, Word2Vec = (
    getattr(gensim_models, name) for name in ("Doc2Vec", "FastText", "KeyedVectors", "Word2Vec")
)

OLD = [f"old_w2v_models/w2v_0.{version}.mdl" for version in ("12.0", "12.1", "12.2", "12.3", "12.4")]
OLD += [f"old_w2v_models/w2v_0.13.{patch}.mdl" for patch in range(4)]
OLD += ["w2v-lee-v0.12.0", *(f"word2vec_pre_kv_{kind}" for kind in ("py2", "py3", "py3_4"))]
OLD += [f"word2vec_pre_kv_sep_{kind}" for kind in ("py2", "py3", "py3_4")]
VERSIONS = ("0.13.4", "1.0.0", "1.0.1", "2.0.0", "2.1.0", "2.2.0", "2.3.0")
VERSIONS += ("3.0.0", "3.1.0", "3.2.0", "3.3.0", "3.4.0")
LOADABLE = [f"old_w2v_models/w2v_{version}.mdl" for version in VERSIONS]
LOADABLE += ["word2vec_old", "word2vec_old_sep", "word2vec_3.3", "model-from-gensim-3.8.0.w2v"]
VECTORS = ["old_keyedvectors_320.dat"]

SETTINGS = [
    "vector_size",
    "alpha",
    "window",
    "min_count",
    "max_vocab_size",
    "sample",
    "seed",
    "workers",
    "min_alpha",
    "sg",
    "hs",
    "negative",
    "ns_exponent",
    "cbow_mean",
    "hashfxn",
    "epochs",
    "null_word",
    "sorted_vocab",
    "batch_words",
    "compute_loss",
    "comment",
    "max_final_vocab",
    "shrink_windows",
    "corpus_count",
    "corpus_total_words",
    "effective_min_count",
    "train_count",
    "total_train_time",
    "running_training_loss",
    "min_alpha_yet_reached",
]

CORPUS = [[f"w{(i * j) % 17}" for j in range(1, 12)] for i in range(1, 60)] + [["rare", "w1", "naïve"]] * 2


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.ERROR)


def datapath(name):
    return gensim_utils.datapath(name)


def raw(name):
    """Return the attributes in an old file, as Python's unpickler reads them with gensim's classes."""
    with open(datapath(name), "rb") as file:
        return vars(pickle.load(file, encoding="latin1"))


def train(**options):
    options = {"vector_size": 6, "min_count": 1, "workers": 1, "epochs": 2, "seed": 7} | options
    return Word2Vec(CORPUS, **options)


def assert_same_expandos(found, expected):
    assert found.keys() == expected.keys() - {"index"}
    for name, array in found.items():
        assert array.dtype == expected[name].dtype
        for one, other in zip(array, expected[name], strict=True):
            np.testing.assert_array_equal(one, other)


def assert_same_vectors(found, wv):
    assert found["index_to_key"] == wv.index_to_key
    assert found["vector_size"] == wv.vector_size
    assert found["vectors"].dtype == np.float32
    np.testing.assert_array_equal(found["vectors"], wv.vectors)
    assert_same_expandos(found["expandos"], wv.expandos)


def assert_same_random(found, random):
    if found is None:
        assert not isinstance(random, np.random.RandomState)
        return
    name, key, *rest = random.get_state()
    assert (found[0], list(found[2:])) == (name, rest)
    np.testing.assert_array_equal(found[1], key)


def assert_same_model(state, model):
    assert state.kind == "word2vec"
    for name in SETTINGS:
        if hasattr(model, name):
            assert state.settings[name] == getattr(model, name), name
    assert_same_vectors(state.vectors, model.wv)
    for name in ("syn1", "syn1neg"):
        if hasattr(model, name):
            np.testing.assert_array_equal(getattr(state, name), getattr(model, name))
        else:
            assert getattr(state, name) is None
    assert state.raw_vocab == model.raw_vocab
    assert_same_random(state.random_state, model.random)


@pytest.mark.parametrize("name", LOADABLE)
def test_files_that_gensim_loads_hold_what_gensim_shows(name):
    assert_same_model(read_model(datapath(name)), Word2Vec.load(datapath(name)))


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_that_gensim_loads_hold_what_gensim_shows(name):
    state = read_keyedvectors(datapath(name))
    assert state["kind"] == "keyedvectors"
    assert_same_vectors(state, KeyedVectors.load(datapath(name)))


@pytest.mark.parametrize("name", OLD)
def test_files_that_gensim_cannot_load_any_more_hold_what_is_in_them(name):
    state, attributes = read_model(datapath(name)), raw(name)
    for array in ("syn0", "syn0_lockf", "syn1", "syn1neg"):
        if array in attributes.get("__numpys", []):
            attributes[array] = np.load(f"{datapath(name)}.{array}.npy")
    vocab = attributes["vocab"]
    assert state.vectors["index_to_key"] == attributes["index2word"]
    np.testing.assert_array_equal(state.vectors["vectors"], attributes["syn0"])
    np.testing.assert_array_equal(state.vectors["vectors_lockf"], attributes["syn0_lockf"])
    for index, word in enumerate(attributes["index2word"]):
        expandos = state.vectors["expandos"]
        assert expandos["count"][index] == vocab[word].count
        assert expandos["sample_int"][index] == min(vocab[word].sample_int, 2**32 - 1)
        if attributes["hs"]:
            np.testing.assert_array_equal(expandos["code"][index], vocab[word].code)
            np.testing.assert_array_equal(expandos["point"][index], vocab[word].point)
    assert (state.syn1 is not None) == bool(attributes["hs"])
    assert (state.syn1neg is not None) == bool(attributes["negative"])
    for array in ("syn1", "syn1neg"):
        if getattr(state, array) is not None:
            np.testing.assert_array_equal(getattr(state, array), attributes[array])
    for setting in SETTINGS:
        if setting in attributes:
            assert state.settings[setting] == attributes[setting], setting
    assert state.settings["epochs"] == attributes["iter"]
    assert state.settings["shrink_windows"] is True
    assert_same_random(state.random_state, attributes["random"])


@pytest.mark.parametrize("name", ["old_w2v_models/w2v_3.2.0.mdl", "word2vec_old_sep", "word2vec_3.3"])
def test_lock_factors_that_gensim_loses_are_kept(name):
    attributes = raw(name)
    if "trainables" in attributes:
        expected = attributes["trainables"].vectors_lockf
    elif "syn0_lockf" in attributes:
        expected = attributes["syn0_lockf"]
    else:
        expected = np.load(datapath(name) + ".syn0_lockf.npy")
    np.testing.assert_array_equal(read_model(datapath(name)).vectors["vectors_lockf"], expected)


OPTIONS = {
    "negative": {},
    "hs": {"hs": 1, "negative": 0, "sg": 1},
    "both": {"hs": 1, "negative": 3, "sample": 0},
    "loss": {"compute_loss": True, "comment": "a comment", "max_final_vocab": 9},
}


@pytest.mark.parametrize("protocol", one_in(3, [4, 0, 1, 2, 3, 5]))
@pytest.mark.parametrize("option", OPTIONS)
def test_models_of_today(tmp_path, option, protocol):
    path = tmp_path / "model"
    model = train(**OPTIONS[option])
    model.save(str(path), pickle_protocol=protocol)
    assert is_gensim(path.read_bytes()[:64])
    model = Word2Vec.load(str(path))
    assert_same_model(read_model(path), model)
    np.testing.assert_array_equal(read_model(str(path)).vectors["vectors_lockf"], model.wv.vectors_lockf)
    saved = read_model(path).settings["lifecycle_events"]
    for event, original in zip(saved, model.lifecycle_events, strict=False):
        assert event == {key: list(value) if key == "ignore" else value for key, value in original.items()}
    assert saved[-1]["event"] == "saving"


@pytest.mark.parametrize("mmap", [None, "r", "c", "r+"])
def test_separate_arrays(tmp_path, mmap):
    path = str(tmp_path / "model")
    train(hs=1).save(path, sep_limit=0)
    state = read_model(path, mmap=mmap)
    assert_same_model(state, Word2Vec.load(path))
    for array in (state.vectors["vectors"], state.syn1, state.syn1neg):
        assert isinstance(array, np.memmap) == (mmap is not None)
        assert array.flags.writeable == (mmap != "r")
    if mmap == "r":
        return
    state.syn1[:] = 5
    del state
    assert (read_model(path).syn1 == 5).all() == (mmap == "r+")


@pytest.mark.parametrize("suffix", [".gz", ".bz2"])
@pytest.mark.parametrize("limit", [0, 10**9])
def test_compressed_models(tmp_path, suffix, limit):
    path = str(tmp_path / f"model{suffix}")
    train(hs=1).save(path, sep_limit=limit)
    assert_same_model(read_model(path), Word2Vec.load(path))
    with pytest.raises(io.UnsupportedOperation, match="load it without mmap"):
        read_model(path, mmap="r")


def test_kept_raw_counts_and_vectors_of_a_model(tmp_path):
    model = Word2Vec(vector_size=4, min_count=10)
    model.build_vocab(CORPUS, keep_raw_vocab=True)
    model.save(str(tmp_path / "model"))
    state = read_model(tmp_path / "model")
    assert state.raw_vocab == dict(model.raw_vocab)
    assert state.raw_vocab["rare"] == 2
    vectors = read_keyedvectors(tmp_path / "model")
    assert vectors["kind"] == "word2vec"
    assert_same_vectors(vectors, model.wv)


def test_vectors_of_today(tmp_path):
    model = train(hs=1)
    model.wv.fill_norms()
    model.wv.set_vecattr("w1", "label", "first")
    model.wv.save(str(tmp_path / "wv"), sep_limit=0)
    state = read_keyedvectors(tmp_path / "wv", mmap="r")
    assert_same_vectors(state, model.wv)
    assert isinstance(state["vectors"], np.memmap)
    held = read_model(tmp_path / "wv")
    assert (held.kind, held.settings) == ("keyedvectors", {})


def test_a_model_without_a_vocabulary(tmp_path):
    Word2Vec(vector_size=9, window=3).save(str(tmp_path / "model"))
    state = read_model(tmp_path / "model")
    assert state.vectors["index_to_key"] == []
    assert (state.settings["vector_size"], state.settings["window"]) == (9, 3)
    assert state.vectors["vectors"].shape[0] == 0


def test_integer_keys_and_half_precision(tmp_path):
    wv = KeyedVectors(3, dtype=np.float16)
    wv.add_vectors([5, -7], np.ones((2, 3), np.float16))
    wv.save(str(tmp_path / "wv"))
    state = read_keyedvectors(tmp_path / "wv")
    assert state["index_to_key"] == [5, -7]
    assert state["vectors"].dtype == wv.vectors.dtype


@pytest.mark.parametrize("generator", [None, np.random.default_rng(1)])
def test_a_foreign_random_generator_is_left_out(tmp_path, generator):
    model = train()
    model.random = generator
    model.save(str(tmp_path / "model"))
    assert read_model(tmp_path / "model").random_state is None


def test_a_missing_separate_array_is_named_with_its_path(tmp_path):
    path = str(tmp_path / "model")
    train().save(path, sep_limit=0)
    os.unlink(f"{path}.wv.vectors.npy")
    with pytest.raises(FileNotFoundError, match="belongs beside") as caught:
        read_model(path)
    assert f"{path}.wv.vectors.npy" in str(caught.value)


def test_models_under_another_name_find_their_separate_arrays_there(tmp_path):
    model = train()
    model.save(str(tmp_path / "model"), sep_limit=0)
    (tmp_path / "moved").mkdir()
    for file in os.listdir(tmp_path):
        if file.startswith("model"):
            shutil.move(tmp_path / file, tmp_path / "moved" / file.replace("model", "renamed"))
    assert_same_vectors(read_model(tmp_path / "moved" / "renamed").vectors, model.wv)


@pytest.mark.parametrize("damage", ["cut", "longer", "pickled", "text", "other shape", "empty", "fifo"])
def test_damaged_separate_arrays(tmp_path, damage):
    path = str(tmp_path / "model")
    train().save(path, sep_limit=0)
    separate = Path(f"{path}.syn1neg.npy")
    whole = separate.read_bytes()
    if damage == "cut":
        separate.write_bytes(whole[:-1])
    elif damage == "longer":
        separate.write_bytes(whole + b"\0")
    elif damage == "pickled":
        np.save(separate, np.array([{}], dtype=object))
    elif damage == "text":
        separate.write_text("no array")
    elif damage == "other shape":
        np.save(separate, np.zeros((3, 3), np.float32))
    elif damage == "empty":
        separate.write_bytes(b"")
    else:
        separate.unlink()
        os.mkfifo(separate)
    for mmap in (None, "r"):
        with pytest.raises((ValueError, OSError), match="syn1neg"):
            read_model(path, mmap=mmap)


@pytest.mark.parametrize("kind", [Doc2Vec, FastText])
def test_other_models_are_refused_by_name(tmp_path, kind):
    documents = [gensim_models.doc2vec.TaggedDocument(words, [i]) for i, words in enumerate(CORPUS)]
    model = kind(documents if kind is Doc2Vec else CORPUS, vector_size=4, min_count=1, epochs=1)
    model.save(str(tmp_path / "model"))
    with pytest.raises(pickle.UnpicklingError, match=rf"{kind.__module__}\.{kind.__name__}") as caught:
        read_model(tmp_path / "model")
    assert str(tmp_path / "model") in str(caught.value)


def own_hash(text):
    return len(text)


def test_a_hash_function_of_ones_own_is_refused_by_name(tmp_path):
    model = train()
    model.hashfxn = own_hash
    model.save(str(tmp_path / "model"))
    with pytest.raises(pickle.UnpicklingError, match="own_hash"):
        read_model(tmp_path / "model")
    model.hashfxn = int
    model.save(str(tmp_path / "model"))
    with pytest.raises(ValueError, match="hashfxn"):
        read_model(tmp_path / "model")


def test_what_is_no_model(tmp_path):
    cases = [
        (b"", ValueError),
        (b"5 2\nthe 1 2\n", ValueError),
        (pickle.dumps({"a": 1}), ValueError),
        (pickle.dumps(os.system), pickle.UnpicklingError),
        (b"\x80\x04", pickle.UnpicklingError),
    ]
    for content, error in cases:
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(error) as caught:
            read_model(tmp_path / "file")
        assert str(tmp_path / "file") in str(caught.value)
    with pytest.raises(IsADirectoryError):
        read_model(tmp_path)
    with pytest.raises(FileNotFoundError, match="check the name"):
        read_keyedvectors(tmp_path / "absent")
    with pytest.raises(ValueError, match="mmap must be"):
        read_model(tmp_path / "file", mmap="w")


def test_is_gensim():
    assert not is_gensim(b"")
    assert not is_gensim(b"71291 100\nthe 0.1 0.2")
    assert not is_gensim(gzip.compress(pickle.dumps(1)))
    for name in OLD + LOADABLE + VECTORS:
        assert is_gensim(Path(datapath(name)).read_bytes()[:64])


def altered(tmp_path, alter, **options):
    """Return the path of a file that gensim saved after `alter` has changed the model."""
    model = train(**options)
    alter(model)
    with open(tmp_path / "model", "wb") as file:
        pickle.dump(model, file)
    return tmp_path / "model"


def set_expando(name, value):
    return lambda model: model.wv.expandos.__setitem__(name, value)


def bent_path(model):
    model.wv.expandos["point"][0] = np.full_like(model.wv.expandos["point"][0], 10**6)


@pytest.mark.parametrize(
    ("alter", "match"),
    [
        (lambda model: setattr(model.wv, "vectors", model.wv.vectors[1:]), "vectors are"),
        (lambda model: setattr(model.wv, "vectors", "abc"), "no matrix"),
        (lambda model: setattr(model, "syn1neg", model.syn1neg[:, 1:]), "syn1neg are"),
        (lambda model: setattr(model.wv, "index_to_key", "abc"), "list of words"),
        (lambda model: setattr(model.wv, "index_to_key", [[]] * len(model.wv)), "list of words"),
        (lambda model: setattr(model.wv, "vectors_lockf", np.ones((3, 2), np.float32)), "lock factors"),
        (lambda model: setattr(model, "window", "5"), "parameter window"),
        (lambda model: setattr(model, "raw_vocab", {"a": "b"}), "raw vocabulary"),
        (lambda model: setattr(model.wv, "expandos", [1]), "attributes of its words"),
        (set_expando("count", np.full(19, "x", dtype=object)), "'count'"),
        (set_expando("sample_int", np.ones(19)), "'sample_int'"),
        (set_expando("point", np.full(19, None)), "point 0 of its Huffman tree"),
        (bent_path, "leads out of the tree"),
    ],
)
def test_parts_that_contradict_each_other(tmp_path, alter, match):
    path = altered(tmp_path, alter, hs=1)
    with pytest.raises(ValueError, match=match) as caught:
        read_model(path)
    assert str(path) in str(caught.value)


def test_names_of_separate_arrays_cannot_lead_to_other_directories(tmp_path):
    np.save(tmp_path / "secret.npy", np.zeros((19, 6), np.float32))
    (tmp_path / "model.").mkdir()

    def alter(model):
        del model.wv.vectors
        vars(model.wv)["__numpys"] = ["/../secret", "vectors/../../secret"]

    state = read_model(altered(tmp_path, alter))
    assert not state.vectors["vectors"].any()


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "model"
    train(hs=1).save(str(path))
    return path, path.read_bytes()


EDITS = st.lists(
    st.tuples(st.integers(0, 1 << 20), st.integers(0, 3), st.integers(0, 255)), min_size=1, max_size=4
)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(EDITS)
def test_mutated_models_are_refused_or_read(whole_file, edits):
    path, content = whole_file[0], bytearray(whole_file[1])
    for place, kind, value in edits:
        place %= len(content)
        if kind == 0:
            content[place] = value
        elif kind == 1:
            content.insert(place, value)
        elif kind == 2:
            del content[place : place + 1 + value % 16]
        else:
            content[place] ^= 1 << value % 8
    path.write_bytes(content)
    try:
        state = read_model(path)
    except (ValueError, OSError, pickle.UnpicklingError):
        return
    assert state.vectors["vectors"].shape[0] == len(state.vectors["index_to_key"])


def test_a_loaded_object_shows_the_attributes_that_it_has_in_gensim(tmp_path):
    model = train()
    del model.wv.mapfile_path  # as in a file of gensim 4.0
    model.save(str(tmp_path / "model"))
    model.wv.save(str(tmp_path / "vectors"))
    theirs, ours = Word2Vec.load(str(tmp_path / "model")), fastw2v.Word2Vec.load(tmp_path / "model")
    assert vars(theirs).keys() - vars(ours).keys() == {"load"}
    assert vars(ours.wv).keys() == vars(theirs.wv).keys()
    for name in SAVED_PARTS:
        assert vars(ours)[name] == vars(theirs)[name]
        assert vars(ours.wv)[name] == vars(theirs.wv)[name]
    assert vars(copy.deepcopy(ours).wv).keys() == vars(theirs.wv).keys()
    loaded = fastw2v.KeyedVectors.load(tmp_path / "vectors")
    assert vars(loaded).keys() == vars(KeyedVectors.load(str(tmp_path / "vectors"))).keys()
    for changed in (ours, loaded):  # they are no attributes of the user
        changed.save(tmp_path / "native")
        again = type(changed).load(tmp_path / "native")
        assert not vars(again).keys() & {*SAVED_PARTS}
        assert "mapfile_path" in vars(getattr(again, "wv", again))


@pytest.mark.parametrize("limit", [10**9, 0])
@pytest.mark.parametrize("option", OPTIONS)
def test_gensim_continues_a_written_model_as_its_own(tmp_path, option, limit):
    model = train(**OPTIONS[option])
    model.save(str(tmp_path / "gensims"), sep_limit=limit)
    write_model(tmp_path / "ours", read_model(tmp_path / "gensims"), separate_from=limit)
    theirs, ours = Word2Vec.load(str(tmp_path / "gensims")), Word2Vec.load(str(tmp_path / "ours"))
    assert_same_model(read_model(tmp_path / "ours"), theirs)
    assert vars(ours).keys() == vars(theirs).keys()
    assert vars(ours.wv).keys() == vars(theirs.wv).keys()
    for name in set(vars(theirs)) - {"wv", "random", "lifecycle_events", "cum_table", "syn1", "syn1neg"}:
        assert vars(ours)[name] == vars(theirs)[name], name
    assert ours.wv.most_similar("w1") == theirs.wv.most_similar("w1")
    for continued in (theirs, ours):
        continued.build_vocab([["w1", "new", "w2"] * 5], update=True)
        continued.train(CORPUS, total_examples=len(CORPUS), epochs=2)
    np.testing.assert_array_equal(ours.wv.vectors, theirs.wv.vectors)
    for name in ("syn1", "syn1neg"):
        if hasattr(theirs, name):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


@pytest.mark.parametrize("name", one_in(2, OLD + LOADABLE))
def test_old_models_become_what_gensim_loads_and_trains(tmp_path, name):
    state = read_model(datapath(name))
    write_model(tmp_path / "model", state)
    model = Word2Vec.load(str(tmp_path / "model"))
    assert_same_model(state, model)
    words = model.wv.index_to_key
    assert model.train([words] * 20, total_examples=20, epochs=1)[1] == 20 * len(words)


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2"])
@pytest.mark.parametrize("limit", [10**9, 0])
def test_written_vectors(tmp_path, suffix, limit):
    wv = train().wv
    wv.set_vecattr("w1", "label", "first")
    wv.save(str(tmp_path / "gensims"))
    path = tmp_path / f"ours{suffix}"
    write_keyedvectors(path, read_keyedvectors(tmp_path / "gensims"), separate_from=limit)
    loaded = KeyedVectors.load(str(path), mmap=None if suffix else "r")
    assert loaded.most_similar("w1") == wv.most_similar("w1")
    assert loaded.get_vecattr("w1", "label") == "first"
    assert loaded.get_vecattr("naïve", "count") == 2
    if not limit:
        assert sorted(p.name for p in tmp_path.glob("ours*vectors*"))
    loaded = KeyedVectors.load(str(path))
    with pytest.warns(UserWarning, match="can be costly"):
        loaded.add_vector("added", np.ones(6, np.float32))
    assert loaded.index_to_key[-1] == "added"
    assert len(loaded) == len(wv) + 1
    assert_same_vectors(read_keyedvectors(path), wv)


def test_a_part_that_gensim_cannot_hold_leaves_the_old_file(tmp_path):
    train().save(str(tmp_path / "model"))
    state = read_model(tmp_path / "model")
    before = (tmp_path / "model").read_bytes()
    state.settings["comment"] = object()
    with pytest.raises(TypeError, match="cannot be part of a gensim model"):
        write_model(tmp_path / "model", state)
    assert (tmp_path / "model").read_bytes() == before


# --- keys


KEYS = {
    "numpy.str_": lambda kv: np.array(kv.index_to_key),
    "numpy.bytes_": lambda kv: np.array([key.encode() for key in kv.index_to_key]),
    "numpy.int64": lambda kv: np.arange(len(kv.index_to_key)),
    "empty": lambda kv: np.array(["", *kv.index_to_key[1:]]),
}


@pytest.mark.parametrize("as_array", [False, True], ids=["list", "array"])
@pytest.mark.parametrize("make", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("limit", [10**9, 1])
def test_keys_of_numpy_load_as_str_and_int(tmp_path, make, as_array, limit):
    keys = make(train().wv)
    theirs = KeyedVectors(2)
    theirs.add_vectors(list(keys), np.ones((len(keys), 2), np.float32))
    if as_array:
        theirs.index_to_key = keys
    theirs.save(str(tmp_path / "theirs"), sep_limit=limit)
    ours = fastw2v.KeyedVectors.load(tmp_path / "theirs")
    plain = [key.decode() if isinstance(key, bytes) else key for key in keys.tolist()]
    assert ours.index_to_key == plain
    assert set(map(type, [*ours.index_to_key, *ours.key_to_index])) == {type(plain[0])}
    ours.save(tmp_path / "native")
    ours.save_gensim(tmp_path / "again")
    for name in ("native", "again"):
        assert fastw2v.KeyedVectors.load(tmp_path / name).index_to_key == plain
    assert KeyedVectors.load(str(tmp_path / "again")).index_to_key == plain


@pytest.mark.parametrize(
    ("keys", "named"), [([("a", "b"), ("b", "c")], "tuple"), (["a", b"b"], "bytes"), (["a", 1.5], "float")]
)
def test_keys_that_no_file_of_ours_holds_are_named(tmp_path, keys, named):
    theirs = KeyedVectors(2)
    theirs.add_vectors(keys, np.ones((2, 2), np.float32))
    theirs.save(str(tmp_path / "theirs"))
    with pytest.raises(
        ValueError, match=rf"of its list of words is a {named}; .* replace the word .* by a str"
    ):
        fastw2v.KeyedVectors.load(tmp_path / "theirs")
    ours = fastw2v.KeyedVectors(2)
    ours.add_vectors(keys, np.ones((2, 2), np.float32))
    assert ours.get_vector(keys[1]).tolist() == [1, 1]
    for save in (ours.save, ours.save_gensim):
        with pytest.raises(
            ValueError, match=rf"is a {named}; only str and int keys can be saved\. .*rename_key"
        ):
            save(tmp_path / "ours")
    assert not (tmp_path / "ours").exists()
    for key in keys:
        ours.rename_key(key, str(key))
    ours.save_gensim(tmp_path / "ours")
    assert fastw2v.KeyedVectors.load(tmp_path / "ours").index_to_key == list(map(str, keys))


def test_none_as_a_word_is_refused_and_as_an_empty_row_kept(tmp_path):
    corpus = [["a", None, "b"]] * 3
    model = Word2Vec(corpus, vector_size=2, min_count=1)
    model.save(str(tmp_path / "model"))
    for read in (fastw2v.Word2Vec.load, fastw2v.KeyedVectors.load):
        with pytest.raises(ValueError, match=r"None is one of the words of key_to_index; .*by a str"):
            read(tmp_path / "model")
    rows = KeyedVectors(2, count=3)
    rows.add_vector("a", np.ones(2, np.float32))
    rows.save(str(tmp_path / "rows"))
    assert fastw2v.KeyedVectors.load(tmp_path / "rows").index_to_key == ["a", None, None]


def test_raw_counts_of_other_words_are_left_out(tmp_path, caplog):
    model = Word2Vec(vector_size=2, min_count=2)
    model.build_vocab([["a", "b"], ["a", "b", None, 1.5, np.str_("c")]], keep_raw_vocab=True)
    model.save(str(tmp_path / "model"))
    with caplog.at_level(logging.WARNING):
        loaded = fastw2v.Word2Vec.load(tmp_path / "model")
    assert loaded.raw_vocab == {"a": 2, "b": 2, "c": 1}
    assert "2 raw counts of words that are neither str nor int are left out" in caplog.text


def test_public_names():
    assert set(format_gensim.__all__) >= {
        "read_model",
        "read_keyedvectors",
        "write_model",
        "write_keyedvectors",
    }


class SubclassOfGensims(gensim_models.Word2Vec):
    """A subclass whose file gensim wrote; the class of the same name is fastw2v's when it is loaded."""


class VectorsOfGensims(gensim_models.KeyedVectors):
    """The same for vectors."""


def test_a_subclass_loads_its_own_files_of_gensim(tmp_path):
    comment = {"corpus": ["news", {"year": 2020}]}
    theirs = SubclassOfGensims(CORPUS, vector_size=4, min_count=1, epochs=1, comment=comment)
    theirs.note = {"kept": [1, "two"]}
    theirs.save(str(tmp_path / "model"))
    vectors = VectorsOfGensims(2)
    vectors.add_vectors(["a", "b"], np.eye(2, dtype=np.float32))
    vectors.save(str(tmp_path / "vectors"))
    ours = type("SubclassOfGensims", (fastw2v.Word2Vec,), {"__module__": __name__})
    loaded = ours.load(tmp_path / "model")
    assert type(loaded) is ours
    assert loaded.comment == comment
    assert loaded.note == theirs.note
    np.testing.assert_array_equal(loaded.wv.vectors, theirs.wv.vectors)
    our_vectors = type("VectorsOfGensims", (fastw2v.KeyedVectors,), {"__module__": __name__})
    assert our_vectors.load(tmp_path / "vectors").index_to_key == ["a", "b"]
    with pytest.raises(pickle.UnpicklingError, match="SubclassOfGensims"):
        fastw2v.Word2Vec.load(tmp_path / "model")  # nothing says that the class is one of word2vec


def test_a_comment_may_be_any_plain_data(tmp_path):
    for comment in ({"a": [1, None]}, ["x"], 7, "text"):
        gensim_models.Word2Vec(CORPUS, vector_size=2, min_count=1, epochs=1, comment=comment).save(
            str(tmp_path / "model")
        )
        loaded = fastw2v.Word2Vec.load(tmp_path / "model")
        assert loaded.comment == comment
        loaded.save_gensim(tmp_path / "again")
        assert gensim_models.Word2Vec.load(str(tmp_path / "again")).comment == comment


def test_a_file_of_another_class_names_it(tmp_path):
    gensim_models.FastText(CORPUS, vector_size=2, min_count=1, epochs=1, bucket=10).save(
        str(tmp_path / "model")
    )
    for kind in (fastw2v.Word2Vec, fastw2v.KeyedVectors):
        with pytest.raises(
            pickle.UnpicklingError, match=r"fasttext\.FastText, which .* method load of that class"
        ):
            kind.load(tmp_path / "model")


def test_attributes_of_another_length_are_dropped_from_files_of_gensim(tmp_path, caplog):
    def cut(model):
        words = model.wv.index_to_key[1:4]
        model.wv.vectors = model.wv.vectors[1:4]
        model.wv.key_to_index = {word: row for row, word in enumerate(words)}
        model.wv.index_to_key = words

    path = altered(tmp_path, cut, hs=1)
    theirs = Word2Vec.load(str(path))
    with caplog.at_level(logging.WARNING, logger="gensim"):
        loaded = fastw2v.Word2Vec.load(path)
    assert "expandos['count'] has 19 values for 3 keys" in caplog.text
    assert "syn1neg has 19 rows for 3 words" in caplog.text
    word = theirs.wv.index_to_key[0]
    ours, expected = loaded.wv.most_similar(word), theirs.wv.most_similar(word)
    assert [key for key, _ in ours] == [key for key, _ in expected]
    assert fastw2v.KeyedVectors.load(path).index_to_key == theirs.wv.index_to_key
    with pytest.raises(RuntimeError, match="counts"):
        loaded.train([theirs.wv.index_to_key], total_examples=1, epochs=1)


def test_arrays_of_pickles_have_native_types(tmp_path):
    path = altered(tmp_path, lambda model: None)
    vectors = fastw2v.KeyedVectors.load(path).vectors
    assert vectors.dtype is np.dtype(np.float32)
    assert memoryview(vectors)[0, 0] == vectors[0, 0]

"""Every public signature compared with gensim 4.4.0, and the names that gensim has and fastw2v does not have."""

from __future__ import annotations

import inspect
from types import FunctionType, ModuleType

import pytest

import fastw2v.matutils
import fastw2v.models.callbacks
import fastw2v.models.keyedvectors
import fastw2v.models.phrases
import fastw2v.models.word2vec
import fastw2v.utils
from helpers.oracle import import_gensim

gensim = import_gensim()  # its __init__ imports all modules that are compared here

CLASSES = [
    ("word2vec", "Word2Vec"),
    ("word2vec", "LineSentence"),
    ("word2vec", "PathLineSentences"),
    ("word2vec", "Text8Corpus"),
    ("word2vec", "BrownCorpus"),
    ("word2vec", "Heapitem"),
    ("keyedvectors", "KeyedVectors"),
    ("keyedvectors", "CompatVocab"),
    ("callbacks", "CallbackAny2Vec"),
    ("phrases", "Phrases"),
    ("phrases", "FrozenPhrases"),
]

# Name -> reason why its signature differs by more than additional keyword-only parameters.
DIFFERENT = {
    "Word2Vec.train": "compute_loss=None means what the constructor said, where gensim's False turns the loss off; "
    "unknown keyword arguments are refused at once",
    "Word2Vec.load": "its parameters have names, and no others are accepted",
    "Word2Vec.save": "the first parameter has a name",
    "KeyedVectors.save": "parameters have names; sep_limit has no meaning, as there is one file",
    **{
        f"{name}.{method}": "parameters have names; sep_limit has no meaning, as there is one file"
        for name in ("Phrases", "FrozenPhrases")
        for method in ("save", "load")
    },
    "keyedvectors._load_word2vec_format": "limit=None for all, and larger pieces are read at a time",
}

# Method of gensim that fastw2v does not have -> reason.
MISSING_METHODS = {
    **dict.fromkeys(
        ("Word2Vec._job_producer", "Word2Vec._worker_loop", "Word2Vec._log_progress", "Word2Vec._log_epoch_end",
         "Word2Vec._log_epoch_progress", "Word2Vec._log_train_end", "Word2Vec._train_epoch"),
        "private parts of gensim's queues of sentences, which fastw2v does not have",
    ),
    **dict.fromkeys(
        ("Word2Vec._do_train_epoch", "Word2Vec._train_epoch_corpusfile", "Word2Vec._worker_loop_corpusfile"),
        "corpus_file is read as any other corpus is",
    ),
    **dict.fromkeys(
        ("Word2Vec._adapt_by_suffix", "Word2Vec._load_specials", "Word2Vec._save_specials", "Word2Vec._smart_save",
         "KeyedVectors._adapt_by_suffix", "KeyedVectors._load_specials", "KeyedVectors._save_specials",
         "KeyedVectors._smart_save", "KeyedVectors._upconvert_old_vocab", "KeyedVectors._upconvert_old_d2vkv"),
        "private parts of gensim's file format",
    ),
    **dict.fromkeys(
        (f"{name}.{method}" for name in ("Phrases", "FrozenPhrases")
         for method in ("_adapt_by_suffix", "_load_specials", "_save_specials", "_smart_save")),
        "private parts of gensim's file format",
    ),
    "Phrases._apply": "private",
    "FrozenPhrases._apply": "private",
    "Phrases._learn_vocab": "private; the words are counted in compiled code",
    "KeyedVectors.add_lifecycle_event": "vectors keep no log",
    "Phrases.add_lifecycle_event": "phrases keep no log",
    "FrozenPhrases.add_lifecycle_event": "phrases keep no log",
}  # fmt: skip

# Function or constant of gensim that fastw2v does not have -> reason.
MISSING_NAMES = {
    **dict.fromkeys(
        ("word2vec._build_heap", "word2vec._assign_binary_codes"),
        "private; fastw2v.vocab.huffman computes the codes",
    ),
    **dict.fromkeys(
        ("word2vec.train_epoch_sg", "word2vec.train_epoch_cbow"),
        "functions that read a file by byte offsets, which loses and repeats lines",
    ),
    **dict.fromkeys(
        ("keyedvectors._add_word_to_kv", "keyedvectors._add_bytes_to_kv", "keyedvectors._word2vec_read_binary",
         "keyedvectors._word2vec_read_text", "keyedvectors._word2vec_line_to_vector",
         "keyedvectors._word2vec_detect_sizes_text", "keyedvectors._ensure_list"),
        "private parts of gensim's reader",
    ),
    "phrases._is_single": "private",
}  # fmt: skip
UTILS = (
    "RULE_DEFAULT", "RULE_DISCARD", "RULE_KEEP", "ClippedCorpus", "RepeatCorpus", "RepeatCorpusNTimes", "SlicedCorpus",
    "any2unicode", "any2utf8", "call_on_class_only", "chunkize_serial", "deaccent", "grouper", "keep_vocab_item",
    "prune_vocab", "save_as_line_sentence", "simple_preprocess", "simple_tokenize", "to_unicode", "to_utf8", "tokenize",
)  # fmt: skip


def modules(name: str) -> tuple[ModuleType, ModuleType]:
    return getattr(fastw2v.models, name), getattr(gensim.models, name)


def parameters(function: object) -> list[tuple[str, str, object]]:
    return [
        (name, parameter.kind.description, parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
    ]


def differs(ours: object, theirs: object) -> str | None:
    """Return how the signatures differ, apart from keyword-only parameters that only ours has; None if they do not."""
    expected = parameters(theirs)
    mine = [
        parameter for parameter in parameters(ours) if parameter in expected or parameter[1] != "keyword-only"
    ]
    if mine != expected:
        return f"{inspect.signature(ours)} is not {inspect.signature(theirs)}"
    return None


def methods_of(cls: type) -> list[str]:
    return [
        name
        for name, value in inspect.getmembers_static(cls)
        if isinstance(value, (FunctionType, staticmethod, classmethod))
        and not (name.startswith("__") and name.endswith("__") and name != "__init__")
    ]


METHODS = [
    (module, cls, method)
    for module, cls in CLASSES
    for method in methods_of(getattr(getattr(gensim.models, module), cls))
]


@pytest.mark.parametrize(("module", "cls", "method"), METHODS, ids=lambda part: part)
def test_methods(module, cls, method):
    ours, theirs = (getattr(package, cls) for package in modules(module))
    name = f"{cls}.{method}"
    if name in MISSING_METHODS:
        assert not hasattr(ours, method), f"{name} is there by now"
        return
    difference = differs(getattr(ours, method), getattr(theirs, method))
    if name in DIFFERENT:
        assert difference, f"{name} is the same by now"
    else:
        assert difference is None, difference


@pytest.mark.parametrize(("module", "cls"), CLASSES)
def test_classes_take_the_same_arguments(module, cls):
    ours, theirs = (getattr(package, cls) for package in modules(module))
    assert differs(ours, theirs) is None


@pytest.mark.parametrize("module", ["word2vec", "keyedvectors", "phrases"])
def test_names_of_a_module(module):
    ours, theirs = modules(module)
    own = [
        name
        for name, value in vars(theirs).items()
        if getattr(value, "__module__", "").startswith(theirs.__name__) or name.isupper()
    ]
    assert len(own) > 5
    missing = {f"{module}.{name}" for name in own if not hasattr(ours, name)}
    assert missing == {name for name in MISSING_NAMES if name.startswith(f"{module}.")}
    for name in own:
        value = getattr(theirs, name)
        if isinstance(value, FunctionType) and hasattr(ours, name):
            difference = differs(getattr(ours, name), value)
            assert bool(difference) == (f"{module}.{name}" in DIFFERENT), difference


@pytest.mark.parametrize("name", UTILS)
def test_utils(name):
    ours, theirs = getattr(fastw2v.utils, name), getattr(gensim.utils, name)
    if callable(theirs):
        assert differs(ours, theirs) is None
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", ["unitvec", "argsort", "zeros_aligned"])
def test_matutils(name):
    assert differs(getattr(fastw2v.matutils, name), getattr(gensim.matutils, name)) is None


def test_attributes_of_a_model_and_its_vectors(one_job):
    options = {"vector_size": 4, "min_count": 2, "workers": 1, "epochs": 1}
    ours = fastw2v.models.Word2Vec(one_job, **options)
    theirs = gensim.models.word2vec.Word2Vec(one_job, **options)
    missing = {name for name in vars(theirs) if not hasattr(ours, name)}
    assert missing == {"load"}  # there is no such method on an instance
    assert not {name for name in vars(theirs.wv) if not hasattr(ours.wv, name)}
    for name in ("vectors", "vectors_lockf", "norms"):
        for model in (ours, theirs):
            model.wv.fill_norms()
        a, b = getattr(ours.wv, name), getattr(theirs.wv, name)
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
    assert {name: values.dtype for name, values in ours.wv.expandos.items()} == {
        name: values.dtype for name, values in theirs.wv.expandos.items()
    }

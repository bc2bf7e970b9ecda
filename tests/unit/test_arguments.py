"""The arguments of every public function: a wrong value is refused by name, and what is taken is taken by a rule.

`RULES` has an entry for the name of each argument, and `SPECIAL` for arguments that mean something else in one
function. A rule says which of `VALUES` the argument takes. Every function is called with every value for each of its
arguments, while its other arguments are valid. A new public function or argument needs an entry here.
"""

from __future__ import annotations

import copy
import functools
import importlib
import inspect
import itertools
import logging
import math
import numbers
import os
import pickle
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import fastw2v
from fastw2v import EarlyStopping, KeyedVectors, LineSentence, ProbeWords, ValidationLoss, Vocab, Word2Vec
from fastw2v.callbacks import CallbackAny2Vec
from fastw2v.display.projection import METHODS
from fastw2v.keyedvectors import Drift
from fastw2v.phrases import Phrases

MODULES = ("fastw2v", "keyedvectors", "vocab", "corpora", "callbacks", "utils", "matutils", "plotting")
# Classes whose objects the package makes and users do not, with their methods.
RESULTS = {
    "CompatVocab", "EncodedCorpus", "FastTextKeyedVectors", "HuffmanTree", "RaggedArray", "Scan", "Selection",
    "StopTraining", "Terminated",
}  # fmt: skip
CALLBACKS = ("CallbackAny2Vec", "EarlyStopping", "ProbeWords", "ValidationLoss")
# What else users do not call with values of their own: methods of callbacks and log functions, which the package
# calls; a function of smart_open; those that need a package or a network; files of phrases.
EXEMPT = {
    "Drift",
    "KeyedVectors.from_pretrained",
    "KeyedVectors.get_keras_embedding",
    "KeyedVectors.log_accuracy",
    "KeyedVectors.log_evaluate_word_pairs",
    "KeyedVectors.push_to_hub",
    *(f"{name}.{method}" for name in ("Phrases", "FrozenPhrases") for method in ("load", "save")),
    "KeyedVectors.save_parquet",
    "KeyedVectors.to_spacy",
    "EarlyStopping.load_state_arrays",
    "open",
    *(f"{name}.load_state_dict" for name in CALLBACKS[1:]),
    *(
        f"{name}.on_{event}"
        for name in CALLBACKS
        for event in ("train_begin", "epoch_begin", "epoch_end", "train_end")
    ),
}
SENTENCES = [["a", "b", "c"], ["b", "c"], ["a"]] * 3

VALUES = {
    "None": None,
    "text": "text",
    "digits": "5",
    "-1": -1,
    "0": 0,
    "2": 2,
    "2.0": 2.0,
    "int64": np.int64(2),
    "2.5": 2.5,
    "nan": math.nan,
    "inf": math.inf,
    "True": True,
    "2**63": 2**63,
    "[]": [],
    "['a']": ["a"],
    "object": object(),
}

SKIPPED = "skipped"
Takes = Callable[[Any], "bool | str | None"]


@dataclass(frozen=True)
class Rule:
    """What an argument takes.

    Attributes
    ----------
    example : object
        A valid value, for the calls that test another argument.
    takes : callable
        Value -> True if it must be taken, False if it must be refused by name, None if it may be either.
    names : tuple of str
        What a message may call the argument, besides its name.
    """

    example: Any
    takes: Takes
    names: tuple[str, ...] = ()


def is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real)


def integer(minimum: float = -(2**63) + 1, *, optional: bool = False, example: int = 2) -> Rule:
    def takes(value: Any) -> bool | None:
        if value is None:
            return optional
        whole = is_number(value) and math.isfinite(value) and value == int(value)
        return whole and minimum <= value < 2**63

    return Rule(example, takes)


def number(minimum: float = -math.inf, *, optional: bool = False, example: float = 0.5) -> Rule:
    return Rule(
        example,
        lambda value: (
            optional if value is None else is_number(value) and math.isfinite(value) and value >= minimum
        ),
    )


def choice(*choices: Any) -> Rule:
    return Rule(choices[0], lambda value: value in choices)


def iterable(
    example: Any, *, optional: bool = False, text: bool | None = None, names: tuple[str, ...] = ()
) -> Rule:
    """Return the rule of an argument that contains values; `text` says whether it may be a str."""

    def takes(value: Any) -> bool | None:
        if value is None:
            return optional
        if isinstance(value, str):
            return text
        return None if isinstance(value, list) else False

    return Rule(example, takes, names)


def path(example: str, *, optional: bool | None = False, lines: bool = False) -> Rule:
    """Return the rule of a file, or of its lines; whether a str names a file is known when it is opened."""

    def takes(value: Any) -> bool | None:
        if value is None:
            return optional
        return None if isinstance(value, (str, list) if lines else str) else False

    # The message may give the name of the file, which holds something else.
    return Rule(example, takes, ("path", "text", "5", "lines", "corpus"))


def corpus(*, optional: bool = False) -> Rule:
    names = ("corpus", "sentences", "corpus_iterable")
    return iterable(None if optional else SENTENCES, optional=optional, text=False, names=names)


def anything(example: Any = None) -> Rule:
    """Return the rule of an argument without effect, or of one that is any Python object."""
    return Rule(example, lambda value: True)


def only(example: Any, kind: type | tuple[type, ...] = (), *, optional: bool = False) -> Rule:
    """Return the rule of an argument that is an object of some type."""
    return Rule(example, lambda value: optional if value is None else isinstance(value, kind))


def key(example: str = "a") -> Rule:
    """Return the rule of a key: a value that is none is refused, with its name or the value itself."""
    return Rule(
        example,
        lambda value: None if isinstance(value, (str, int, np.integer)) else False,
        ("key", "Key", "keys", "w1", "w2"),
    )


def loosely(rule: Rule) -> Rule:
    """Return a rule whose values may not fit the other arguments of the call; only the wrong ones are tested."""
    return Rule(rule.example, lambda value: SKIPPED if rule.takes(value) else False, rule.names)


FLAG = Rule(True, lambda value: value is None or (is_number(value) and value in (0, 1)))
FUNCTION = only(None, optional=True)
LIST = Rule([0, 1], lambda value: None if isinstance(value, list) else False)
ARRAY = Rule(np.array([1.0, 2.0]), lambda value: None)  # whatever NumPy makes an array of
KEYS = iterable(["a", "b"], names=("key", "Key", "keys", "vocabulary", "list"))
MAPPING = only({"a": 3, "b": 2}, dict)
OPTIONAL_MAPPING = only({"a": 3, "b": 2}, dict, optional=True)
TEXT = only(b"a b c", (str, bytes, np.generic))  # NumPy's scalars are buffers of bytes
STR = only("", str)
DTYPE = Rule("float32", lambda value: True if value is None else None)


def rules(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


RULES = {
    **rules(
        FLAG,
        "allow_inference append as_numpy binary case_insensitive cbow_mean compute_loss copy_vecattrs deacc dry_run "
        "dummy4unknown force freeze_outputs full_windows hs ignore_missing keep_ids keep_raw_vocab lower lowercase "
        "no_header norm null_word outputs post_normalize pre_normalize progress replace "
        "replace_word_vectors_with_normalized "
        "reproducible restore_best center pinned return_norm reverse sg shared_negatives shrink_windows sorted_vocab "
        "to_lower update use_norm write_header",
    ),
    **rules(
        integer(1),
        "batch_words chunk_words domain epochs max_sentence_length patience progress_per round_words window",
    ),
    **rules(integer(1), "size vector_size"),
    **rules(Rule(2, lambda value: integer(1).takes(value) and value <= 65_536), "virtual_workers"),
    **rules(integer(0), "chunksize max_docs negative negative_pool n reps total_examples"),
    **rules(integer(0, example=1), "count index passes"),
    **rules(integer(), "longest max_len min_count min_len min_reduce total_sentences topn workers"),
    **rules(integer(1, optional=True), "checkpoint_every first_words max_words"),
    **rules(Rule(1.0, lambda value: is_number(value) and 0 <= value <= 1), "count_decay"),
    **rules(integer(1), "n_words"),
    **rules(only("", str, optional=True), "title"),
    **rules(
        integer(0, optional=True),
        "corpus_count limit max_final_vocab max_vocab_size old_words restrict_vocab seed total_words vocab_size",
    ),
    **rules(integer(0, optional=True, example=9), "total_vec"),
    **rules(integer(1, example=64), "align"),
    **rules(integer(example=0, optional=True), "clip_start"),
    **rules(integer(optional=True), "clip_end log_level"),
    **rules(number(0), "alpha anchor lockf min_alpha min_delta replay_ratio report_delay"),
    **rules(Rule(9, lambda value: value == math.inf or number(0, optional=True).takes(value)), "budget"),
    **rules(number(0, optional=True), "corpus_budget end_alpha sample start_alpha"),
    **rules(number(), "retain_total threshold"),
    **rules(loosely(number()), "init_lockf ns_exponent"),
    **rules(FUNCTION, "trim_rule"),
    **rules(Rule(1, lambda value: value is None or (is_number(value) and value in (0, 1, 2))), "remove"),
    **rules(corpus(), "data"),
    **rules(Rule("a", lambda value: None), "word_a word_b"),
    **rules(Rule(["a"], lambda value: None), "sentence"),
    **rules(Rule((), lambda value: None), "in_between connector_words"),
    **rules(Rule("default", lambda value: None), "scoring"),
    **rules(Rule(Phrases(SENTENCES), lambda value: None), "phrases_model"),
    **rules(only(None, str, optional=True), "name"),
    **rules(only(str.split), "tokenizer"),
    **rules(choice("negative_sampling", "sampled_softmax"), "objective"),
    **rules(choice("word2vec", "corrected"), "cbow_update"),
    **rules(integer(1, optional=True), "final_window"),
    **rules(only(None, optional=True), "window_weights"),
    **rules(iterable(None, optional=True, text=False), "sample_weight"),
    **rules(
        Rule(None, lambda value: value is None or (is_number(value) and 0 < value < math.inf)), "max_norm"
    ),
    **rules(loosely(FLAG), "tied_weights logq_correction"),  # they need an objective that they fit
    **rules(Rule(False, loosely(FLAG).takes), "keep_anchor"),  # it needs an anchor
    **rules(corpus(), "sentences held_out"),
    **rules(Rule(SENTENCES, lambda value: None), "texts"),
    **rules(corpus(optional=True), "corpus corpus_iterable replay"),
    **rules(
        KEYS, "context_words_list document1 document2 entities keys keys_list queries tokens words ws1 ws2"
    ),
    **rules(iterable((), names=KEYS.names), "other_words"),
    **rules(iterable(None, optional=True, names=KEYS.names), "candidates"),
    **rules(key("a"), "key key1 old w1 wa word word1 word_or_vector"),
    **rules(key("b"), "key2 w2 wb word2"),
    **rules(key("new"), "new"),
    **rules(LIST, "counts ids indices"),
    **rules(Rule([1.0, 2.0], LIST.takes), "vector"),
    **rules(Rule([[1.0, 2.0], [3.0, 4.0]], LIST.takes), "weights"),
    **rules(ARRAY, "probabilities table vec vector_1 x"),
    **rules(Rule(np.eye(2), ARRAY.takes), "vectors_all"),
    **rules(Rule((2, 2), ARRAY.takes), "shape target_shape"),
    **rules(Rule([0], ARRAY.takes), "slice_"),
    **rules(Rule(None, ARRAY.takes), "prior_vectors"),
    **rules(MAPPING, "key_to_index raw_counts vocab word_freq"),
    **rules(OPTIONAL_MAPPING, "earlier_counts extras frequencies report "),
    **rules(TEXT, "text"),
    **rules(only("a b c", (str, bytes)), "doc"),
    **rules(STR, "prefix"),
    **rules(loosely(only("count", str)), "attr sort_attr"),
    **rules(loosely(only("\t", str, optional=True)), "delimiter"),
    **rules(only("a", str, optional=True), "seed_string"),
    **rules(DTYPE, "datatype dtype"),
    **rules(choice(None, "r", "c", "r+"), "mmap"),
    **rules(choice("most_similar", "most_similar_cosmul"), "similarity_function"),
    **rules(choice("C", "F"), "order"),
    **rules(Rule("utf8", lambda value: False), "encoding"),
    **rules(Rule("strict", lambda value: False), "errors unicode_errors"),
    **rules(iterable(["count"], optional=True), "attrs"),
    **rules(iterable([int], optional=None), "types"),
    **rules(iterable((), optional=True, text=False), "ignore"),
    **rules(iterable([1, 2], text=None), "iterable"),
    **rules(Rule((), lambda value: value is None or (isinstance(value, list) and not value)), "callbacks"),
    **rules(path("analogies.txt", lines=True), "analogies questions"),
    **rules(path("pairs.tsv", lines=True), "pairs"),
    **rules(path("checkpoint"), "path"),
    **rules(path("new", optional=True), "checkpoint fvocab"),
    **rules(path("new"), "filename"),
    **rules(path("corpus.txt"), "source "),
    **rules(path("corpus.txt", optional=None), "corpus_file"),
    **rules(path("vectors.txt"), "fname"),
    **rules(path("vectors.txt", optional=True), "init_from"),
    **rules(path("."), "dirname"),
    **rules(path("folder"), "folder"),
    **rules(only("<pad>", str, optional=True), "padding"),
    **rules(only("<unk>", str, optional=True), "unknown"),
    **rules(only(None), "other other_model provisional"),
    **rules(only(None, optional=True), "digest indexer"),
    **rules(
        anything(),
        "comment default event_name hashfxn mapfile_path most_similar pickle_protocol queue_factor rethrow "
        "sep_limit separately word_count",
    ),
    **rules(Rule(3, lambda value: None, ("attribute",)), "val"),
    **rules(only(logging.getLogger("test"), logging.Logger), "log"),
}


def vectors() -> KeyedVectors:
    wv = KeyedVectors(2)
    wv.add_vectors(["a", "b", "c"], [[1, 0], [0, 1], [1, 1]], extras={"count": [7, 5, 3]})
    return wv


MODEL = only(vectors())
PICTURE = {"model": MODEL, "topn": integer(1), "method": loosely(choice(*METHODS))}


def model() -> Word2Vec:
    trained: Word2Vec = pickle.loads(PICKLED_MODEL[0])
    return trained


PICKLED_MODEL: list[bytes] = []
# An object of each class, for its methods.
OBJECTS: dict[str, Callable[[], Any]] = {
    "Word2Vec": model,
    "KeyedVectors": vectors,
    "Vocab": lambda: Vocab(["a", "b", "c"], [3, 2, 1]),
    "Drift": lambda: vectors().drift(vectors()),
    "CallbackAny2Vec": CallbackAny2Vec,
    "EarlyStopping": lambda: EarlyStopping(SENTENCES),
    "ProbeWords": lambda: ProbeWords(["a"]),
    "ValidationLoss": lambda: ValidationLoss(SENTENCES),
    "Phrases": lambda: Phrases(SENTENCES),
    "FrozenPhrases": lambda: Phrases(SENTENCES).freeze(),
    "Column": lambda: fastw2v.corpora.Column(SENTENCES),
    "FileSentences": lambda: fastw2v.FileSentences("corpus.txt"),
    "LineSentence": lambda: LineSentence("corpus.txt"),
    "TextShard": lambda: fastw2v.corpora.TextShard("corpus.txt", 0, 2),
    "PathLineSentences": lambda: fastw2v.PathLineSentences("."),
    "Text8Corpus": lambda: fastw2v.Text8Corpus("corpus.txt"),
    "Update": fastw2v.Update,
    "ReplayStore": lambda: fastw2v.ReplayStore(tempfile.mkdtemp(dir=".")),
}
EITHER = Rule(None, lambda value: None)
EITHER_KEYS = Rule(
    ["a"], lambda value: None if isinstance(value, (str, int, list, np.integer)) else False, KEYS.names
)
OPTIONAL_KEYS = Rule("a", lambda value: None if value is None else EITHER_KEYS.takes(value), KEYS.names)
TWO_VECTORS = Rule([[1.0, 2.0], [3.0, 4.0]], LIST.takes)
# Arguments that mean something else in one function: the values that its calls need, or the rules.
SPECIAL: dict[str, dict[str, Rule]] = {
    "Phrases": {
        "sentences": corpus(optional=True),
        "min_count": Rule(2, lambda value: is_number(value) and 1 <= value < math.inf),
        "threshold": Rule(1.0, lambda value: is_number(value) and 0 < value < math.inf),
        "max_vocab_size": Rule(100, lambda value: is_number(value) and 0 <= value < math.inf),
    },
    "FileSentences": {
        "paths": Rule("corpus.txt", lambda value: None if isinstance(value, (str, list)) else False),
        "tokenizer": choice("whitespace", "words"),
        "lower": FLAG,
        "max_sentence_length": integer(1),
    },
    "TextShard": {
        "source": Rule("corpus.txt", lambda value: None if isinstance(value, (str, list)) else False),
        "index": Rule(0, lambda value: integer(0).takes(value) and value < 3),
        "count": integer(1, example=3),
        "tokenizer": choice("whitespace", "words"),
        "lower": FLAG,
        "max_sentence_length": integer(1),
    },
    "subsample_threshold": {
        "counts": Rule([1, 2], lambda value: value is None or (None if isinstance(value, list) else False))
    },
    "EarlyStopping": {"held_out": iterable(SENTENCES, text=True)},
    "ProbeWords": {"topn": integer(1), "every": integer(1), "display": FLAG},
    "ValidationLoss": {"held_out": iterable(SENTENCES, text=True)},
    "KeyedVectors": {"vector_size": integer(0)},
    "KeyedVectors.add_vector": {"key": Rule("new", EITHER.takes, ("keys",))},
    "KeyedVectors.add": {"entities": iterable(["x", "y"], names=("weights",)), "weights": TWO_VECTORS},
    "KeyedVectors.add_vectors": {
        "keys": Rule(["x", "y"], EITHER.takes, ("weights",)),
        "weights": TWO_VECTORS,
    },
    "KeyedVectors.allocate_vecattrs": {
        "attrs": iterable(["count"], optional=True, names=("types",), text=False),
        "types": Rule(
            [int], lambda value: None if isinstance(value, (list, str)) or value is None else False, ("type",)
        ),
    },
    "KeyedVectors.evaluate_word_pairs": {
        "restrict_vocab": loosely(integer(0, optional=True)),
        "case_insensitive": loosely(FLAG),
        "dummy4unknown": loosely(FLAG),
    },
    "KeyedVectors.remove_keys": {"keys": EITHER_KEYS},
    "KeyedVectors.subset": {"keys": EITHER_KEYS},
    "KeyedVectors.relative_cosine_similarity": {"topn": loosely(integer())},
    "KeyedVectors.load_word2vec_format": {"binary": loosely(FLAG), "no_header": loosely(FLAG)},
    "KeyedVectors.drift": {"other": only(vectors()), "sample": integer(0, optional=True), "topn": integer(0)},
    "KeyedVectors.get_mean_vector": {
        "keys": EITHER_KEYS,
        "weights": iterable([1.0, 2.0], optional=True, text=False),
    },
    "KeyedVectors.has_index_for": {"key": Rule("a", EITHER.takes, ("key",))},
    "KeyedVectors.intersect_word2vec_format": {"lockf": number(), "binary": loosely(FLAG)},
    "KeyedVectors.load": {"fname": path("vectors.kv")},
    "KeyedVectors.most_similar": {
        "positive": OPTIONAL_KEYS,
        "negative": OPTIONAL_KEYS,
        "topn": integer(optional=True),
    },
    "KeyedVectors.most_similar_batch": {"topn": integer(optional=True)},
    "KeyedVectors.most_similar_cosmul": {
        "positive": OPTIONAL_KEYS,
        "negative": OPTIONAL_KEYS,
        "topn": integer(optional=True),
    },
    "KeyedVectors.similar_by_key": {"topn": integer(optional=True)},
    "KeyedVectors.similar_by_vector": {"topn": integer(optional=True)},
    "KeyedVectors.similar_by_word": {"topn": integer(optional=True)},
    "KeyedVectors.rename_key": {"new": Rule("new", EITHER.takes, ("key", "keys"))},
    "RepeatCorpus": {"corpus": anything([])},
    "RepeatCorpusNTimes": {"corpus": anything([])},
    "ReplayStore": {
        "path": path("store"),
        "max_words": integer(1, optional=True),
        "keep": choice(None, "random", "newest"),
        "seed": loosely(integer(0, optional=True)),  # that of the store which an earlier call made
    },
    "ReplayStore.exists": {"path": path("store")},
    "ReplayStore.commit": {"fingerprints": iterable([], text=False)},
    "ReplayStore.settle": {"history": iterable([])},
    "SlicedCorpus": {"corpus": anything([]), "slice_": anything([])},
    "Update": {
        "alpha": number(0, optional=True),
        "min_alpha": number(0, optional=True),
        "rare_count": number(0),
        "frequent_count": number(0, optional=True),
        "replay": EITHER,
        "anchor_to": path("vectors.txt", optional=True),
        "drift_threshold": Rule(
            0.5, lambda value: value is None or (is_number(value) and bool(0 <= value <= 1))
        ),
    },
    "Update.recommended": {"replay": Rule([["a"]], lambda value: None)},
    "Vocab": {"words": iterable(["a", "b"], text=None), "counts": LIST},
    "Vocab.from_corpus": {"corpus": corpus()},
    "Vocab.from_frequencies": {"frequencies": MAPPING},
    "Vocab.get": {"word": Rule("a", EITHER.takes, ("key",))},
    "Vocab.get_index": {
        "word": Rule("a", EITHER.takes, ("key", "vocabulary")),
        "default": integer(optional=True),
    },
    "Vocab.get_freq": {"word": Rule("a", EITHER.takes, ("key",))},
    "Vocab.lookup_token": {"index": Rule(0, EITHER.takes, ())},
    "Vocab.count": {"word": Rule("a", EITHER.takes, ("key",))},
    "Vocab.to_ids": {"words": KEYS, "default": integer(optional=True)},
    "Vocab.lookup_tokens": {"indices": Rule([0], LIST.takes, ("index",))},
    "Vocab.to_words": {"ids": Rule([0], LIST.takes, ("index",))},
    "Vocab.load": {"path": path("vocab.json")},
    "Vocab.save": {"path": path("new")},
    "Vocab.update": {"corpus": corpus(optional=None), "min_count": integer(optional=True)},
    "Word2Vec": {
        "sentences": corpus(optional=True),
        "checkpoint_every": Rule(None, lambda value: value is None),  # it needs a checkpoint
    },
    "Word2Vec.build_vocab": {
        "corpus_iterable": corpus(),
        "known_text": choice("warn", "refuse", "skip"),
    },
    "Word2Vec.scan_vocab": {"corpus_iterable": corpus(), "workers": anything()},
    "Word2Vec.drift": {"other": only(vectors()), "sample": integer(0, optional=True), "topn": integer(0)},
    "Word2Vec.log_proba": {"context_words": Rule(["a"], lambda value: None)},
    "Word2Vec.evaluate_loss": {"corpus_iterable": corpus(), "seed": integer(0)},
    "Word2Vec.estimate_memory": {"report": only({}, dict, optional=True)},
    "Word2Vec.load": {"fname": path("model")},
    "Word2Vec.make_cum_table": {"domain": integer(1)},
    "Word2Vec.predict_output_word": {"topn": integer(optional=True)},
    "Word2Vec.prepare_vocab": {"min_count": integer(optional=True)},
    "Word2Vec.resume": {
        "corpus_iterable": corpus(),
        "workers": loosely(integer(optional=True)),
        "replay": EITHER,
    },
    "Word2Vec.save": {"fname": path("new")},
    "Word2Vec.save_gensim": {"fname": path("new")},
    "Word2Vec.score": {"chunksize": anything(), "report_delay": anything()},
    "Word2Vec.train": {
        "corpus_iterable": corpus(),
        "total_examples": loosely(integer(0, example=9)),
        "checkpoint": path("new", optional=None),
        "checkpoint_every": Rule(
            None, lambda value: value is None or (value is not True and integer(1).takes(value))
        ),
        "compute_loss": FLAG,
        "update": only(None, optional=True),
    },
    "Word2Vec.train_stream": {"corpus_iterable": corpus()},
    "Drift.as_dict": {"topn": integer(0)},
    "Drift.most_moved": {"topn": integer(0)},
    "argsort": {"topn": integer(optional=True)},
    "downsampling": {"counts": ARRAY},
    "encode": {"corpus": corpus()},
    "scan": {"corpus": corpus()},
    "stream": {"corpus": corpus()},
    "ClippedCorpus": {"corpus": anything([]), "max_docs": integer(0, optional=True)},
    "is_long_list": {"words": integer(), "corpus": anything([])},
    "is_reusable": {"corpus": anything([])},
    "open_corpus": {"corpus_iterable": corpus(optional=None), "corpus_file": path(None, optional=None)},
    "keep_probabilities": {"counts": ARRAY},
    "huffman": {"counts": LIST},
    "keep_vocab_item": {"word": anything("a"), "count": integer()},
    "simple_tokenize": {"text": only("a b", str)},
    "load_any": {"path": path("vectors.txt")},
    "noise_table": {"counts": ARRAY, "domain": integer(1)},
    "frequency_order": {"counts": ARRAY},
    "provisional_table": {"counts": MAPPING},
    "save_as_line_sentence": {"corpus": corpus()},
    "explore": {**PICTURE, "path": path("new"), "n_words": integer(1), "topn": integer(1)},
    "neighbours_table": {"model": MODEL, "words": EITHER_KEYS, "topn": integer(1)},
    "mean_of_runs": {"runs": iterable([vectors(), vectors()], text=False)},
    "plot_drift": {"drift": only(vectors().drift(vectors())), "topn": integer(1)},
    "plot_loss": {"model": Rule([2.0, 1.0], lambda value: None if isinstance(value, list) else False)},
    "plot_map": {
        "model": MODEL,
        "words": OPTIONAL_KEYS,
        "highlight": EITHER_KEYS,
        "method": loosely(choice(*METHODS)),
    },
    "plot_neighbours": {**PICTURE, "words": EITHER_KEYS},
    "train_slices": {
        "slices": Rule({"a": SENTENCES}, lambda value: None if isinstance(value, dict) else False),
        "compass": only(None, Word2Vec, optional=True),
        "epochs": integer(1, optional=True),
        "min_count": loosely(integer(optional=True)),
    },
    "unitvec": {"norm": choice("l2", "l1")},
}


# Optional arguments that the calls of a function need.
GIVEN: dict[str, dict[str, Any]] = {
    "KeyedVectors.allocate_vecattrs": {"attrs": ["count"], "types": [int]},
    "KeyedVectors.most_similar": {"positive": "a"},
    "KeyedVectors.most_similar_cosmul": {"positive": "a"},
    "Vocab.from_corpus": {"corpus": SENTENCES},
    "Vocab.update": {"corpus": SENTENCES},
    "train_slices": {"min_count": 1, "vector_size": 2, "workers": 1},
    "Word2Vec.build_vocab": {"corpus_iterable": SENTENCES},
    "Word2Vec.log_proba": {"context_words": Rule(["a"], lambda value: None)},
    "Word2Vec.evaluate_loss": {"corpus_iterable": SENTENCES},
    "Word2Vec.resume": {"corpus_iterable": SENTENCES},
    "Word2Vec.scan_vocab": {"corpus_iterable": SENTENCES},
    "Word2Vec.train": {"corpus_iterable": SENTENCES, "total_examples": 9, "epochs": 1, "checkpoint": "new"},
    "Word2Vec.train_stream": {"corpus_iterable": SENTENCES},
    "renumber": {"provisional": fastw2v.corpora.scan(SENTENCES, keep_ids=True).provisional},
}


def public_functions() -> dict[str, tuple[str, str]]:
    """Return the module and path of every public function, method and class, by its name."""
    found: dict[str, Any] = {}
    for name in MODULES:
        module = fastw2v if name == "fastw2v" else importlib.import_module(f"fastw2v.{name}")
        for public in module.__all__:
            value = getattr(module, public)
            if (inspect.isclass(value) and value.__module__.startswith("fastw2v")) or inspect.isfunction(
                value
            ):
                found[value.__name__] = value
    found["Drift"] = Drift
    for name, value in list(found.items()):
        if inspect.isclass(value):
            for method in dir(value):
                if not method.startswith("_") and callable(getattr(value, method)):
                    found[f"{name}.{method}"] = getattr(value, method)
    assert set(found) >= EXEMPT
    return {
        name: value
        for name, value in found.items()
        if name not in EXEMPT and name.split(".")[0] not in RESULTS
    }


@functools.cache
def parameters(function: Any) -> list[inspect.Parameter]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [
        p for p in inspect.signature(function).parameters.values() if p.kind in named and p.name != "self"
    ]


FUNCTIONS = public_functions()
ARGUMENTS = [(function, p.name) for function, value in FUNCTIONS.items() for p in parameters(value)]


def rule_of(function: str, argument: str) -> Rule:
    return SPECIAL.get(function, {}).get(argument) or RULES[argument]


def test_every_argument_has_a_rule():
    missing = {
        (function, argument)
        for function, argument in ARGUMENTS
        if argument not in RULES and argument not in SPECIAL.get(function, {})
    }
    assert not missing
    known = {argument for _, argument in ARGUMENTS}
    assert not {argument for argument in RULES if argument not in known}
    assert not {(f, a) for f, special in SPECIAL.items() for a in special if (f, a) not in ARGUMENTS}
    assert not {name.split(".")[0] for name in FUNCTIONS if "." in name} - set(OBJECTS)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    before = os.getcwd()
    os.chdir(folder)
    options = {"vector_size": 2, "min_count": 1, "hs": 1, "workers": 1, "epochs": 1, "max_words": 100}
    trained = Word2Vec(SENTENCES, checkpoint="checkpoint", **options)
    PICKLED_MODEL.append(pickle.dumps(trained))
    (folder / "corpus.txt").write_text("a b c\nb c\na\n")
    (folder / "analogies.txt").write_text(": s\na b c a\n")
    (folder / "pairs.tsv").write_text("a\tb\t1\na\tc\t2\nb\tc\t4\n")
    vectors().save_word2vec_format("vectors.txt")
    vectors().save("vectors.kv")
    Vocab(["a"], [1]).save("vocab.json")
    trained.save("model")
    yield
    os.chdir(before)
    PICKLED_MODEL.clear()


def call(function: str, argument: str, value: Any) -> None:
    """Call a function with `value` for one argument, and examples for those that are required; use up an iterator."""
    target = FUNCTIONS[function]
    if "." in function:
        owner, method = function.split(".")
        target = getattr(OBJECTS[owner](), method, target)
    chosen = {
        p.name: copy.copy(rule_of(function, p.name).example)
        for p in parameters(FUNCTIONS[function])
        if p.default is p.empty
    }
    chosen.update(GIVEN.get(function, {}))
    if argument == "corpus_file":
        chosen.update(dict.fromkeys(({"corpus", "corpus_iterable"} & chosen.keys()), None))
    result = target(**{**chosen, argument: value})
    if isinstance(result, Iterator):
        list(itertools.islice(result, 9))


@pytest.mark.usefixtures("files")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("function", "argument"),
    [
        # One in three is quick. Every call of a function that plots draws a figure.
        pytest.param(*pair, marks=pytest.mark.slow if number % 3 or pair[0].startswith("plot_") else ())
        for number, pair in enumerate(ARGUMENTS)
    ],
    ids=lambda part: part,
)
def test_values_are_taken_by_a_rule_or_refused_by_name(function, argument):
    rule = rule_of(function, argument)
    wrong = []
    free = all(rule.takes(value) is True for value in VALUES.values())
    for name, value in VALUES.items():
        takes = rule.takes(value)
        if free and name not in ("None", "text", "2.5"):  # some of them are enough
            continue
        if takes == SKIPPED:
            continue
        try:
            call(function, argument, value)
        except (TypeError, ValueError, LookupError, RuntimeError, OSError, ZeroDivisionError) as error:
            message = str(error)
            named = any(re.search(rf"(?<!\w){part}(?!\w)", message) for part in (argument, *rule.names))
            if takes or not (
                named or isinstance(error, OSError) or (takes is None and isinstance(error, RuntimeError))
            ):
                wrong.append(f"{name}: {type(error).__name__}: {message}")
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}: {error}")
        else:
            if takes is False:
                wrong.append(f"{name}: taken in silence")
    assert not wrong, "\n".join(wrong)


def test_what_gensims_users_pass_is_taken():
    model = Word2Vec(
        SENTENCES, vector_size=np.int64(5), window=3.0, hs=True, sg=1.0, min_count=np.array(1), workers=1
    )
    assert (model.vector_size, model.window, model.hs, model.sg, model.min_count) == (5, 3, 1, 1, 1)
    assert {
        type(value) for value in (model.vector_size, model.window, model.hs, model.sg, model.min_count)
    } == {int}
    assert len(model.wv.most_similar("a", topn=1e0, restrict_vocab=2.0)) == 1


@pytest.mark.parametrize("name", ["text", "inf", "2.5"])
def test_a_setting_that_is_assigned_is_checked_when_it_is_used(name):
    model = Word2Vec(SENTENCES, vector_size=2, min_count=1, workers=1)
    before = model.wv.vectors.copy()
    model.window = VALUES[name]
    with pytest.raises(TypeError, match="window="):
        model.train(SENTENCES, total_examples=9, epochs=1)
    np.testing.assert_array_equal(model.wv.vectors, before)

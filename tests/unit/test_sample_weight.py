"""Weights of sentences: factors on their learning rates, for every kind of corpus."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v import LineSentence, Update, Word2Vec
from fastw2v.corpora import EncodedCorpus
from fastw2v.training import training_corpus
from helpers.corpora import zipf_sentences
from helpers.interruptions import FailingCorpus
from helpers.naive_training import assert_trains_as_defined

CORPUS = zipf_sentences(600, 60, seed=5, length=9)
WEIGHTS = np.random.default_rng(4).choice([0.0, 0.5, 1.0, 3.0], len(CORPUS))
SETTINGS = {"min_count": 1, "workers": 1, "vector_size": 10}


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize(
    "options",
    [
        {"negative": 4},
        {"hs": 1, "negative": 0, "window_weights": "linear"},
        {"objective": "sampled_softmax", "full_windows": True, "window": (1, 2)},
    ],
)
def test_one_job_agrees_with_the_definition(options, sg):
    model = Word2Vec(**SETTINGS, **options, sg=sg, sample=0.05)
    model.build_vocab(CORPUS)
    assert_trains_as_defined(model, CORPUS, sample_weight=WEIGHTS.tolist())


def test_shared_negatives_of_a_sentence_of_weight_0_change_nothing():
    options = {**SETTINGS, "sg": 1, "shared_negatives": True}
    before = Word2Vec(**options)
    before.build_vocab(CORPUS)
    model = Word2Vec(CORPUS, **options, sample_weight=np.zeros(len(CORPUS)))
    np.testing.assert_array_equal(model.wv.vectors, before.wv.vectors)
    half = Word2Vec(CORPUS, **options, alpha=0.05, min_alpha=0.05, sample_weight=[0.5] * len(CORPUS))
    full = Word2Vec(CORPUS, **options, alpha=0.025, min_alpha=0.025)
    np.testing.assert_array_equal(half.wv.vectors, full.wv.vectors)


@pytest.mark.parametrize("form", ["tuple", "long list", "iterable", "file", "reader", "encoded"])
def test_every_kind_of_corpus_is_weighted_alike(form, tmp_path, monkeypatch):
    options = {**SETTINGS, "epochs": 2, "batch_words": 50, "sample_weight": WEIGHTS}
    expected = Word2Vec(CORPUS, **options)
    assert (expected.wv.vectors != Word2Vec(CORPUS, **{**options, "sample_weight": None}).wv.vectors).any()
    path = tmp_path / "corpus.txt"
    path.write_text("\n\n".join(" ".join(line) for line in CORPUS))  # blank lines are no sentences

    class Iterable:
        def __iter__(self):
            return iter(CORPUS)

    if form == "long list":
        monkeypatch.setattr(training_corpus, "LONG_LIST_WORDS", 100)
        model = Word2Vec(**{name: value for name, value in options.items() if name != "sample_weight"})
        model.build_vocab(CORPUS)
        model.train(
            CORPUS,
            total_examples=len(CORPUS),
            total_words=model.corpus_total_words,
            epochs=2,
            sample_weight=WEIGHTS,
        )
    elif form == "file":
        model = Word2Vec(corpus_file=path, **options)
    else:
        corpus = {
            "tuple": lambda: tuple(CORPUS),
            "iterable": Iterable,
            "reader": lambda: LineSentence(path),
            "encoded": lambda: EncodedCorpus.build(CORPUS, tmp_path / "encoded"),
        }[form]()
        model = Word2Vec(corpus, **options)
    np.testing.assert_array_equal(model.wv.vectors, expected.wv.vectors)


def test_several_workers_ignore_sentences_of_weight_0():
    rng = np.random.default_rng(1)
    topics = [[f"{name}{i}" for i in range(15)] for name in "abc"]
    sentences = [rng.choice(topics[i % 3], 10).tolist() for i in range(900)]
    misleading = [rng.choice(np.ravel(topics), 10).tolist() for _ in range(900)]
    mixed = [line for pair in zip(sentences, misleading, strict=True) for line in pair]
    options = {"min_count": 1, "workers": 2, "vector_size": 20, "seed": 3, "sg": 1, "alpha": 0.1}
    model = Word2Vec(mixed, **options, sample_weight=[1, 0] * 900)
    for word in ("a1", "b2", "c3"):
        assert {near[0] for near, _ in model.wv.most_similar(word, topn=8)} == {word[0]}


def test_the_replay_of_an_update_has_the_weight_1():
    options = {**SETTINGS, "epochs": 1}
    models = []
    for weights in (None, np.ones(20), np.full(20, 0.5)):
        model = Word2Vec(CORPUS, **options)
        new = [["fresh", *line] for line in CORPUS[:20]]
        model.build_vocab(new, update=True)
        model.train(
            new,
            total_examples=20,
            epochs=1,
            update=Update(replay=CORPUS, replay_ratio=1.0),
            sample_weight=weights,
        )
        models.append(model.wv.vectors.copy())
    np.testing.assert_array_equal(models[0], models[1])
    assert (models[0] != models[2]).any()


def interrupted(tmp_path):
    model = Word2Vec(**SETTINGS, epochs=2, batch_words=100)
    model.build_vocab(CORPUS)
    with pytest.raises(KeyError):
        model.train(
            FailingCorpus(CORPUS, len(CORPUS) * 3 // 2),
            total_examples=len(CORPUS),
            epochs=2,
            checkpoint=tmp_path / "c",
            checkpoint_every=200,
            sample_weight=WEIGHTS,
        )
    return tmp_path / "c"


def test_a_checkpoint_is_resumed_with_the_same_weights(tmp_path):
    whole = Word2Vec(CORPUS, **SETTINGS, epochs=2, batch_words=100, sample_weight=WEIGHTS)
    path = interrupted(tmp_path)
    with pytest.raises(ValueError, match="pass the same sample_weight"):
        Word2Vec.resume(path, CORPUS)
    with pytest.raises(ValueError, match="sample_weight is not that of the checkpoint"):
        Word2Vec.resume(path, CORPUS, sample_weight=WEIGHTS[::-1])
    resumed = Word2Vec.resume(path, CORPUS, sample_weight=WEIGHTS)
    np.testing.assert_array_equal(resumed.wv.vectors, whole.wv.vectors)


class Hooks(Word2Vec):
    def _raw_word_count(self, job):
        return super()._raw_word_count(job)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([1.0], ValueError, f"sample_weight has 1 weights, but the corpus has {len(CORPUS)} sentences"),
        (np.ones((len(CORPUS), 1)), TypeError, "sample_weight must be a 1-D array"),
        (1.0, TypeError, "sample_weight must be a 1-D array"),
        (["a"] * len(CORPUS), TypeError, "sample_weight must be an array with one number"),
        ([-1.0] * len(CORPUS), ValueError, "sample_weight must hold finite numbers of at least 0"),
        ([float("nan")] * len(CORPUS), ValueError, "sample_weight must hold finite numbers"),
    ],
)
def test_wrong_weights_are_refused(weights, error, message):
    model = Word2Vec(**SETTINGS)
    model.build_vocab(CORPUS)
    before = model.wv.vectors.copy()
    with pytest.raises(error, match=message):
        model.train(CORPUS, total_examples=len(CORPUS), epochs=1, sample_weight=weights)
    np.testing.assert_array_equal(model.wv.vectors, before)


@pytest.mark.parametrize("count", [3, len(CORPUS) + 3])
def test_an_iterable_with_another_number_of_sentences_is_noticed(count):
    model = Word2Vec(**SETTINGS)
    model.build_vocab(CORPUS)
    with pytest.raises(ValueError, match=f"sample_weight has {count} weights, but the corpus has"):
        model.train(iter(CORPUS), total_examples=len(CORPUS), epochs=1, sample_weight=np.ones(count))


def test_overridden_methods_cannot_be_weighted():
    model = Hooks(**SETTINGS)
    model.build_vocab(CORPUS)
    with pytest.raises(ValueError, match="sample_weight cannot be used with a subclass"):
        model.train(CORPUS, total_examples=len(CORPUS), epochs=1, sample_weight=WEIGHTS)


def test_transformer_passes_the_weights():
    sklearn = pytest.importorskip("fastw2v.sklearn", exc_type=ImportError)
    options = {"vector_size": 10, "min_count": 1, "epochs": 2}
    one = sklearn.Word2VecTransformer(**options).fit(CORPUS, sample_weight=WEIGHTS)
    other = Word2Vec(CORPUS, **options, workers=1, sample_weight=WEIGHTS)
    np.testing.assert_array_equal(one.wv_.vectors, other.wv.vectors)

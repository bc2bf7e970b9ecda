"""gensim and fastw2v side by side, one worker, the same seed: the same vocabulary, tables, counts and vectors.

The bounds: 1e-5 after one job; after several jobs and epochs 1e-3, which is what separates gensim from itself when
its BLAS sums in another order, while the weights move by 0.3 to 4.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v.utils import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP
from helpers.corpora import zipf_sentences
from helpers.oracle import import_gensim
from helpers.parameters import one_in

gensim_models = import_gensim("gensim.models")

ALGORITHMS = list(itertools.product((0, 1), ((5, 0), (0, 1), (5, 1))))
# Training with both schemes takes the time of both, and meets few options that the others do not meet.
ALGORITHMS_BOTH_SLOW = [
    pytest.param(sg, scheme, marks=pytest.mark.slow if all(scheme) else ()) for sg, scheme in ALGORITHMS
]
ONE_JOB, SEVERAL_JOBS = 1e-5, 1e-3


def settings(sg: int, scheme: tuple[int, int], **options):
    negative, hs = scheme
    return {
        "vector_size": 32,
        "min_count": 2,
        "workers": 1,
        "sg": sg,
        "negative": negative,
        "hs": hs,
        **options,
    }


def assert_same_model(ours, theirs, bound: float) -> None:
    assert ours.wv.index_to_key == theirs.wv.index_to_key
    assert ours.wv.key_to_index == theirs.wv.key_to_index
    for name in ("count", "sample_int"):
        np.testing.assert_array_equal(ours.wv.expandos[name], theirs.wv.expandos[name])
    if theirs.negative:
        np.testing.assert_array_equal(ours.cum_table, theirs.cum_table)
        np.testing.assert_allclose(ours.syn1neg, theirs.syn1neg, rtol=0, atol=bound)
    if theirs.hs:
        for i in range(len(theirs.wv)):
            np.testing.assert_array_equal(ours.huffman_tree.code(i), theirs.wv.expandos["code"][i])
            np.testing.assert_array_equal(ours.huffman_tree.point(i), theirs.wv.expandos["point"][i])
        np.testing.assert_allclose(ours.syn1, theirs.syn1, rtol=0, atol=bound)
    np.testing.assert_allclose(ours.wv.vectors, theirs.wv.vectors, rtol=0, atol=bound)
    assert ours.random.randint(0, 2**31 - 1) == theirs.random.randint(
        0, 2**31 - 1
    )  # the same number of draws


def both(corpus, **options):
    return Word2Vec(corpus, **options), gensim_models.Word2Vec(corpus, **options)


@pytest.mark.parametrize(("sg", "scheme"), ALGORITHMS)
def test_one_job(one_job, sg, scheme):
    ours, theirs = both(one_job, epochs=1, **settings(sg, scheme))
    assert_same_model(ours, theirs, ONE_JOB)


@pytest.mark.parametrize(("sg", "scheme"), ALGORITHMS_BOTH_SLOW)
def test_several_jobs_and_epochs(sentences, sg, scheme):
    ours, theirs = both(sentences, epochs=2, **settings(sg, scheme))
    assert np.abs(theirs.wv.vectors).max() > 0.2
    assert_same_model(ours, theirs, SEVERAL_JOBS)


OPTIONS = [
    {"cbow_mean": 0},
    {"shrink_windows": False},
    {"sample": 0},
    {"sample": None},
    {"sample": 20},
    {"sample": 1e-5},
    {"ns_exponent": 0.0},
    {"ns_exponent": -0.5},
    {"ns_exponent": 1.25},
    {"null_word": 1},
    {"window": 1},
    {"window": 40},
    {"alpha": 0.05, "min_alpha": 0.01},
    {"batch_words": 1_000},
    {"sorted_vocab": 0},
    {"max_final_vocab": 300},
    {"max_vocab_size": 500},
    {"min_count": 1},
    {"vector_size": 1},
    {"vector_size": 100},
    {"seed": 12345},
    {"compute_loss": True},
]


@pytest.mark.parametrize(
    ("sg", "scheme", "option"),
    # An odd step: from option to option, the algorithm that is quick changes.
    one_in(13, [(*algorithm, option) for option in OPTIONS for algorithm in ALGORITHMS]),
    ids=str,
)
def test_options(sg, scheme, option):
    corpus = zipf_sentences(12_000, 1_500, seed=2)
    options = {**settings(sg, scheme, epochs=2), **option}
    ours, theirs = both(corpus, **options)
    assert_same_model(ours, theirs, SEVERAL_JOBS)
    if option.get("compute_loss"):
        assert ours.get_latest_training_loss() == pytest.approx(theirs.get_latest_training_loss(), rel=0.01)


@pytest.mark.parametrize("negative", [1, 2, 7, 8, 20])
@pytest.mark.parametrize("sg", [0, 1])
def test_numbers_of_negatives(one_job, sg, negative):
    ours, theirs = both(one_job, epochs=2, **settings(sg, (negative, 0)))
    assert_same_model(ours, theirs, SEVERAL_JOBS)


@pytest.mark.parametrize("n_words", [2, 3, 7, 8, 9, 15, 16, 17, 23, 24, 25])
def test_negatives_of_small_vocabularies(n_words):
    """The noise table is searched some entries at a time, and must not be read beyond its end."""
    corpus = zipf_sentences(500, n_words, seed=3)
    ours, theirs = both(corpus, **settings(0, (5, 0), min_count=1, sample=0, epochs=1))
    assert len(theirs.wv) == n_words
    assert_same_model(ours, theirs, ONE_JOB)


@pytest.mark.parametrize("ns_exponent", [0.75, 1.0, 1.5, 3.0])
def test_negatives_among_words_much_rarer_than_others(ns_exponent):
    """So many words share a part of the noise table that a search takes many steps; some have no share at all."""
    rare = [[f"rare{i}" for i in range(first, first + 10)] for first in range(0, 700, 10)]
    corpus = [["often", "common"] * 20] * 400 + rare
    ours, theirs = both(
        corpus, **settings(1, (5, 0), min_count=1, sample=0, epochs=1, window=2, ns_exponent=ns_exponent)
    )
    assert_same_model(ours, theirs, SEVERAL_JOBS)


@pytest.mark.parametrize("sg", [0, 1])
def test_few_words_draw_the_same_negative_twice(sg):
    """With 12 words most pairs draw a word twice; the second time it has moved already."""
    corpus = zipf_sentences(4_000, 12, seed=3)
    ours, theirs = both(corpus, epochs=2, sample=0, **settings(sg, (10, 0)))
    assert_same_model(ours, theirs, SEVERAL_JOBS)


@pytest.mark.parametrize(("sg", "scheme"), ALGORITHMS_BOTH_SLOW)
def test_training_continues_after_training(sentences, sg, scheme):
    models = both(sentences[:1_200], epochs=1, **settings(sg, scheme))
    counts = [
        model.train(
            sentences[:600], total_examples=600, epochs=2, start_alpha=0.02, end_alpha=0.001
        )
        for model in models
    ]  # fmt: skip
    assert counts[0] == counts[1]
    assert_same_model(*models, SEVERAL_JOBS)


@pytest.mark.parametrize(
    "totals", [{"total_examples": 1_200}, {"total_words": 27_600}, {"total_examples": 2_500}]
)
def test_learning_rate_by_sentences_or_words(sentences, totals):
    sentences, models = sentences[:1_200], []
    for cls in (Word2Vec, gensim_models.Word2Vec):
        model = cls(**settings(1, (5, 0)))
        model.build_vocab(sentences)
        counts = model.train(sentences, epochs=2, **totals)
        models.append((model, counts, model.min_alpha_yet_reached))
    assert models[0][1:] == models[1][1:]
    assert_same_model(models[0][0], models[1][0], SEVERAL_JOBS)


@pytest.mark.parametrize(("sg", "scheme"), ALGORITHMS)
def test_lock_factors(one_job, sg, scheme):
    factors = np.random.default_rng(5).random(2_000).astype(np.float32)
    models = []
    for cls in (Word2Vec, gensim_models.Word2Vec):
        model = cls(**settings(sg, scheme))
        model.build_vocab(one_job)
        model.wv.vectors_lockf = factors[: len(model.wv)].copy()
        model.wv.vectors_lockf[0] = 0.0
        locked = model.wv.vectors[0].copy()
        model.train(one_job, total_examples=len(one_job), epochs=2)
        np.testing.assert_array_equal(model.wv.vectors[0], locked)
        models.append(model)
    assert_same_model(*models, SEVERAL_JOBS)


def test_trim_rule(one_job):
    def rule(word, count, min_count):
        if word == "w3":
            return RULE_DISCARD
        return RULE_KEEP if word.endswith("77") else RULE_DEFAULT

    ours, theirs = both(one_job, epochs=1, trim_rule=rule, **settings(0, (5, 0)))
    assert "w3" not in ours.wv
    assert_same_model(ours, theirs, ONE_JOB)


def test_vocabulary_from_frequencies(one_job):
    frequencies = {f"w{i}": 1_000 // (i + 1) + 1 for i in range(400)}
    models = []
    for cls in (Word2Vec, gensim_models.Word2Vec):
        model = cls(**settings(1, (5, 0)))
        model.build_vocab_from_freq(frequencies, corpus_count=len(one_job))
        model.train(one_job, total_examples=model.corpus_count, epochs=1)
        models.append(model)
    assert_same_model(*models, ONE_JOB)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_one_job_is_the_same_for_any_number_of_workers(workers):
    corpus = zipf_sentences(5_000, 300, seed=4)
    options = {**settings(1, (5, 0)), "epochs": 4}
    reference = gensim_models.Word2Vec(corpus, **options)
    ours = Word2Vec(corpus, **{**options, "workers": workers})
    assert_same_model(ours, reference, SEVERAL_JOBS)


def test_empty_sentences_and_unknown_words():
    corpus = [[], ["rare"], *zipf_sentences(12_000, 200, seed=6), [], ["rare2", "w0"], []]
    ours, theirs = both(corpus, epochs=2, **settings(1, (5, 0)))
    assert (ours.corpus_count, ours.corpus_total_words) == (theirs.corpus_count, theirs.corpus_total_words)
    assert_same_model(ours, theirs, SEVERAL_JOBS)


def test_a_long_first_sentence_that_fits_gensims_limit():
    """A first sentence longer than batch_words makes gensim emit an empty job, whose seed is drawn all the same."""
    corpus = zipf_sentences(9_000, 200, seed=7, length=3_000)
    ours, theirs = both(corpus, epochs=2, batch_words=2_000, **settings(1, (5, 0)))
    assert_same_model(ours, theirs, SEVERAL_JOBS)


def test_reset_from_and_scoring(one_job):
    scores = []
    for cls in (Word2Vec, gensim_models.Word2Vec):
        for sg in (0, 1):
            model = cls(one_job, epochs=2, **settings(sg, (0, 1)))
            scores.append(model.score([*one_job[:40], ["nowhere"], []], total_sentences=42))
            other = cls(**settings(sg, (0, 1)))
            other.reset_from(model)
            assert other.wv.key_to_index == model.wv.key_to_index
            assert other.wv.vectors.shape == model.wv.vectors.shape
    np.testing.assert_allclose(scores[0], scores[2], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(scores[1], scores[3], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("cbow_mean", [0, 1])
def test_predict_output_word(one_job, cbow_mean):
    ours, theirs = both(one_job, epochs=3, cbow_mean=cbow_mean, **settings(0, (5, 0)))
    for context in (["w1", "w2"], ["w5"], ["w1", 3, "nowhere"], [0, 1, 2]):
        mine, others = ours.predict_output_word(context, topn=5), theirs.predict_output_word(context, topn=5)
        np.testing.assert_allclose([p for _, p in mine], [p for _, p in others], rtol=1e-3)
    assert ours.predict_output_word(["nowhere"]) is None


def test_estimated_memory(one_job):
    ours, theirs = both(one_job, epochs=1, **settings(1, (5, 1)))
    for size in (None, 10):
        mine, others = ours.estimate_memory(vocab_size=size), theirs.estimate_memory(vocab_size=size)
        assert mine.pop("total") - mine.pop("workers") == others.pop("total")
        assert mine == others


def test_several_workers_are_estimated_to_keep_copies(monkeypatch):
    monkeypatch.setattr("fastw2v.training.trainer.usable_cores", lambda: 4)
    estimates = [
        Word2Vec(workers=workers, vector_size=10).estimate_memory(vocab_size=100_000)
        for workers in (1, 2, 4, -1)
    ]
    assert estimates[0]["workers"] == 0
    assert 0 < 2 * estimates[1]["workers"] == estimates[2]["workers"] == estimates[3]["workers"]
    for estimate in estimates:
        assert estimate["total"] == sum(value for name, value in estimate.items() if name != "total")


@pytest.mark.parametrize("arguments", [{}, {"min_count": 7}, {"sample": 0.01}, {"dry_run": True}])
def test_prepare_vocab_reports(one_job, arguments):
    reports = []
    for cls in (Word2Vec, gensim_models.Word2Vec):
        model = cls(**settings(0, (5, 0)))
        model.scan_vocab(one_job)
        reports.append(model.prepare_vocab(**arguments))
    assert reports[0] == reports[1]

"""Subclasses of Word2Vec that override gensim's training methods, and every kind of corpus that users pass."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v.models.word2vec import score_sentence_cbow, score_sentence_sg, train_batch_cbow, train_batch_sg
from helpers.oracle import import_gensim
from helpers.parameters import one_in

gensim_models = import_gensim("gensim.models")

OPTIONS = {"vector_size": 16, "min_count": 2, "workers": 1, "epochs": 3, "seed": 5}
MODELS = {"ours": Word2Vec, "gensim's": gensim_models.Word2Vec}


def recording(base):
    """Return a subclass that records the arguments of each overridable method."""

    class Recording(base):
        def __init__(self, *args, **kwargs):
            self.jobs = []
            super().__init__(*args, **kwargs)

        def _do_train_job(self, sentences, alpha, inits):
            trained, raw = super()._do_train_job(sentences, alpha, inits)
            self.jobs.append(
                (len(sentences), round(float(alpha), 9), trained, raw, [part.shape for part in inits])
            )
            return trained, raw

    return Recording


@pytest.mark.parametrize(
    "options", one_in(3, [{"batch_words": 700}, {}, {"sg": 1, "hs": 1, "batch_words": 20}])
)
def test_overridden_jobs_are_gensims(one_job, options):
    ours, theirs = (recording(base)(one_job, **OPTIONS, **options) for base in MODELS.values())
    assert ours.jobs == theirs.jobs
    assert len(ours.jobs) > 2
    np.testing.assert_allclose(ours.wv.vectors, theirs.wv.vectors, atol=2e-4)


def test_passing_jobs_on_changes_nothing(sentences):
    plain = Word2Vec(sentences, **OPTIONS, compute_loss=True)
    hooked = recording(Word2Vec)(sentences, **OPTIONS, compute_loss=True)
    np.testing.assert_array_equal(hooked.wv.vectors, plain.wv.vectors)
    assert hooked.get_latest_training_loss() == pytest.approx(plain.get_latest_training_loss())
    assert hooked.loss_history == pytest.approx(plain.loss_history)
    assert hooked.min_alpha_yet_reached == plain.min_alpha_yet_reached


@pytest.mark.parametrize("workers", [1, 3])
def test_what_an_overridden_job_returns_is_counted(sentences, workers):
    class Counting(Word2Vec):
        def _do_train_job(self, sentences, alpha, inits):
            assert threading.current_thread() is not threading.main_thread()
            assert all(type(sentence) is list for sentence in sentences)
            return 3, len(sentences)

    model = Counting(**OPTIONS | {"workers": workers})
    model.build_vocab(sentences)
    before = model.wv.vectors.copy()
    trained, raw = model.train(sentences, total_examples=len(sentences), epochs=2)
    assert (trained % 3, raw) == (0, 2 * len(sentences))
    np.testing.assert_array_equal(model.wv.vectors, before)


def test_jobs_can_be_changed_on_the_way(one_job):
    class Frozen(Word2Vec):
        def _do_train_job(self, sentences, alpha, inits):
            return super()._do_train_job([s for s in sentences if "w1" not in s], alpha, inits)

    class Doubled(Word2Vec):
        def _raw_word_count(self, job):
            return 2 * super()._raw_word_count(job)

        def _get_next_alpha(self, epoch_progress, cur_epoch):
            return 0.0

    model = Frozen(one_job, **OPTIONS | {"sample": 0})
    trained, _ = model.train(one_job, total_examples=len(one_job), epochs=1)
    assert trained == sum(
        sum(word in model.wv for word in sentence) for sentence in one_job if "w1" not in sentence
    )
    still = Doubled(**OPTIONS)
    still.build_vocab(one_job)
    before = still.wv.vectors.copy()
    _, raw = still.train(one_job, total_examples=len(one_job), epochs=1)
    assert raw == 2 * sum(map(len, one_job))
    np.testing.assert_array_equal(still.wv.vectors, before)


def test_kernels_called_from_a_job(one_job):
    class Kernels(Word2Vec):
        def _do_train_job(self, sentences, alpha, inits):
            work, neu1 = inits
            trained = (
                train_batch_sg(self, sentences, alpha, work, self.compute_loss)
                if self.sg
                else train_batch_cbow(self, sentences, alpha, work, neu1, self.compute_loss)
            )
            return trained, self._raw_word_count(sentences)

    for sg in (0, 1):
        plain = Word2Vec(one_job, **OPTIONS, sg=sg, compute_loss=True)
        by_kernel = Kernels(one_job, **OPTIONS, sg=sg, compute_loss=True)
        np.testing.assert_array_equal(by_kernel.wv.vectors, plain.wv.vectors)
        assert by_kernel.running_training_loss == pytest.approx(plain.running_training_loss)
        other = train_batch_cbow(plain, one_job, 0.01, None, None, False) if sg else None
        assert other is None or other > 0


@pytest.mark.parametrize("sg", [0, 1])
def test_scoring_kernels(one_job, sg):
    from gensim.models import word2vec as gensim_word2vec

    options = OPTIONS | {"hs": 1, "negative": 0, "sg": sg}
    ours, theirs = Word2Vec(one_job, **options), gensim_models.Word2Vec(one_job, **options)
    work, neu1 = np.zeros(16, dtype=np.float32), np.zeros(16, dtype=np.float32)
    if sg:
        scores = (
            score_sentence_sg(ours, one_job[0], work),
            gensim_word2vec.score_sentence_sg(theirs, one_job[0], work),
        )
    else:
        scores = (
            score_sentence_cbow(ours, one_job[0], work, neu1),
            gensim_word2vec.score_sentence_cbow(theirs, one_job[0], work, neu1),
        )
    assert scores[0] == pytest.approx(scores[1], rel=1e-2)
    assert scores[0] == pytest.approx(float(ours.score([one_job[0]])[0]))


@pytest.mark.parametrize(
    "where", ["_do_train_job", "_get_thread_working_mem", "_get_next_alpha", "_raw_word_count"]
)
@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_in_an_overridden_method_reaches_the_caller(sentences, where, workers):
    def fail(self, *args):
        raise KeyError("on purpose")

    broken = type("Broken", (Word2Vec,), {where: fail})
    model = broken(**OPTIONS | {"workers": workers})
    model.build_vocab(sentences)
    with pytest.raises(KeyError, match="on purpose"):
        model.train(sentences, total_examples=len(sentences), epochs=2)
    assert not [t for t in threading.enumerate() if t.name.startswith("fastw2v")]


def test_other_overridden_methods_are_called(one_job):
    calls = []

    class Watching(Word2Vec):
        def _scan_vocab(self, sentences, progress_per, trim_rule):
            calls.append("scan")
            return super()._scan_vocab([s for s in sentences if "w1" not in s], progress_per, trim_rule)

        def _check_corpus_sanity(self, corpus_iterable=None, corpus_file=None, passes=1):
            calls.append("corpus")
            super()._check_corpus_sanity(corpus_iterable, corpus_file, passes)

        def _check_training_sanity(self, epochs=0, total_examples=None, total_words=None, **kwargs):
            calls.append("training")
            super()._check_training_sanity(epochs, total_examples, total_words, **kwargs)

        def _clear_post_train(self):
            calls.append("after")
            super()._clear_post_train()

    model = Watching(one_job, **OPTIONS)
    assert "w1" not in model.wv
    assert model.corpus_count < len(one_job)
    assert set(calls) == {"scan", "corpus", "training", "after"}
    assert calls[-1] == "after"


def test_a_subclass_with_a_constructor_of_its_own(one_job, tmp_path):
    class Mine(Word2Vec):
        def __init__(self, walks, dimensions, **rest):
            self.walks = len(walks)
            super().__init__(sentences=walks, vector_size=dimensions, **rest)

    model = Mine(one_job, 8, min_count=2, workers=1)
    model.save(tmp_path / "mine")
    loaded = Mine.load(tmp_path / "mine")
    assert type(loaded) is Mine
    assert loaded.walks == len(one_job)


# --- corpora


class SeriesLike:
    """A corpus that iterates over its values and is indexed by labels, as a pandas Series is."""

    def __init__(self, values):
        self.index = [f"row {i}" for i in range(len(values))]
        self._rows = dict(zip(self.index, values, strict=True))

    def __iter__(self):
        return iter(self._rows.values())

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, label):
        return self._rows[label]

    def __bool__(self):
        raise ValueError("The truth value of a Series is ambiguous")


class Indexed:
    """A corpus that has __getitem__ only."""

    def __init__(self, sentences):
        self._sentences = sentences

    def __getitem__(self, index):
        return self._sentences[index]


KINDS = {
    "tuples": lambda sentences: [tuple(sentence) for sentence in sentences],
    "a tuple of lists": tuple,
    "a Series": SeriesLike,
    "__getitem__ alone": Indexed,
    "NumPy strings": lambda sentences: [np.array(sentence, dtype=object) for sentence in sentences],
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_corpora(one_job, kind):
    expected = Word2Vec(one_job, **OPTIONS)
    model = Word2Vec(KINDS[kind](one_job), **OPTIONS)
    assert model.wv.index_to_key == expected.wv.index_to_key
    np.testing.assert_array_equal(model.wv.vectors, expected.wv.vectors)


def test_integers_as_words(one_job):
    ids = [[int(word[1:]) for word in sentence] for sentence in one_job]
    model, expected = Word2Vec(ids, **OPTIONS), Word2Vec(one_job, **OPTIONS)
    assert [f"w{key}" for key in model.wv.index_to_key] == expected.wv.index_to_key
    np.testing.assert_array_equal(model.wv.vectors, expected.wv.vectors)
    numpy_ids = [np.array(sentence) for sentence in ids]
    np.testing.assert_array_equal(Word2Vec(numpy_ids, **OPTIONS).wv.vectors, expected.wv.vectors)


def test_phrases_as_a_corpus():
    from gensim.models.phrases import Phraser, Phrases

    texts = [["new", "york", "cat"], ["new", "york", "dog"], ["old", "york"]] * 20
    bigrams = Phraser(Phrases(texts, min_count=1, threshold=0.01))
    ours = Word2Vec(bigrams[texts], **OPTIONS)
    theirs = gensim_models.Word2Vec(bigrams[texts], **OPTIONS)
    assert "new_york" in ours.wv
    assert ours.wv.index_to_key == theirs.wv.index_to_key
    np.testing.assert_allclose(ours.wv.vectors, theirs.wv.vectors, atol=1e-5)


def test_a_generator_for_one_epoch(one_job):
    model = Word2Vec(**OPTIONS)
    model.build_vocab(iter(one_job))
    trained, raw = model.train((s for s in one_job), total_examples=model.corpus_count, epochs=1)
    assert raw == sum(map(len, one_job))
    assert 0 < trained <= raw
    with pytest.raises(TypeError, match="generator"):
        model.train((s for s in one_job), total_examples=model.corpus_count, epochs=2)


def test_more_workers_than_work_and_no_seed():
    model = Word2Vec(
        [["a", "b", "c"]] * 10, min_count=1, workers=12, seed=None, callbacks=None, vector_size=5
    )
    assert np.isfinite(model.wv.vectors).all()
    assert len(model.wv) == 3

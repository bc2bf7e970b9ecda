"""Words and arrays that change while an epoch is trained: refused within the epoch, followed between epochs."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, Word2Vec
from helpers.corpora import zipf_sentences
from helpers.parameters import one_in

CORPUS = zipf_sentences(6_000, 100, seed=7)
SMALL = {"vector_size": 8, "min_count": 1, "sample": 0, "batch_words": 200}
WORKERS = pytest.mark.parametrize("workers", one_in(2, [3, 1]))


class Hooked(Word2Vec):
    def _raw_word_count(self, job):
        return super()._raw_word_count(job)


def replace_vectors(model):
    model.wv.vectors = model.wv.vectors.copy()


def replace_output_weights(model):
    model.syn1neg = model.syn1neg.copy()


def sort(model):
    model.wv.sort_by_descending_frequency()


def remove(model):
    model.wv.remove_keys(["w3"])


def add(model):
    model.wv.add_vector("new", np.ones(8))


def replace_all(model):
    model.reset_from(Word2Vec(CORPUS, **SMALL, workers=1, epochs=1))


CHANGES = pytest.mark.parametrize(
    "change", [replace_vectors, replace_output_weights, sort, remove, add, replace_all]
)


def changing(model, change, at=20):
    """A corpus whose iterator changes the model after `at` sentences, once."""

    class Corpus:
        done = False

        def __iter__(self):
            for i, sentence in enumerate(CORPUS):
                if i == at and not self.done:
                    self.done = True
                    change(model)
                yield sentence

    return Corpus()


def built(cls=Word2Vec, **options):
    model = cls(**{**SMALL, **options})
    model.build_vocab(CORPUS)
    return model


def train(model, corpus=CORPUS, **options):
    return model.train(corpus, **{"total_examples": len(CORPUS), "epochs": 1, **options})


@WORKERS
@CHANGES
@pytest.mark.parametrize("cls", [Word2Vec, Hooked])
@pytest.mark.parametrize("at", one_in(2, [0, len(CORPUS) - 1]))
def test_a_corpus_iterator_that_replaces_arrays_ends_the_training(workers, change, cls, at):
    model = built(cls, workers=workers, sorted_vocab=0)
    with pytest.raises(RuntimeError, match=r"model\.(wv\.vectors|syn1neg) was replaced.*between epochs"):
        train(model, changing(model, change, at))


def test_the_inner_weights_of_hierarchical_softmax_are_checked_too():
    model = built(hs=1, negative=0, workers=1)

    def replace(model):
        model.syn1 = model.syn1.copy()

    with pytest.raises(RuntimeError, match=r"model\.syn1 was replaced"):
        train(model, changing(model, replace))


@WORKERS
def test_no_checkpoint_is_written_of_arrays_that_were_not_trained(workers, tmp_path):
    model = built(workers=workers)
    path = tmp_path / "checkpoint"
    with pytest.raises(RuntimeError, match="was replaced"):
        train(model, changing(model, replace_vectors), checkpoint=path)
    assert not path.exists()


@WORKERS
@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize("cls", [Word2Vec, Hooked])
def test_a_corpus_iterator_cannot_build_the_vocabulary(workers, update, cls):
    """The model keeps its words and its arrays, with what was trained before."""
    model = built(cls, workers=workers)
    words, vectors = list(model.wv.index_to_key), model.wv.vectors
    with pytest.raises(RuntimeError, match=r"build_vocab\(\) was called while an epoch is trained"):
        train(model, changing(model, lambda model: model.build_vocab([["new"]] * 5, update=update)))
    with pytest.raises(RuntimeError, match=r"build_vocab\(\) was called while an epoch is trained"):
        train(model, changing(model, lambda model: model.build_vocab_from_freq({"new": 3}, update=update)))
    assert model.wv.index_to_key == words
    assert model.wv.vectors is vectors
    model.build_vocab([["new"]] * 5, update=True)
    assert train(model) == (6_000, 6_000)


def test_an_iterator_that_goes_on_after_the_refusal_trains_every_word():
    model = built(workers=2)

    def try_to_grow(model):
        with pytest.raises(RuntimeError, match="while an epoch is trained"):
            model.build_vocab([["new"]] * 5, update=True)

    assert train(model, changing(model, try_to_grow)) == (6_000, 6_000)
    assert "new" not in model.wv


def test_a_training_inside_an_epoch_cannot_change_the_words_of_the_outer_one():
    class Grow(CallbackAny2Vec):
        def on_epoch_end(self, model):
            model.build_vocab([["new"]] * 5, update=True)

    model = built(workers=1)
    with pytest.raises(RuntimeError, match="while an epoch is trained"):
        train(model, changing(model, lambda model: train(model, callbacks=[Grow()])))
    assert train(model, changing(model, train)) == (6_000, 6_000)


def test_another_thread_that_replaces_arrays_is_noticed():
    model = built(workers=1)

    def in_thread(model):
        thread = threading.Thread(target=replace_vectors, args=(model,))
        thread.start()
        thread.join()

    with pytest.raises(RuntimeError, match="in another thread"):
        train(model, changing(model, in_thread))


@WORKERS
@pytest.mark.parametrize("event", ["on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end"])
@pytest.mark.parametrize("change", [replace_vectors, replace_output_weights, sort, remove])
def test_callbacks_may_change_words_and_arrays_between_epochs(workers, event, change):
    """The epochs that follow train the new arrays."""
    changed = []

    def callback(self, model):
        if not changed:
            change(model)
            changed.append(model.wv.vectors)

    model = built(workers=workers, sorted_vocab=0)
    callbacks = [type("Change", (CallbackAny2Vec,), {event: callback})()]
    raw_words = train(model, changing(model, lambda model: None), epochs=3, callbacks=callbacks)[1]
    assert raw_words == 18_000
    assert model.wv.vectors is changed[0]
    assert np.isfinite(model.wv.vectors).all()


@WORKERS
def test_writing_into_the_arrays_is_no_replacement(workers):
    model = built(workers=workers)

    def write(model):
        model.wv.vectors[3] = 0.5

    assert train(model, changing(model, write)) == (6_000, 6_000)

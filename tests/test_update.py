"""Growing a trained model: `build_vocab(update=True)`, then training on."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import zipf_sentences
from fastw2v import Word2Vec
from fastw2v.sampling import keep_probabilities, noise_table, sample_ints, subsample_threshold

gensim_models = pytest.importorskip("gensim.models", reason="gensim is compared with here")

SCHEMES = [{"negative": 5}, {"hs": 1, "negative": 0}, {"hs": 1, "negative": 3}]
OPTIONS = {"vector_size": 16, "min_count": 2, "workers": 1, "epochs": 3}


@pytest.fixture(scope="module")
def old():
    return zipf_sentences(12_000, 400, seed=1)


@pytest.fixture(scope="module")
def new():
    """Half known words, half new ones."""
    fresh = [[f"new-{word}" for word in sentence] for sentence in zipf_sentences(4_000, 150, seed=2)]
    return [old + young for old, young in zip(zipf_sentences(4_000, 300, seed=3), fresh, strict=True)]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_words_counts_and_first_vectors_are_gensims(old, new, scheme):
    ours, theirs = Word2Vec(old, **OPTIONS, **scheme), gensim_models.Word2Vec(old, **OPTIONS, **scheme)
    before = ours.wv.vectors.copy()
    for model in (ours, theirs):
        model.build_vocab(new, update=True)
    assert ours.wv.index_to_key == theirs.wv.index_to_key
    assert (ours.corpus_count, ours.corpus_total_words) == (theirs.corpus_count, theirs.corpus_total_words)
    np.testing.assert_array_equal(ours.wv.expandos["count"], theirs.wv.expandos["count"])
    np.testing.assert_array_equal(ours.wv.vectors[: len(before)], before)
    np.testing.assert_array_equal(ours.wv.vectors[len(before) :], theirs.wv.vectors[len(before) :])
    if ours.negative:
        np.testing.assert_array_equal(ours.cum_table, theirs.cum_table)


def test_tables_follow_from_the_merged_counts(old, new):
    """gensim computes keep probabilities from the update alone, and only for the words in it (its issue 2951)."""
    model = Word2Vec(old, **OPTIONS)
    model.build_vocab(new, update=True)
    counts = model.wv.expandos["count"]
    threshold = subsample_threshold(int(counts.sum()), model.sample)
    np.testing.assert_array_equal(
        model.wv.expandos["sample_int"], sample_ints(keep_probabilities(counts, threshold))
    )
    np.testing.assert_array_equal(model.cum_table, noise_table(counts, model.ns_exponent))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("sg", [0, 1])
def test_training_on_moves_old_and_new_words(old, new, scheme, sg):
    model = Word2Vec(old, **OPTIONS, **scheme, sg=sg)
    model.build_vocab(new, update=True)
    before = model.wv.vectors.copy()
    raw = sum(map(len, new))
    assert model.train(new, total_examples=model.corpus_count, epochs=2)[1] == 2 * raw
    moved = np.abs(model.wv.vectors - before).max(axis=1) > 0
    assert moved[model.wv.key_to_index["new-w0"]]
    assert moved[model.wv.key_to_index["w1"]]
    assert np.isfinite(model.wv.vectors).all()


@pytest.mark.parametrize("sg", [0, 1])
def test_hierarchical_softmax_keeps_what_it_knew(old, new, sg):
    """Old words keep their path; gensim draws a new tree over inner nodes that were trained for the old one."""
    options = {**OPTIONS, "hs": 1, "negative": 0, "sg": sg, "sample": 0, "epochs": 10}
    scores = {}
    for cls in (Word2Vec, gensim_models.Word2Vec):
        model = cls(old, **options)
        before = float(model.score(old[:200]).sum())
        model.build_vocab(new, update=True)
        model.train(new, total_examples=len(new), epochs=1)
        grown = float(model.score(old[:200]).sum())
        model.train(old, total_examples=len(old), epochs=2)
        scores[cls] = before, grown, float(model.score(old[:200]).sum())
    (before, grown, refreshed), (same, grown_there, refreshed_there) = scores.values()
    assert before == pytest.approx(same, rel=1e-4)
    assert before - grown < before - grown_there  # log-probability of the old text, lost by growing
    assert before - refreshed < (before - refreshed_there) / 2  # and not won back by seeing it again
    ours = Word2Vec(old, **options)
    nodes = [ours.huffman_tree.point(word).copy() for word in range(len(ours.wv))]
    known = len(ours.wv)
    ours.build_vocab(new, update=True)
    for word in range(known):
        np.testing.assert_array_equal(ours.huffman_tree.point(word)[1:], nodes[word])
    assert ours.huffman_tree.points.max() < len(ours.syn1)


def test_updates_from_files_iterables_and_frequencies(tmp_path, old, new):
    path = tmp_path / "new.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in new), encoding="utf-8")
    frequencies: dict[str, int] = {}
    for sentence in new:
        for word in sentence:
            frequencies[word] = frequencies.get(word, 0) + 1
    grown = []
    for how in (
        lambda model: model.build_vocab(new, update=True),
        lambda model: model.build_vocab(iter(new), update=True),
        lambda model: model.build_vocab(corpus_file=path, update=True),
        lambda model: model.build_vocab_from_freq(frequencies, update=True),
    ):
        model = Word2Vec(old, **OPTIONS)
        how(model)
        model.train(new, total_examples=len(new), epochs=1)
        grown.append(model)
    for model in grown[1:]:
        assert model.wv.index_to_key == grown[0].wv.index_to_key
        np.testing.assert_array_equal(model.wv.vectors, grown[0].wv.vectors)


def test_an_empty_model_cannot_be_updated(new):
    model = Word2Vec(**OPTIONS)
    with pytest.raises(RuntimeError, match="no prior vocabulary"):
        model.build_vocab(new, update=True)
    assert not len(model.wv)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_whole_cycle_of_a_user(tmp_path, old, new, scheme):
    """gensim's file, grown, trained, saved, loaded, trained again."""
    gensim_models.Word2Vec(old, **OPTIONS, **scheme).save(str(tmp_path / "theirs"))
    model = Word2Vec.load(tmp_path / "theirs")
    model.build_vocab(new, update=True)
    model.train(new, total_examples=model.corpus_count, epochs=2)
    model.save(tmp_path / "ours")
    loaded = Word2Vec.load(tmp_path / "ours")
    for each in (model, loaded):
        each.train(new, total_examples=model.corpus_count, epochs=1)
    np.testing.assert_array_equal(loaded.wv.vectors, model.wv.vectors)
    loaded.build_vocab(zipf_sentences(2_000, 900, seed=9), update=True)
    loaded.train(old, total_examples=len(old), epochs=1)
    assert np.isfinite(loaded.wv.vectors).all()

"""Growing a trained model: `build_vocab(update=True)`, then training on."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v.vocabulary.huffman import huffman
from fastw2v.vocabulary.noise_distribution import noise_table
from fastw2v.vocabulary.subsampling import keep_probabilities, sample_ints, subsample_threshold
from helpers.corpora import zipf_sentences
from helpers.fresh import run_fresh
from helpers.oracle import gensim, import_gensim
from helpers.parameters import one_in

SCHEMES = [{"negative": 5}, {"hs": 1, "negative": 0}, {"hs": 1, "negative": 3}]
OPTIONS = {"vector_size": 16, "min_count": 2, "workers": 1, "epochs": 3}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_words_counts_and_first_vectors_are_gensims(old, new, scheme):
    ours, theirs = Word2Vec(old, **OPTIONS, **scheme), gensim.models.Word2Vec(old, **OPTIONS, **scheme)
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


@pytest.mark.parametrize("sg", one_in(2, [0, 1]))
def test_hierarchical_softmax_keeps_what_it_knew(old, new, sg):
    """Old words keep their path; gensim draws a new tree over inner nodes that were trained for the old one."""
    options = {**OPTIONS, "hs": 1, "negative": 0, "sg": sg, "sample": 0, "epochs": 10}
    scores = {}
    for cls in (Word2Vec, gensim.models.Word2Vec):
        model = cls(old, **options)
        before = float(model.score(old[:200]).sum())
        model.build_vocab(new, update=True)
        model.train(new, total_examples=len(new), epochs=1)
        grown = float(model.score(old[:200]).sum())
        model.train(old, total_examples=len(old), epochs=5)
        scores[cls] = before, grown, float(model.score(old[:200]).sum())
    (before, grown, refreshed), (same, grown_there, refreshed_there) = scores.values()
    assert before == pytest.approx(same, rel=1e-4)
    assert before - grown < before - grown_there  # log-probability of the old text, lost by growing
    assert refreshed > before  # seeing it again lowers its loss below what it was before
    assert refreshed_there < before  # where gensim's has risen for good
    ours = Word2Vec(old, **options)
    nodes = [ours.huffman_tree.point(word).copy() for word in range(len(ours.wv))]
    known = len(ours.wv)
    ours.build_vocab(new, update=True)
    longer = 0
    for word in range(known):
        path = ours.huffman_tree.point(word)
        np.testing.assert_array_equal(path[path < known - 1], nodes[word])
        longer += len(path) - len(nodes[word])
    assert 0 < longer < known / 2  # only the words beside the new ones have longer codes
    assert ours.huffman_tree.points.max() < len(ours.syn1)


@pytest.mark.parametrize("workers", [1, 2])
def test_many_updates_keep_the_old_text_and_short_codes(tmp_path, old, workers):
    """A model that is updated again and again, and saved in between."""
    options = {**OPTIONS, "hs": 1, "negative": 0, "sg": 1, "sample": 0, "workers": workers}
    model = Word2Vec(old, **options)
    known, before = len(model.wv), model.evaluate_loss(old)
    for update in range(20):
        new = [[f"new{update}-{i % 3}", f"w{i}", f"w{i + 1}"] for i in range(12)]
        model.build_vocab(new, update=True)
        model.train(new, total_examples=len(new), epochs=1)
        if not update % 5:
            model.save(tmp_path / "model")
            model = Word2Vec.load(tmp_path / "model")
    assert len(model.wv) == known + 60
    counts = model.wv.expandos["count"]
    tree, fresh = model.huffman_tree, huffman(counts)
    assert counts @ np.diff(tree.offsets) < 1.02 * (counts @ np.diff(fresh.offsets))
    assert tree.max_depth <= fresh.max_depth + 2
    assert model.evaluate_loss(old) < before * 1.05  # it doubles if each update lengthens every code


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


@pytest.mark.parametrize(
    ("frequencies", "error", "message"),
    [
        ({"w1": -5}, ValueError, "'w1'"),
        ({"new": 2.5}, ValueError, "'new'"),
        ([("w1", 5)], TypeError, "word_freq"),
    ],
)
def test_frequencies_that_are_none_are_refused_by_word(old, frequencies, error, message):
    model = Word2Vec(old, **OPTIONS)
    counts = model.wv.expandos["count"].copy()
    with pytest.raises(error, match=message):
        model.build_vocab_from_freq(frequencies, update=True)
    np.testing.assert_array_equal(model.wv.expandos["count"], counts)


def test_an_empty_model_cannot_be_updated(new):
    model = Word2Vec(**OPTIONS)
    with pytest.raises(RuntimeError, match="no prior vocabulary"):
        model.build_vocab(new, update=True)
    assert not len(model.wv)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_whole_cycle_of_a_user(tmp_path, old, new, scheme):
    """gensim's file, grown, trained, saved, loaded, trained again."""
    gensim.models.Word2Vec(old, **OPTIONS, **scheme).save(str(tmp_path / "theirs"))
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


CYCLE = """
    import sys
    import numpy as np
    from fastw2v import Word2Vec

    model = Word2Vec.load(sys.argv[1])
    texts = [line.split() for line in open(sys.argv[2], encoding="utf-8")]
    before = {word: model.wv[word].copy() for word in ("fresh0", "fresh1")}
    trained, raw = model.train(texts, total_examples=len(texts), epochs=2)
    assert raw == 2 * sum(map(len, texts)) and trained > 0
    assert all((model.wv[word] != vector).any() for word, vector in before.items())
    model.save(sys.argv[1])
    np.save(sys.argv[3], model.wv.vectors)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["old_w2v_models/w2v_3.4.0.mdl", "model-from-gensim-3.8.0.w2v", "word2vec_3.3", None]
)
def test_the_whole_cycle_across_processes(tmp_path, name):
    """A model of gensim 3 or 4: grown, trained, saved; loaded where gensim is not, trained, saved; and again."""
    gensim_utils = import_gensim("gensim.test.utils")
    fresh = [[f"fresh{i % 7}", "fresh0", "fresh1", "human", "computer"] for i in range(60)]
    if name is None:
        path = tmp_path / "gensim4"
        gensim.models.Word2Vec(gensim_utils.common_texts, min_count=1, vector_size=12).save(str(path))
    else:
        path = gensim_utils.datapath(name)
    model = Word2Vec.load(path)
    model.workers, old_words, counts = 1, list(model.wv.index_to_key), model.wv.expandos["count"].copy()
    kept = model.wv.vectors.copy()
    texts = [[*sentence, *old_words[:3]] for sentence in fresh]
    model.build_vocab(texts, update=True, min_count=1)
    assert model.wv.index_to_key[: len(old_words)] == old_words
    assert model.wv.expandos["count"][0] == counts[0] + sum(s.count(old_words[0]) for s in texts)
    np.testing.assert_array_equal(model.wv.vectors[: len(kept)], kept)
    model.train(texts, total_examples=model.corpus_count, epochs=2)
    assert (model.wv["fresh0"] != 0).any()
    model.save(tmp_path / "grown")
    corpus, there = tmp_path / "texts.txt", tmp_path / "there.npy"
    corpus.write_text("".join(" ".join(sentence) + "\n" for sentence in texts), encoding="utf-8")
    model.train(texts, total_examples=len(texts), epochs=2)  # here what the other process will do there
    run_fresh(CYCLE, tmp_path / "grown", corpus, there, without_gensim=True)
    np.testing.assert_array_equal(np.load(there), model.wv.vectors)
    again = Word2Vec.load(tmp_path / "grown")
    again.build_vocab([["newest", "fresh0"]] * 9, update=True)
    again.train(texts, total_examples=len(texts), epochs=1)
    again.save_gensim(tmp_path / "back")
    theirs = gensim.models.Word2Vec.load(str(tmp_path / "back"))
    assert "newest" in theirs.wv
    np.testing.assert_array_equal(theirs.wv.vectors, again.wv.vectors)


# --- which counts decide


def test_min_count_is_judged_on_merged_counts_where_raw_counts_were_kept(tmp_path, caplog):
    caplog.set_level("INFO", "gensim.models.word2vec")
    first, second = [["known", "known", "rare"]] * 2, [["rare", "known", "once", "twice", "twice"]]
    model = Word2Vec(vector_size=4, min_count=3, workers=1)
    model.build_vocab(first, keep_raw_vocab=True)
    assert model.wv.index_to_key == ["known"]
    model.save(tmp_path / "kept")
    model = Word2Vec.load(tmp_path / "kept")
    model.build_vocab(second, update=True)
    assert "judged on merged counts" in caplog.text
    assert model.wv.index_to_key == ["known", "rare"]
    assert model.wv.expandos["count"].tolist() == [5, 3]
    # Counts once kept stay kept, through any number of updates and files.
    model.save(tmp_path / "kept")
    model = Word2Vec.load(tmp_path / "kept")
    assert dict(model.raw_vocab) == {"known": 5, "rare": 3, "once": 1, "twice": 2}
    model.build_vocab_from_freq({"twice": 1, "once": 1}, update=True)
    assert model.wv.index_to_key == ["known", "rare", "twice"]
    assert model.wv.expandos["count"].tolist() == [5, 3, 3]
    np.testing.assert_array_equal(model.cum_table, noise_table(np.array([5, 3, 3]), model.ns_exponent))


def test_min_count_is_judged_on_the_new_corpus_where_they_were_not(caplog):
    caplog.set_level("INFO", "gensim.models.word2vec")
    model = Word2Vec([["known", "known", "rare"]] * 2, vector_size=4, min_count=3, workers=1)
    model.build_vocab([["rare", "known"], ["often"] * 3], update=True)
    assert "judged on the new corpus alone" in caplog.text
    assert model.wv.index_to_key == ["known", "often"]
    assert model.wv.expandos["count"].tolist() == [5, 3]


def test_counts_that_are_kept_late_hold_what_is_known_of_earlier_text(caplog):
    caplog.set_level("WARNING", "gensim.models.word2vec")
    model = Word2Vec([["known", "known", "rare"]] * 2, vector_size=4, min_count=3, workers=1)
    model.build_vocab([["known", "rare", "often", "often", "often"]], update=True, keep_raw_vocab=True)
    assert "raw counts of earlier text were not kept" in caplog.text
    assert dict(model.raw_vocab) == {"known": 5, "rare": 1, "often": 3}
    caplog.clear()
    model.build_vocab([["rare", "rare", "known"]], update=True)
    assert not caplog.records
    assert dict(model.raw_vocab) == {"known": 6, "rare": 3, "often": 3}
    counts = dict(zip(model.wv.index_to_key, model.wv.expandos["count"].tolist(), strict=True))
    assert counts == {"known": 6, "often": 3, "rare": 3}


# --- memory


def test_matrices_grow_in_place_and_views_of_them_stay_whole():
    words = {f"w{i}": 9 for i in range(12_000)}  # matrices of several MB
    model = Word2Vec(vector_size=64, min_count=1, hs=1, negative=5)
    model.build_vocab_from_freq(words, corpus_count=1)
    model.syn1[:], model.syn1neg[:] = 2.0, 3.0
    matrices = [model.wv.vectors, model.syn1, model.syn1neg]
    before = [matrix.copy() for matrix in matrices]
    for batch in range(2):
        model.build_vocab_from_freq({f"new{batch}-{i}": 9 for i in range(500)}, update=True)
    grown = [model.wv.vectors, model.syn1, model.syn1neg]
    for matrix, old, now in zip(matrices, before, grown, strict=True):
        assert now.shape == (13_000, 64)
        assert now.flags.c_contiguous
        assert now.flags.writeable
        assert np.shares_memory(matrix, now)
        np.testing.assert_array_equal(matrix, old)
        np.testing.assert_array_equal(now[:12_000], old)
    for matrix in grown[1:]:
        assert not matrix[12_000:].any()
    at_once = Word2Vec(vector_size=64, min_count=1, sorted_vocab=0)
    at_once.build_vocab_from_freq(dict.fromkeys(model.wv.index_to_key, 9), corpus_count=1)
    np.testing.assert_array_equal(model.wv.vectors, at_once.wv.vectors)


@pytest.mark.slow
def test_an_update_takes_no_second_copy_of_the_matrices():
    run_fresh("""
        import resource
        from fastw2v import Word2Vec

        model = Word2Vec(vector_size=500, min_count=1)
        model.build_vocab_from_freq({f"w{i}": 9 for i in range(30_000)}, corpus_count=1)
        model.syn1neg[:] = 1
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        model.build_vocab_from_freq({f"new{i}": 9 for i in range(1_000)}, update=True)
        taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert len(model.wv.vectors) == len(model.syn1neg) == 31_000
        assert taken * 1024 < model.wv.vectors.nbytes / 2, taken
    """)


def test_arrays_of_the_users_are_copied_and_what_is_shared_does_not_mix():
    words = {f"w{i}": 9 for i in range(12_000)}
    models = [Word2Vec(vector_size=64, min_count=1, seed=seed) for seed in (1, 2, 3)]
    for model in models:
        model.build_vocab_from_freq(words, corpus_count=1)
    own, sharing, shared = models
    mine = np.ones((12_000, 64), dtype=np.float32)
    own.wv.vectors = mine
    sharing.syn1neg = shared.syn1neg
    sharing.wv.vectors = shared.wv.vectors
    for model in models:
        model.build_vocab_from_freq({f"new{i}": 9 for i in range(100)}, update=True)
    assert not np.shares_memory(own.wv.vectors, mine)
    np.testing.assert_array_equal(own.wv.vectors[:12_000], mine)
    sharing.wv.vectors[12_000:] = 7
    sharing.syn1neg[12_000:] = 7
    assert not (shared.wv.vectors[12_000:] == 7).any()
    assert not shared.syn1neg[12_000:].any()


@pytest.mark.parametrize("mmap", ["r+", "c"])
def test_a_mapped_file_that_an_update_leaves_behind_is_said(tmp_path, old, new, mmap, caplog):
    path = tmp_path / "model"
    Word2Vec(old, **OPTIONS).save(path)
    model = Word2Vec.load(path, mmap=mmap)
    caplog.set_level("WARNING", "gensim.models.word2vec")
    model.build_vocab(
        old[:10], update=True, min_count=1
    )  # no word is new: the file goes on receiving changes
    assert not caplog.records
    model.wv.vectors[0], model.syn1neg[0] = 7, 8
    reread = Word2Vec.load(path)
    assert (reread.wv.vectors[0] == 7).all() == (mmap == "r+")
    assert (reread.syn1neg[0] == 8).all() == (mmap == "r+")
    model.build_vocab(new, update=True)
    said = "wv.vectors, syn1neg grow in memory: the file that was loaded with mmap='r+'"
    assert (said in caplog.text) == (mmap == "r+")


def test_lock_factors_grow_with_the_words(old, new):
    model = Word2Vec(old, **OPTIONS)
    known = len(model.wv)
    model.wv.vectors_lockf = np.zeros(known, dtype=np.float32)
    model.build_vocab(new, update=True)
    assert len(model.wv.vectors_lockf) == len(model.wv)
    before = model.wv.vectors.copy()
    model.train(new, total_examples=len(new), epochs=1)
    np.testing.assert_array_equal(model.wv.vectors[:known], before[:known])
    assert (model.wv.vectors[known:] != before[known:]).any(axis=1).all()


# --- updates that fail


@pytest.mark.parametrize("hs", [0, 1])
@pytest.mark.parametrize("where", ["corpus", "counts", "words", "matrices"])
def test_an_update_that_fails_changes_nothing(old, new, where, hs, monkeypatch):
    model = Word2Vec(vector_size=16, min_count=2, workers=1, hs=hs)
    model.build_vocab(old, keep_raw_vocab=True)
    model.train(old, total_examples=len(old), epochs=1)
    twin = copy.deepcopy(model)

    def fail(*args, **kwargs):
        raise MemoryError(where)

    def texts():
        yield from new
        if where == "corpus":
            raise MemoryError(where)

    with monkeypatch.context() as patch:
        if where == "words":
            patch.setattr("fastw2v.vocabulary.noise_distribution.noise_table", fail)
        elif where == "matrices":
            patch.setattr("fastw2v.common.memory.grown", fail)
        if where == "counts":
            with pytest.raises(ValueError, match="'many'"):
                model.build_vocab_from_freq({"a": 5, "b": "many"}, update=True)
        else:
            with pytest.raises(MemoryError, match=where):
                model.build_vocab(texts(), update=True)
    for each in (model, twin):
        assert each.wv.index_to_key == twin.wv.index_to_key
        assert each.wv.key_to_index == twin.wv.key_to_index
        assert each.raw_vocab == twin.raw_vocab
        assert (each.corpus_count, each.corpus_total_words) == (twin.corpus_count, twin.corpus_total_words)
        each.build_vocab(new, update=True)
        each.train(new, total_examples=len(new), epochs=1)
    assert model.wv.index_to_key == twin.wv.index_to_key
    np.testing.assert_array_equal(model.wv.vectors, twin.wv.vectors)
    np.testing.assert_array_equal(model.syn1neg, twin.syn1neg)

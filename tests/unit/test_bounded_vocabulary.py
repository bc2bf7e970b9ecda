"""A vocabulary of bounded size: eviction, pinned words, counts that decay, and codes that stay short over updates."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, Update, Word2Vec
from fastw2v.utils import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP
from fastw2v.vocabulary import bounded
from fastw2v.vocabulary.huffman import huffman
from fastw2v.vocabulary.huffman_update import contracted, mean_code_length, updated_tree

OBJECTIVES: list[dict[str, Any]] = [
    {"negative": 3},
    {"hs": 1, "negative": 0},
    {"objective": "sampled_softmax", "negative": 3},
]


def text(first: int, seed: int = 0, lines: int = 40) -> list[list[str]]:
    """Return sentences of words whose numbers begin at `first`, the first ones most frequent."""
    numbers = first + np.random.default_rng(seed).zipf(1.4, size=(lines, 8)) % 60
    return [[f"w{number}" for number in line] for line in numbers.tolist()]


def trained(**settings: Any) -> Word2Vec:
    model = Word2Vec(**{"vector_size": 6, "min_count": 1, "sg": 1, "workers": 1, "sample": 0, **settings})
    model.build_vocab_from_freq({"a": 17, "b": 15, "c": 10, "d": 5}, keep_raw_vocab=True)
    model.train([["a", "b", "c", "d"]] * 5, total_examples=5, epochs=1)
    return model


def rows_of(model: Word2Vec) -> dict[str, list[np.ndarray]]:
    """Return copies of the rows of each word: of the vectors, and of the output weights and biases that it has."""
    arrays = [array for array in (model.wv.vectors, model.syn1neg, model.syn1neg_bias) if array is not None]
    return {word: [array[row].copy() for array in arrays] for word, row in model.wv.key_to_index.items()}


@pytest.mark.parametrize("settings", OBJECTIVES)
def test_eviction_keeps_all_rows_of_the_words_that_stay(settings: dict[str, Any]) -> None:
    model = trained(max_words=4, **settings)
    before = rows_of(model)
    scores = None if not model.hs else model.score([["a", "b"], ["b", "c"]])
    model.build_vocab([["x", "y", "z", "c"]] * 6, update=True)
    assert model.wv.index_to_key == ["a", "c", "b", "x"]  # with the counts 17, 16, 15, 6
    assert model.wv.get_vecattr("x", "count") == 6
    after = rows_of(model)
    for word in "abc":
        for old, new in zip(before[word], after[word], strict=True):
            np.testing.assert_array_equal(old, new)
    assert len(model.wv.vectors) == 4
    if scores is None:
        fresh = copy.deepcopy(model)
        fresh.make_cum_table()
        assert model.cum_table is not None
        np.testing.assert_array_equal(model.cum_table, fresh.cum_table)
        assert model.syn1neg is not None
        assert not model.syn1neg[3].any()
    else:
        assert model.syn1 is not None
        assert len(model.syn1) == 4
    model.train([["x", "a", "b", "c"]] * 3, total_examples=3, epochs=1)


def test_inner_nodes_keep_what_they_have_learnt() -> None:
    model = trained(hs=1, negative=0, max_words=4, min_count=1)
    assert model.huffman_tree is not None
    assert model.syn1 is not None
    nodes = {tuple(weights) for weights in model.syn1[:3].tolist()}
    model.wv.expandos["count"][:] = [8, 8, 8, 7]
    model.build_vocab([["x"]] * 9, update=True)
    kept = [tuple(weights) for weights in model.syn1.tolist() if any(weights)]
    assert len(kept) == 2
    assert nodes.issuperset(kept)


def test_pinned_words_stay_through_files_and_copies(tmp_path: Path) -> None:
    model = trained(max_words=4)
    model.pin(["d"])
    model.save(str(tmp_path / "model"))
    copies = [Word2Vec.load(str(tmp_path / "model")), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    for other in copies:
        assert other.max_words == 4
        other.build_vocab([["x", "y", "z"]] * 20, update=True)
        assert "d" in other.wv
        other.pin(["d"], False)
        other.build_vocab([["a", "x", "y", "z"]] * 20, update=True)
        assert "d" not in other.wv
    with pytest.raises(KeyError, match="missing"):
        model.pin(["missing"])


def test_too_many_pinned_words_change_nothing() -> None:
    model = trained(max_words=4)
    model.pin(["a", "b", "c"])
    model.max_words = 2
    before = rows_of(model)
    with pytest.raises(ValueError, match=r"max_words=2 leaves no room for 3 words"):
        model.build_vocab([["x"]] * 9, update=True)
    assert rows_of(model).keys() == before.keys()


def test_trim_rule_decides_about_present_words_too() -> None:
    def rule(word: str, count: int, min_count: int) -> int:
        return {"a": RULE_DISCARD, "rare": RULE_KEEP}.get(word, RULE_DEFAULT)

    model = trained(max_words=4)
    model.build_vocab([["rare", "x"], ["x"]], update=True, trim_rule=rule)
    assert model.wv.index_to_key == ["b", "c", "d", "rare"]


def test_an_evicted_word_returns_with_the_count_that_is_remembered() -> None:
    model = trained(max_words=4)
    model.build_vocab([["x"]] * 9, update=True)
    assert "d" not in model.wv
    vector = model.wv.vectors[3].copy()
    model.train([["x", "a"]] * 3, total_examples=3, epochs=1)
    model.build_vocab([["d"]] * 5, update=True)
    assert model.wv.get_vecattr("d", "count") == 10  # 5 before, 5 now
    assert "x" not in model.wv
    assert not np.array_equal(model.wv["d"], vector)  # it does not begin as the word that had its row


def test_words_that_the_text_lacks_are_not_added() -> None:
    model = trained(max_words=4)
    model.build_vocab([["x"]] * 9, update=True)
    model.max_words = 5
    model.build_vocab([["a"]], update=True)
    assert "d" not in model.wv  # its count of 5 is remembered, but this text could not train it


def test_new_words_of_shards_stay_new() -> None:
    model = trained(max_words=4)
    model.build_vocab([["x"]] * 9, update=True)
    model.build_vocab([["y"]] * 12 + [["c"]] * 9, update=True)
    assert model.wv.index_to_key == ["c", "a", "b", "y"]  # with the counts 19, 17, 15, 12
    assert model.words_before_update == 3
    before = rows_of(model)
    model.train(
        [["y", "a", "b", "c"]] * 9, total_examples=9, epochs=1, update=Update(lockf=0.0, outputs=True)
    )
    after = rows_of(model)
    for word in "abc":
        np.testing.assert_array_equal(before[word], after[word])
    assert not np.array_equal(before["y"][0], after["y"][0])


def test_an_update_by_a_callback_moves_no_rows_and_the_next_one_evicts() -> None:
    class AddWord(CallbackAny2Vec):
        def on_epoch_end(self, model: Word2Vec) -> None:
            if "x" not in model.wv:
                model.build_vocab([["x"]] * 99, update=True)

    for settings in OBJECTIVES:
        model = trained(max_words=4, count_decay=0.5, **settings)
        update = Update(anchor=1.0, outputs=True)
        model.train([["a", "b"]] * 3, total_examples=3, epochs=1, update=update, callbacks=[AddWord()])
        assert model.wv.index_to_key == ["a", "b", "c", "d", "x"]
        assert model.words_before_update == 4
        model.train([["a", "x"]] * 3, total_examples=3, epochs=1)
        model.build_vocab([["b"]], update=True)
        assert model.wv.index_to_key[0] == "x"
        assert len(model.wv) == 4


def test_first_vocabulary_is_bounded() -> None:
    sentences = [["a", "b", "c"], ["a", "b"], ["a", "d"]]
    model = Word2Vec(sentences, vector_size=4, min_count=1, max_words=2, null_word=1, workers=1)
    assert sorted(model.wv.index_to_key) == ["\0", "a"]


def test_counts_decay_once_for_all_shards_of_an_update() -> None:
    model = trained(count_decay=0.5, min_count=1)
    model.build_vocab([["a"]] * 2, update=True)
    model.build_vocab([["a"]] * 2, update=True)
    assert model.wv.get_vecattr("a", "count") in (12, 13)  # 17 / 2 is rounded up or down
    assert model.raw_vocab is not None
    assert model.raw_vocab["a"] == model.wv.get_vecattr("a", "count")
    model.train([["a", "b"]], total_examples=1, epochs=1)
    for _ in range(6):
        model.build_vocab([["a"]], update=True)
        model.train([["a", "b"]], total_examples=1, epochs=1)
    assert model.wv.get_vecattr("d", "count") == 1  # words in the vocabulary keep a count
    assert len(model.wv) == 4


def test_decayed_counts_have_the_right_mean() -> None:
    counts = np.full(20_000, 3)
    decayed = bounded.decayed(counts, 0.9, np.random.default_rng(0))
    assert set(decayed.tolist()) == {2, 3}
    assert abs(decayed.mean() - 2.7) < 0.02


def test_frequent_new_words_come_first_after_the_next_update() -> None:
    model = trained(max_words=6)
    model.build_vocab([["x"]] * 90, update=True)
    assert model.wv.index_to_key[-1] == "x"
    model.train([["x", "a"]] * 9, total_examples=9, epochs=1)
    model.build_vocab([["a"]], update=True)
    assert model.wv.index_to_key[0] == "x"
    assert "x" in [word for word, _ in model.wv.most_similar("a", restrict_vocab=2)]


def test_sorting_after_an_update_lets_restrict_vocab_find_new_words() -> None:
    model = trained()
    new = [["x", "a"]] * 90
    model.build_vocab(new, update=True)
    model.train(new, total_examples=90, epochs=1, update=Update(anchor=1.0, outputs=True))
    assert "x" not in [word for word, _ in model.wv.most_similar("a", restrict_vocab=2)]
    before, loss = rows_of(model), model.evaluate_loss(new)
    model.wv.sort_by_descending_frequency()
    assert model.wv.index_to_key[:2] == ["a", "x"]
    for word, rows in rows_of(model).items():
        np.testing.assert_array_equal(before[word], rows)
    assert model.evaluate_loss(new) == pytest.approx(loss, rel=0.2)  # the draws of the negatives differ
    assert "x" in [word for word, _ in model.wv.most_similar("a", restrict_vocab=2)]
    model.build_vocab([["y"]], update=True)  # the next update knows its new words
    assert model.words_before_update == 5


@pytest.mark.parametrize("settings", OBJECTIVES)
@pytest.mark.parametrize("workers", [1, 2])
def test_many_updates_stay_within_the_bound(settings: dict[str, Any], workers: int, tmp_path: Path) -> None:
    model = Word2Vec(
        vector_size=4, min_count=2, max_words=30, count_decay=0.9, sg=1, workers=workers, **settings
    )
    model.build_vocab(text(0), keep_raw_vocab=True)
    path = str(tmp_path / "model")
    for number in range(15):
        part = text(4 * number, seed=number)
        model.build_vocab(part, update=True)
        model.train(part, total_examples=len(part), epochs=1, update=Update(anchor=1.0, outputs=True))
        model.save(path)
        model = Word2Vec.load(path)
        assert len(model.wv) <= 30
        assert model.raw_vocab is not None
        assert len(model.raw_vocab) <= 5 * 30
        assert np.isfinite(model.wv.vectors).all()
    if model.hs:
        tree, counts = model.huffman_tree, model.wv.expandos["count"]
        assert tree is not None
        assert mean_code_length(tree, counts) <= 1.1 * mean_code_length(huffman(counts), counts)


def test_an_update_that_evicts_resumes_from_its_checkpoint(tmp_path: Path) -> None:
    for settings in OBJECTIVES:
        model = trained(max_words=6, batch_words=40, **settings)
        new = text(0)
        model.build_vocab(new, update=True)
        other = copy.deepcopy(model)
        update = Update(anchor=1.0, outputs=True)
        model.train(new, total_examples=len(new), epochs=2, update=update)

        class Stop(CallbackAny2Vec):
            def on_epoch_begin(self, model: Word2Vec) -> None:
                if model.min_alpha_yet_reached < model.alpha:
                    raise KeyboardInterrupt

        path = str(tmp_path / "checkpoint")
        with pytest.raises(KeyboardInterrupt):
            other.train(
                new, total_examples=len(new), epochs=2, update=update, checkpoint=path, callbacks=[Stop()]
            )
        resumed = Word2Vec.resume(path, new)
        np.testing.assert_array_equal(resumed.wv.vectors, model.wv.vectors)


def test_contracted_tree_is_the_tree_of_the_words_that_stay() -> None:
    counts = np.array([40, 20, 10, 5, 3, 2])
    tree = huffman(counts)
    rows = np.array([5, 0, 3])
    smaller, nodes = contracted(tree.take(rows))
    assert len(nodes) == 2
    assert np.unique(smaller.points).tolist() == [0, 1]
    for row, word in enumerate(rows.tolist()):
        former = tree.point(word).tolist()
        assert [node for node in former if node in nodes] == nodes[smaller.point(row)].tolist()


def test_codes_stay_short_while_words_come_and_go() -> None:
    random = np.random.default_rng(3)
    n_words = 300
    counts = (10_000 / np.arange(1, n_words + 1)).astype(np.int64)
    tree, moved = huffman(counts), 0
    for _ in range(100):
        counts = counts + random.poisson(200 / np.arange(1, n_words + 1))
        counts[random.integers(0, n_words, 3)] += random.integers(10, 3000, 3)
        rows = np.argsort(-counts, kind="stable")[:-10]
        counts = np.concatenate((counts[rows], random.integers(5, 40, 10)))
        tree, nodes = updated_tree(tree.take(rows), counts)
        moved += n_words - 11 - len(nodes)
        tree.check(n_words)
        assert np.unique(tree.points).tolist() == list(range(n_words - 1))
        assert mean_code_length(tree, counts) <= 1.05 * mean_code_length(huffman(counts), counts) + 1e-9
    assert moved < 100 * 0.1 * n_words  # most nodes are kept by most updates


def test_remembered_counts_are_never_too_large() -> None:
    random = np.random.default_rng(5)
    exact: dict[str, int] = {}
    remembered: dict[str, int] = {}
    for _ in range(50):
        for number in random.zipf(1.3, 200) % 5000:
            word = f"w{number}"
            exact[word] = exact.get(word, 0) + 1
            remembered[word] = remembered.get(word, 0) + 1
        remembered = bounded.bounded_counts(remembered, (), 100)
        assert len(remembered) <= 100
    largest_error = sum(exact.values()) / 101
    for word, count in exact.items():
        assert 0 <= count - remembered.get(word, 0) <= largest_error


def test_wrong_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="max_words"):
        Word2Vec(max_words=0)
    with pytest.raises(ValueError, match="count_decay"):
        Word2Vec(count_decay=1.5)


def test_nodes_of_words_that_moved_are_trained_while_old_ones_are_frozen() -> None:
    words = [f"w{number}" for number in range(30)]
    model = Word2Vec(vector_size=4, min_count=1, sg=1, hs=1, negative=0, max_words=100, workers=1, sample=0)
    model.build_vocab_from_freq({word: 2000 // (number + 1) for number, word in enumerate(words)})
    model.train([words] * 20, total_examples=20, epochs=1)
    model.build_vocab_from_freq(
        {"w29": 100_000, "new": 5}, update=True
    )  # the rarest word becomes the most frequent
    assert model.syn1 is not None
    is_new = ~model.syn1[:30].any(axis=1)
    assert 1 < is_new.sum() < 10
    before = model.syn1.copy()
    model.train([[*words, "new"]] * 20, total_examples=20, epochs=1, update=Update(lockf=0.0, outputs=True))
    np.testing.assert_array_equal(model.syn1[:30][~is_new], before[:30][~is_new])
    assert model.syn1[:30][is_new].any(axis=1).all()

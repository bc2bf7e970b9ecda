"""Selection, order, sampling tables and Huffman codes against gensim's own, and the `Vocab` around them."""

import copy
import heapq
import itertools
import json
import pickle

import numpy as np
import pytest

from fastw2v import Word2Vec
from fastw2v.utils import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP
from fastw2v.vocab import Vocab
from fastw2v.vocabulary.huffman import HuffmanTree, RaggedArray, graft, huffman
from fastw2v.vocabulary.noise_distribution import noise_table
from fastw2v.vocabulary.selection import frequency_order, select
from fastw2v.vocabulary.subsampling import downsampling, keep_probabilities, sample_ints, subsample_threshold
from helpers.corpora import ragged_sentences
from helpers.oracle import gensim


def zipf_counts(seed, words=400, ceiling=10**6):
    rng = np.random.default_rng(seed)
    return {f"w{i}": int(count) for i, count in enumerate(rng.zipf(1.25, words).clip(1, ceiling))}


def gensim_model(counts, **options):
    options = {"vector_size": 1, "min_count": 1} | options
    model = gensim.models.Word2Vec(**options)
    model.build_vocab_from_freq(counts)
    return model


def rule(word, count, min_count):
    return {"3": RULE_KEEP, "7": RULE_DISCARD}.get(word[-1], RULE_DEFAULT)


# --- which words


def test_counts_of_what_is_no_word_are_refused():
    for counts, named in (({"a": 3, None: 3}, "None"), ({"a": 3, ("b", "c"): 3}, r"\('b', 'c'\) \(tuple\)")):
        model = Word2Vec(vector_size=2, min_count=1)
        with pytest.raises(
            TypeError, match=f"word #1 of word_freq is {named}; a token must be a str or an int"
        ):
            model.build_vocab_from_freq(counts)
        model.raw_vocab = counts
        with pytest.raises(TypeError, match=f"word #1 of raw_vocab is {named}"):
            model.prepare_vocab()
        assert len(model.wv) == 0


def test_scalars_are_counted_as_the_words_they_stand_for():
    model = Word2Vec(vector_size=2, min_count=1)
    model.build_vocab_from_freq({np.str_("a"): 3, np.bytes_(b"b"): 2, "b": 2, np.int64(7): 1})
    assert model.wv.index_to_key == ["b", "a", 7]
    assert list(map(type, model.wv.index_to_key)) == [str, str, int]
    assert model.wv.get_vecattr("b", "count") == 4


@pytest.mark.parametrize("trim_rule", [None, rule])
@pytest.mark.parametrize("max_final_vocab", [None, 0, 1, 57, 399, 400, 10**6])
@pytest.mark.parametrize("min_count", [0, 1, 3, 10**7])
def test_selection_is_gensims(min_count, max_final_vocab, trim_rule):
    counts = zipf_counts(1)
    model = gensim.models.Word2Vec(
        vector_size=1, min_count=min_count, max_final_vocab=max_final_vocab, sorted_vocab=0
    )
    model.raw_vocab = dict(counts)
    report = model.prepare_vocab(keep_raw_vocab=True, trim_rule=trim_rule)
    chosen = select(counts, min_count=min_count, max_final_vocab=max_final_vocab, trim_rule=trim_rule)
    assert chosen.words == model.wv.index_to_key
    assert chosen.counts.tolist() == [counts[word] for word in chosen.words]
    assert chosen.effective_min_count == model.effective_min_count
    assert (chosen.original_unique, chosen.original_total) == (len(counts), sum(counts.values()))
    assert chosen.drop_total == sum(counts.values()) - chosen.retain_total
    assert {
        "drop_unique": chosen.drop_unique,
        "retain_total": chosen.retain_total,
        "num_retained_words": chosen.retain_unique,
    }.items() <= report.items()
    if max_final_vocab is not None:
        said = next(
            e["msg"] for e in model.lifecycle_events if e.get("msg", "").startswith("max_final_vocab")
        )
        assert f"calc_min_count={chosen.calc_min_count}," in said


def test_selection_of_nothing():
    chosen = select({}, min_count=5, max_final_vocab=3)
    assert (chosen.words, chosen.retain_total, chosen.drop_unique) == ([], 0, 0)
    assert chosen.counts.dtype == np.int64


def test_the_trim_rule_sees_words_in_order_with_the_effective_count():
    seen = []
    select(
        {"b": 5, "a": 1, "c": 2}, min_count=1, max_final_vocab=1, trim_rule=lambda *args: seen.append(args)
    )
    assert seen == [("b", 5, 3), ("a", 1, 3), ("c", 2, 3)]


@pytest.mark.parametrize(
    "counts", [{"a": 3.0, "b": 2.0}, {"a": np.int32(3), "b": np.uint8(2)}, {"a": 3, "b": 2.0}]
)
def test_whole_numbers_of_any_type_are_counts(counts):
    assert select(counts, min_count=1).counts.tolist() == [3, 2]


@pytest.mark.parametrize("bad", [2.5, float("nan"), float("inf"), 2**63, 2**70, "3", None, [1]])
def test_counts_that_are_no_whole_numbers_are_named(bad):
    with pytest.raises(ValueError, match=r"whole numbers.*for the word 'b'"):
        select({"a": 1, "b": bad}, min_count=1)


@pytest.mark.parametrize("seed", range(3))
def test_order_is_gensims_ties_included(seed):
    counts = zipf_counts(seed, ceiling=5)
    order = frequency_order(np.array(list(counts.values())))
    words = list(counts)
    assert [words[i] for i in order] == gensim_model(counts).wv.index_to_key


@pytest.mark.parametrize("top", [3, 2**40, 2**62])
def test_order_whatever_the_size_of_the_counts(top):
    counts = np.random.default_rng(1).integers(0, 3, 500) * (top // 3) - (top == 3)
    words = sorted(range(len(counts)), key=lambda i: (counts[i], i), reverse=True)
    assert frequency_order(counts).tolist() == words
    assert frequency_order(counts[:0]).tolist() == []


# --- tables


@pytest.mark.parametrize("sample", [0, None, 1e-5, 1e-3, 0.1, 0.99, 1, 1.0, 3.5, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_keep_probabilities_are_gensims(seed, sample):
    counts = zipf_counts(seed)
    model = gensim.models.Word2Vec(vector_size=1, min_count=2, sample=sample)
    model.raw_vocab = dict(counts)
    report = model.prepare_vocab()
    vocab = Vocab.from_frequencies(counts, min_count=2, sample=sample)
    assert vocab.index_to_key == model.wv.index_to_key
    ints = sample_ints(vocab.keep_probabilities)
    assert ints.dtype == np.uint32
    np.testing.assert_array_equal(ints, model.wv.expandos["sample_int"])
    unique, total = downsampling(vocab.counts, vocab.keep_probabilities)
    assert (unique, int(total)) == (report["downsample_unique"], report["downsample_total"])


def test_the_logged_estimate_is_gensims_to_the_last_digit():
    model = gensim.models.Word2Vec(vector_size=1, min_count=1)
    model.raw_vocab = zipf_counts(4)
    model.prepare_vocab(keep_raw_vocab=True)
    chosen = select(model.raw_vocab, min_count=1)
    kept = keep_probabilities(chosen.counts, subsample_threshold(chosen.retain_total, model.sample))
    said = next(e["msg"] for e in model.lifecycle_events if e.get("msg", "").startswith("downsampling"))
    assert f"leaves estimated {downsampling(chosen.counts, kept)[1]} word" in said


def test_keep_probabilities_at_the_edges():
    np.testing.assert_array_equal(keep_probabilities(np.array([0, 5, 0]), 0.1)[[0, 2]], [1.0, 1.0])
    np.testing.assert_array_equal(keep_probabilities(np.array([0, 0]), 0.0), [1.0, 1.0])
    assert keep_probabilities(np.empty(0, np.int64), 0.0).shape == (0,)
    assert downsampling(np.empty(0, np.int64), np.empty(0)) == (0, 0.0)


@pytest.mark.parametrize("exponent", [0.75, 1.0, 0.5, 0.0, -0.5, -1, 0.1, 2, 1 / 3])
@pytest.mark.parametrize(("words", "ceiling"), [(1, 10), (2, 3), (3000, 10**6), (200, 10**15)])
@pytest.mark.parametrize("sorted_vocab", [0, 1])
def test_noise_table_is_gensims(words, ceiling, exponent, sorted_vocab):
    counts = zipf_counts(5, words, ceiling)
    model = gensim_model(counts, ns_exponent=exponent, sorted_vocab=sorted_vocab)
    table = noise_table(model.wv.expandos["count"], exponent)
    assert table.dtype == model.cum_table.dtype
    np.testing.assert_array_equal(table, model.cum_table)
    assert table[-1] == 2**31 - 1


def test_noise_table_over_another_domain():
    counts = np.array(sorted(zipf_counts(6).values(), reverse=True))
    model = gensim_model({str(i): int(count) for i, count in enumerate(counts)}, sorted_vocab=0)
    model.make_cum_table(domain=1000)
    np.testing.assert_array_equal(noise_table(counts, 0.75, 1000), model.cum_table)


def test_words_never_seen_do_not_break_the_noise_table():
    table = noise_table(np.array([0, 4, 0, 2]), -0.5)
    assert table[0] == 0
    assert table[1] == table[2] > 0
    assert table[3] == 2**31 - 1
    assert np.diff(noise_table(np.array([0, 0, 0]), -1.0).astype(np.int64), prepend=0).min() > 0
    assert noise_table(np.array([3, 0]), 0.75).tolist() == [2**31 - 1] * 2
    assert noise_table(np.empty(0, np.int64), 0.75).shape == (0,)


def test_an_exponent_that_overflows_is_named():
    with pytest.raises(ValueError, match="ns_exponent=400"):
        noise_table(np.array([10**6]), 400)


# --- Huffman


def assert_gensims_tree(tree, model):
    for i in range(len(model.wv)):
        assert tree.code(i).tolist() == list(model.wv.expandos["code"][i])
        assert tree.point(i).tolist() == list(model.wv.expandos["point"][i])


@pytest.mark.parametrize("words", [1, 2, 3, 4, 5, 7, 64, 500])
@pytest.mark.parametrize("ceiling", [1, 3, 10**12])
def test_huffman_is_gensims_ties_included(words, ceiling):
    counts = zipf_counts(words, words, ceiling)
    model = gensim_model(counts, hs=1)
    tree = huffman(np.asarray(model.wv.expandos["count"]))
    assert_gensims_tree(tree, model)
    assert (tree.points.dtype, tree.codes.dtype, tree.offsets.dtype) == (np.uint32, np.uint8, np.int64)
    assert tree.max_depth == max(map(len, model.wv.expandos["code"]))


def test_huffman_of_unsorted_counts():
    counts = zipf_counts(9)
    model = gensim_model(counts, hs=1, sorted_vocab=0)
    assert_gensims_tree(huffman(np.array(list(counts.values()))), model)


@pytest.mark.parametrize("words", [0, 1])
def test_huffman_without_a_choice_has_empty_codes(words):
    tree = huffman(np.ones(words, dtype=np.int64))
    assert tree.offsets.tolist() == [0] * (words + 1)
    assert len(tree.points) == len(tree.codes) == tree.max_depth == 0
    assert [code.tolist() for code in tree.code_rows] == [[]] * words


@pytest.mark.parametrize("words", [0, 1, 2, 50])
def test_huffman_from_gensims_rows(words):
    counts = zipf_counts(3, words)
    expandos = gensim_model(counts, hs=1).wv.expandos
    tree = HuffmanTree.from_rows(expandos.get("point", []), expandos.get("code", []))
    whole = huffman(np.array(sorted(counts.values(), reverse=True)))
    for name in ("offsets", "points", "codes"):
        ours, theirs = getattr(tree, name), getattr(whole, name)
        assert (ours.dtype, ours.tolist()) == (theirs.dtype, theirs.tolist())


def test_huffman_rows_must_match():
    with pytest.raises(ValueError, match="the same length for every word"):
        HuffmanTree.from_rows([[0], [0, 1]], [[0], [1]])


def test_huffman_of_a_chain():
    """Counts that double give the deepest tree; its codes must still be optimal and prefix-free."""
    counts = 2 ** np.arange(40)
    tree = huffman(counts)
    assert tree.max_depth == 39
    codes = {"".join(map(str, code)) for code in tree.code_rows}
    assert len(codes) == 40
    assert not any(a != b and b.startswith(a) for a, b in itertools.product(codes, repeat=2))


def test_huffman_codes_are_optimal_for_many_words():
    counts = np.random.default_rng(2).zipf(1.2, 20_000).clip(1, 10**6)
    tree = huffman(counts)
    heap = counts.tolist()
    heapq.heapify(heap)
    cost = 0
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        cost += merged
        heapq.heappush(heap, merged)
    assert int((np.diff(tree.offsets) * counts).sum()) == cost
    assert all(point[0] == len(counts) - 2 for point in itertools.islice(tree.point_rows, 100))


def test_ragged_array_is_a_sequence_of_read_only_rows():
    rows = RaggedArray(np.arange(6), np.array([0, 2, 2, 6]))
    assert len(rows) == 3
    assert [row.tolist() for row in rows] == [[0, 1], [], [2, 3, 4, 5]]
    assert rows[-1].tolist() == rows[np.int64(2)].tolist() == [2, 3, 4, 5]
    assert [row.tolist() for row in rows[1:]] == [[], [2, 3, 4, 5]]
    assert [row.tolist() for row in pickle.loads(pickle.dumps(rows))] == [row.tolist() for row in rows]
    for index in (3, -4):
        with pytest.raises(IndexError, match="out of range for 3 rows"):
            rows[index]
    with pytest.raises(ValueError, match="read-only"):
        rows[0][0] = 7
    assert rows.values.flags.writeable


# --- the whole vocabulary


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"min_count": 1},
        {"min_count": 1, "max_vocab_size": 60},
        {"min_count": 1, "max_final_vocab": 50},
        {"min_count": 2, "sorted_vocab": False},
        {"min_count": 3, "sample": 1e-5, "ns_exponent": -0.5},
        {"min_count": 10**6},
    ],
)
@pytest.mark.parametrize("trim_rule", [None, rule])
def test_a_vocabulary_from_a_corpus_is_gensims(tmp_path, options, trim_rule):
    corpus = [sentence for sentence in ragged_sentences(1, 300, 200) if sentence]
    model = gensim.models.Word2Vec(vector_size=1, hs=1, **options)
    model.build_vocab(corpus, trim_rule=trim_rule)
    path = tmp_path / "corpus.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in corpus))
    for vocab in (
        Vocab.from_corpus(corpus, trim_rule=trim_rule, **options),
        Vocab.from_corpus(iter(corpus), trim_rule=trim_rule, **options),
        Vocab.from_corpus(corpus_file=path, trim_rule=trim_rule, **options),
    ):
        assert vocab.index_to_key == model.wv.index_to_key
        assert vocab.key_to_index == model.wv.key_to_index
        if len(vocab):
            assert vocab.counts.tolist() == list(model.wv.expandos["count"])
            np.testing.assert_array_equal(vocab.noise_table, model.cum_table)
            np.testing.assert_array_equal(
                sample_ints(vocab.keep_probabilities), model.wv.expandos["sample_int"]
            )
            assert_gensims_tree(vocab.huffman, model)


def test_a_corpus_given_wrongly_is_refused():
    with pytest.raises(TypeError, match="Either one of"):
        Vocab.from_corpus()
    with pytest.raises(TypeError, match="must not be provided at the same time"):
        Vocab.from_corpus([["a"]], corpus_file="x")
    with pytest.raises(TypeError, match="corpus_file=path"):
        Vocab.from_corpus("some text")


@pytest.mark.parametrize("from_corpus", [True, False])
@pytest.mark.parametrize("trim_rule", [None, rule])
@pytest.mark.parametrize("max_final_vocab", [None, 70])
def test_growth_appends_the_words_that_gensim_appends(from_corpus, trim_rule, max_final_vocab):
    old, new = ragged_sentences(2, 300, 60), ragged_sentences(3, 300, 200)
    options = {"min_count": 4, "max_final_vocab": max_final_vocab}
    model = gensim.models.Word2Vec(vector_size=1, **options)
    model.build_vocab(old)
    known = len(model.wv)
    vocab = Vocab.from_corpus(old, **options)
    assert vocab.noise_table[-1] == 2**31 - 1  # made once before the growth, to be remade after it
    model.build_vocab(new, update=True, trim_rule=trim_rule)
    if from_corpus:
        appended = vocab.update(new, trim_rule=trim_rule)
    else:
        found: dict[str, int] = {}
        for word in itertools.chain(*new):
            found[word] = found.get(word, 0) + 1
        appended = vocab.update(frequencies=found, trim_rule=trim_rule)
    assert appended == len(model.wv) - known > 0
    assert vocab.index_to_key == model.wv.index_to_key
    assert vocab.key_to_index == model.wv.key_to_index
    assert vocab.counts.tolist() == list(model.wv.expandos["count"])
    np.testing.assert_array_equal(vocab.noise_table, model.cum_table)


def test_growth_recomputes_the_tables_from_merged_counts():
    old, new = ragged_sentences(2, 300, 60), ragged_sentences(3, 300, 200)
    vocab = Vocab.from_corpus(old, min_count=1)
    stale = vocab.keep_probabilities, vocab.noise_table, vocab.huffman
    vocab.update(new)
    whole = Vocab.from_corpus(old + new, min_count=1)
    for word in whole:
        assert vocab.count(word) == whole.count(word)
        assert vocab.keep_probabilities[vocab[word]] == whole.keep_probabilities[whole[word]]
    assert len(stale[0]) < len(vocab.keep_probabilities) == len(vocab.noise_table) == len(vocab)
    assert len(vocab.huffman.code_rows) == len(vocab)


def test_growth_with_another_min_count():
    vocab = Vocab.from_frequencies({"a": 9}, min_count=5)
    assert vocab.update(frequencies={"b": 2, "a": 1}) == 0
    assert vocab.update(frequencies={"b": 2, "c": 1}, min_count=2) == 1
    assert dict(zip(vocab, vocab.counts.tolist(), strict=True)) == {"a": 10, "b": 2}


def test_growth_from_two_sources_is_refused_and_changes_nothing():
    vocab = Vocab.from_frequencies({"a": 9})
    for wrong in (
        {},
        {"frequencies": {"a": 1}, "corpus": [["a"]]},
        {"frequencies": {"a": 1}, "corpus_file": "x"},
    ):
        with pytest.raises(TypeError):
            vocab.update(**wrong)
    with pytest.raises(ValueError, match="whole numbers"):
        vocab.update(frequencies={"a": 5, "b": 2.5})
    with pytest.raises(TypeError, match="sentence #1"):
        vocab.update([["a"], None])
    assert vocab.counts.tolist() == [9]


def test_look_ups_both_ways():
    vocab = Vocab.from_frequencies({"a": 7, "b": 9, 5: 6})
    assert list(vocab) == vocab.index_to_key == vocab.itos == ["b", "a", 5]
    assert vocab.key_to_index == vocab.stoi == {"b": 0, "a": 1, 5: 2}
    assert len(vocab) == 3
    assert "a" in vocab
    assert "z" not in vocab
    assert (vocab["a"], vocab[5], vocab[["b", 5]]) == (1, 2, [0, 2])
    assert vocab[np.array(["b", "a"])] == [0, 1]
    assert (vocab.get("a"), vocab.get("z"), vocab.get("z", -1)) == (1, None, -1)
    assert (vocab.count("b"), vocab.count("z"), vocab.total) == (9, 0, 22)
    assert vocab.to_ids(["a", "b"]).tolist() == [1, 0]
    assert vocab.to_ids(["a", "z"], default=-1).tolist() == [1, -1]
    assert vocab.to_ids([]).dtype == np.int64
    assert vocab.to_words(np.array([2, 0])) == vocab.lookup_tokens([2, 0]) == [5, "b"]
    assert vocab.lookup_token(1) == "a"
    assert vocab.lookup_token([2, 0]) == vocab.lookup_token(np.array([2, 0])) == [5, "b"]
    assert vocab.get_index("a") == 1
    assert vocab.get_index(["a", 5]) == [1, 2]
    assert vocab.get_index(["a", "z"], default=-1) == [1, -1]
    assert vocab.get_freq("b") == vocab.count("b")
    assert vocab.get_freq(["b", "z"]) == [vocab.count("b"), 0]
    assert vocab.lookup_indices(["a", "b"]) == [1, 0]
    for lookup in (
        lambda: vocab["z"],
        lambda: vocab[["a", "z"]],
        lambda: vocab.to_ids(["z"]),
        lambda: vocab.get_index(["z"]),
    ):
        with pytest.raises(KeyError, match="'z' is not in the vocabulary"):
            lookup()
    for index in (-1, 3):
        with pytest.raises(IndexError, match="out of range for 3 words"):
            vocab.to_words([index])


def test_the_constructor_checks_its_words():
    with pytest.raises(ValueError, match="one count a word, got 1 for 2 words"):
        Vocab(["a", "b"], [1])
    with pytest.raises(ValueError, match=r"from 0 to .*got -2 for the word 'b'"):
        Vocab(["a", "b"], [1, -2])
    with pytest.raises(ValueError, match=r"whole numbers.*got 1\.5 for the word 'b'"):
        Vocab(["a", "b"], [1, 1.5])
    with pytest.raises(ValueError, match="distinct, got 'a' more than once"):
        Vocab(["a", "b", "a"], [1, 2, 3])


SETTINGS = ("sample", "ns_exponent", "min_count", "max_vocab_size", "max_final_vocab")


def assert_equal(ours, theirs):
    assert ours.index_to_key == theirs.index_to_key
    assert ours.key_to_index == theirs.key_to_index
    assert ours.counts.tolist() == theirs.counts.tolist()
    assert ours.counts.dtype == theirs.counts.dtype
    assert [getattr(ours, name) for name in SETTINGS] == [getattr(theirs, name) for name in SETTINGS]


@pytest.mark.parametrize("name", ["vocab.json", "vocab.json.gz"])
def test_save_and_load(tmp_path, name):
    words = {
        "plain": 9,
        "ünï\u2028\ud800": 8,
        'quo"te\n': 8,
        17: 7,
        "17": 6,
        np.str_("np"): 5,
        np.int64(3): 5,
    }
    vocab = Vocab.from_frequencies(
        words, min_count=2, max_final_vocab=50, max_vocab_size=9, sample=None, ns_exponent=-0.5
    )
    for path in (tmp_path / name, str(tmp_path / name)):
        vocab.save(path)
        loaded = Vocab.load(path)
        assert_equal(loaded, vocab)
        assert {type(word) for word in loaded} == {str, int}
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    loaded.update(frequencies={"new": 2})
    assert "new" in loaded


def test_copies_and_pickles():
    vocab = Vocab.from_frequencies(zipf_counts(8), min_count=1)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(vocab)).noise_table, vocab.noise_table)
    twin = copy.deepcopy(vocab)
    assert_equal(twin, vocab)
    twin.update(frequencies={"new": 9})
    assert "new" not in vocab


def test_a_word_that_json_cannot_hold_is_refused_and_the_old_file_stays(tmp_path):
    path = tmp_path / "vocab.json"
    Vocab.from_frequencies({"a": 9}).save(path)
    for word in (("a", "b"), b"a", 1.5, True, None):
        with pytest.raises(TypeError, match="only str and int words can be saved"):
            Vocab.from_frequencies({word: 9}).save(path)
    assert Vocab.load(path).index_to_key == ["a"]
    assert list(tmp_path.iterdir()) == [path]


def damaged(document, **changes):
    return json.dumps({**document, **changes}).encode()


def test_a_file_that_is_no_vocabulary_is_refused(tmp_path):
    path = tmp_path / "vocab.json"
    Vocab.from_frequencies({"a": 9, "b": 8}).save(path)
    whole = path.read_bytes()
    document = json.loads(whole)
    for content in (
        b"",
        b"\x80\x04pickle",
        b"[1, 2]",
        b"{}",
        b"[" * 100_000,
        whole[:-10],
        damaged(document, format="other"),
        damaged(document, version=99),
        damaged(document, counts=[1]),
        damaged(document, counts=["x", "y"]),
        damaged(document, counts=[1.5, 2]),
        damaged(document, counts=[2**70, 2]),
        damaged(document, counts=[-1, 2]),
        damaged(document, words=["a", "a"]),
        damaged(document, words=["a", ["b"]]),
        damaged(document, words=["a", None]),
        damaged(document, words="ab"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"vocab\.json is not a vocabulary written by Vocab\.save"):
            Vocab.load(path)
    with pytest.raises(FileNotFoundError):
        Vocab.load(tmp_path / "nothing.json")


def assert_is_a_tree(tree):
    """Every word has a leaf, and every inner node one number and one place."""
    n_words = len(tree)
    paths = [tuple(tree.code(word)) for word in range(n_words)]
    assert sum(0.5 ** len(path) for path in paths) == 1.0  # a full binary tree
    assert len(set(paths)) == n_words
    for before, after in itertools.pairwise(sorted(paths)):
        assert after[: len(before)] != before  # no code begins another
    assert set(tree.points.tolist()) == set(range(n_words - 1))  # one row of weights each, none skipped
    node_of = {}
    for word, path in enumerate(paths):  # an inner node stands at one place of the tree
        for depth, point in enumerate(tree.point(word).tolist()):
            assert node_of.setdefault(point, path[:depth]) == path[:depth]


@pytest.mark.parametrize(("n_old", "n_new"), [(1, 1), (1, 4), (2, 1), (2, 9), (5, 3), (40, 90), (200, 77)])
def test_grafting_keeps_the_old_nodes_and_gives_every_word_a_leaf(n_old, n_new):
    rng = np.random.default_rng(n_old * 100 + n_new)
    counts = rng.integers(1, 1000, n_old + n_new).astype(np.int64)
    counts[n_old:] = rng.integers(1, 50, n_new)
    old = huffman(counts[:n_old])
    tree = graft(old, counts)
    assert_is_a_tree(tree)
    longer = []
    for word in range(n_old):
        is_old = tree.point(word) < n_old - 1
        np.testing.assert_array_equal(tree.point(word)[is_old], old.point(word))
        np.testing.assert_array_equal(tree.code(word)[is_old], old.code(word))
        longer.append(len(tree.code(word)) - len(old.code(word)))
    if n_old > 1:
        assert set(longer) <= {0, 1}
        # Only words that occur about as often as the new ones have longer codes: no place would cost less.
        cost = int(counts @ np.diff(tree.offsets))
        joined_at_the_root = int(counts[:n_old] @ np.diff(old.offsets)) + int(counts.sum())
        joined_at_the_root += int(counts[n_old:] @ np.diff(huffman(counts[n_old:]).offsets))
        assert cost <= joined_at_the_root
    assert graft(tree, counts) is tree


def test_a_frequent_word_keeps_its_code_where_rare_words_join():
    counts = np.array([10_000, 8_000, 3_000, 500, 400, 30, 20, 9, 7, 6, 5], dtype=np.int64)
    old = huffman(counts[:7])
    tree = graft(old, counts)
    for word in range(5):
        np.testing.assert_array_equal(tree.code(word), old.code(word))
    assert tree.point(0)[0] == old.point(0)[0]  # the root


def test_a_tree_of_other_words_is_not_extended():
    counts = np.array([9, 8, 7, 6], dtype=np.int64)
    tree = huffman(counts).take(np.array([0, 3]))
    with pytest.raises(ValueError, match="inner nodes that 3 words do not have"):
        graft(HuffmanTree(tree.offsets, tree.points + np.uint32(2), tree.codes), counts[:3])


def test_words_that_lost_their_path_join_the_tree():
    """A word that was added to the vectors and then sorted has an empty path."""
    counts = np.array([9, 8, 1, 7, 6, 5], dtype=np.int64)
    tree = huffman(np.array([9, 8, 7, 6], dtype=np.int64)).take(np.array([0, 1, 4, 2, 3]))
    assert len(tree.code(2)) == 0
    assert_is_a_tree(graft(tree, counts))


def test_codes_stay_short_over_many_updates():
    rng = np.random.default_rng(0)
    n_words, first, updates = 3_000, 400, 300
    frequencies = 1.0 / np.arange(1, n_words + 1)
    frequencies /= frequencies.sum()
    counts = np.maximum((40_000 * frequencies).astype(np.int64), 1)
    known = np.arange(first)
    tree = huffman(counts[known])
    for update in range(updates):
        counts += rng.multinomial(700, frequencies)
        known = np.arange(first + (n_words - first) * (update + 1) // updates)
        tree = graft(tree, counts[known])
    fresh = huffman(counts)
    assert len(tree) == n_words
    assert counts @ np.diff(tree.offsets) < 1.05 * (counts @ np.diff(fresh.offsets))
    assert tree.max_depth <= fresh.max_depth + 5
    assert_is_a_tree(tree)

"""Analogies and word pairs: gensim's numbers from batched products, and what happens with odd files."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from fastw2v.keyedvectors import KeyedVectors
from fastw2v.vectors import evaluation, similarity
from helpers.oracle import gensim

ROWS, COLUMNS, WIDTH = 8, 6, 20


def grid_of_words(noise, spellings):
    """Words r<i>c<j>, a row's vector plus a column's and noise, so that most analogies between them hold."""
    random = np.random.default_rng(5)
    row, column = random.standard_normal((ROWS, WIDTH)), random.standard_normal((COLUMNS, WIDTH))
    words, vectors = [], []
    for i, j in itertools.product(range(ROWS), range(COLUMNS)):
        for spelling in spellings:
            words.append(spelling(f"r{i}c{j}"))
            vectors.append(row[i] + column[j] + noise * random.standard_normal(WIDTH))
    order = random.permutation(len(words))
    return [words[i] for i in order], np.array([vectors[i] for i in order], dtype=np.float32)


def questions():
    random = np.random.default_rng(6)
    lines = []
    for section in range(3):
        lines.append(f": section {section}")
        for _ in range(120):
            i, k = random.integers(0, ROWS, 2)
            j, m = random.integers(0, COLUMNS, 2)
            lines.append(f"r{i}c{j} R{i}c{m} r{k}C{j} r{k}c{m}")
            if random.random() < 0.1:
                lines.append(f"r{i}c{j} R{i}c{m} r{k}C{j} absent")
    lines += [": empty", ": odd", "r1c1 r1c2", "", "r1c1 r2c1 r1c1 r2c1"]
    return lines


def both(words, matrix):
    stores = KeyedVectors(matrix.shape[1]), gensim.models.KeyedVectors(matrix.shape[1])
    for store in stores:
        store.add_vectors(words, matrix)
    return stores


@pytest.fixture
def analogies(tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text("\n".join(questions()) + "\n", encoding="utf8")
    return str(path)


SPELLINGS = {
    "plain": [str],
    "two cases": [str, str.upper],
    "many cases": [str, str.upper, str.capitalize, lambda word: word.replace("c", "C")],
}


@pytest.mark.parametrize("spellings", SPELLINGS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"restrict_vocab": 40},
        {"case_insensitive": False},
        {"dummy4unknown": True},
        {"restrict_vocab": 60, "dummy4unknown": True},
    ],
    ids=str,
)
def test_analogies_are_answered_as_gensim_does(analogies, spellings, options):
    ours, theirs = both(*grid_of_words(0.4, SPELLINGS[spellings]))
    score, sections = ours.evaluate_word_analogies(analogies, **options)
    assert (score, sections) == theirs.evaluate_word_analogies(analogies, **options)
    if not options:
        assert 0.1 < score < 0.999  # else the comparison says nothing


def test_many_questions_are_answered_in_blocks(analogies, monkeypatch):
    wv, _ = both(*grid_of_words(0.4, SPELLINGS[next(iter(SPELLINGS))]))
    whole = wv.evaluate_word_analogies(analogies)
    monkeypatch.setattr(evaluation, "_BLOCK", 7)
    assert wv.evaluate_word_analogies(analogies) == whole


@pytest.mark.parametrize("others", [4, 5])
def test_only_five_answers_are_looked_at(others, tmp_path):
    """As in gensim: five other spellings of a question's word in front hide the right answer."""
    answer = np.array([1.0, 0.5, 0.0])
    spellings = ["bbb", "Bbb", "bBb", "bbB", "BBb", "bBB"][: others + 1]
    words = ["a", "c", *spellings, "d", "e"]
    near = [[1.0, 0.001 * i, 0.0] for i in range(others + 1)]
    matrix = np.array([[0.0, 0.0, 1.0], [0.0, 0.1, 1.0], *near, answer, -answer], dtype=np.float32)
    ours, theirs = both(words, matrix)
    result = ours.evaluate_word_analogies([": s", "a bbb c d"])
    assert result[0] == (1.0 if others < 5 else 0.0)
    (tmp_path / "questions").write_text(": s\na bbb c d\n")
    assert theirs.evaluate_word_analogies(str(tmp_path / "questions")) == result


def test_blocks_do_not_change_the_answers(analogies, monkeypatch):
    store, _ = both(*grid_of_words(0.4, SPELLINGS["many cases"]))
    whole = store.evaluate_word_analogies(analogies)
    monkeypatch.setattr(similarity, "_LEAST_ROWS", 3)
    monkeypatch.setattr(similarity, "_SCORES_CACHED", 1)
    assert store.evaluate_word_analogies(analogies) == whole


def test_questions_that_share_no_words_are_answered_too():
    random = np.random.RandomState(3)
    matrix = random.standard_normal((80, 12)).astype(np.float32)
    words = [f"w{row}" for row in range(80)]
    for question in range(0, 40, 4):  # every second one is right
        a, b, c = matrix[question : question + 3]
        if question % 8:
            matrix[question + 3] = b / np.linalg.norm(b) - a / np.linalg.norm(a) + c / np.linalg.norm(c)
    lines = [": s", *(" ".join(words[at : at + 4]) for at in range(0, 40, 4))]
    ours, _theirs = both(words, matrix)
    apart = ours.evaluate_word_analogies(lines)
    assert apart[0] == 0.5
    together = ours.evaluate_word_analogies([*lines, *lines[1:], *lines[1:], *lines[1:]])
    assert together[1][0]["correct"] == 4 * apart[1][0]["correct"]


def test_half_precision_and_zero_vectors_are_evaluated(analogies):
    words, matrix = grid_of_words(0.1, SPELLINGS["plain"])
    matrix[3] = 0
    store, _ = both(words, matrix)
    score, _ = store.evaluate_word_analogies(analogies)
    assert score > 0.5
    assert store.astype(np.float16).evaluate_word_analogies(analogies)[0] == pytest.approx(score, abs=0.05)


def test_the_other_similarity_function_gives_the_same_and_a_wrong_one_is_refused(analogies):
    store, _ = both(*grid_of_words(0.4, SPELLINGS["plain"]))
    expected = store.evaluate_word_analogies(analogies)
    assert store.evaluate_word_analogies(analogies, similarity_function="most_similar_cosmul") == expected
    with pytest.raises(ValueError, match="similarity_function"):
        store.evaluate_word_analogies(analogies, similarity_function="nearest")


def test_analogies_from_paths_lines_and_compressed_files(analogies, tmp_path):
    import gzip
    from pathlib import Path

    store, _ = both(*grid_of_words(0.4, SPELLINGS["plain"]))
    expected = store.evaluate_word_analogies(analogies)
    assert store.evaluate_word_analogies(Path(analogies)) == expected
    assert store.evaluate_word_analogies(questions()) == expected
    with gzip.open(tmp_path / "questions.gz", "wt", encoding="utf8") as stream:
        stream.write("\n".join(questions()))
    assert store.evaluate_word_analogies(tmp_path / "questions.gz") == expected


def test_analogies_without_questions_or_sections(caplog):
    store, _ = both(*grid_of_words(0.4, SPELLINGS["plain"]))
    nothing = {"section": "Total accuracy", "correct": [], "incorrect": []}
    assert store.evaluate_word_analogies([]) == (0.0, [nothing])
    assert store.evaluate_word_analogies([": s", "absent a b c"])[0] == 0.0
    with pytest.raises(ValueError, match="section header before line #0"):
        store.evaluate_word_analogies(["r1c1 r1c2 r2c1 r2c2"])
    with caplog.at_level("INFO"):
        store.evaluate_word_analogies([": s", "r1c1 r1c2 r2c1 r2c2", "r1c1"])
    assert "Skipping invalid line #2" in caplog.text
    assert "(1/1)" in caplog.text or "(0/1)" in caplog.text


def test_evaluation_changes_nothing_and_runs_in_threads(analogies):
    store, _ = both(*grid_of_words(0.4, SPELLINGS["many cases"]))
    keys = dict(store.key_to_index)
    expected, results = store.evaluate_word_analogies(analogies), []
    threads = [
        threading.Thread(target=lambda: results.append(store.evaluate_word_analogies(analogies)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for word in store.index_to_key:
        assert word in store
    for thread in threads:
        thread.join()
    assert results == [expected] * 4
    assert store.key_to_index == keys


PAIRS = """# two words and a number
r1c1\tr1c2\t7.5
R2c1\tr1c2\t3
r3c1\tr5c4\t1.25
absent\tr5c4\t2
r4c1\tr4c1\t10
broken line

r4c1\tr4c1\tten
r4c3\tr2c3\t6
"""


@pytest.mark.parametrize(
    "options", [{}, {"restrict_vocab": 60}, {"case_insensitive": False}, {"dummy4unknown": True}], ids=str
)
def test_word_pairs_are_correlated_as_gensim_does(tmp_path, options):
    ours, theirs = both(*grid_of_words(0.4, SPELLINGS["two cases"]))
    path = tmp_path / "pairs.tsv"
    path.write_text(PAIRS, encoding="utf8")
    found = ours.evaluate_word_pairs(str(path), **options)
    expected = theirs.evaluate_word_pairs(str(path), **options)
    for result, reference in zip(found[:2], expected[:2], strict=True):
        assert type(result) is type(reference)
        np.testing.assert_allclose(tuple(result), tuple(reference), rtol=1e-4)
    assert found[2] == expected[2]
    assert ours.evaluate_word_pairs(path, **options) == found
    assert ours.evaluate_word_pairs(PAIRS.splitlines(), **options) == found


def test_word_pairs_with_another_delimiter_and_encoding(tmp_path):
    ours, theirs = both(["é", "b", "c", "d"], grid_of_words(0.4, [str])[1][:4])
    path = tmp_path / "pairs.csv"
    path.write_bytes("é;b;1\nc;d;2\nb;d;4\n".encode("latin1"))
    found = ours.evaluate_word_pairs(path, delimiter=";", encoding="latin1")
    expected = theirs.evaluate_word_pairs(str(path), delimiter=";", encoding="latin1")
    assert found[2] == expected[2] == 0.0
    assert found[0].statistic == pytest.approx(expected[0].statistic, rel=1e-4)


def test_word_pairs_without_a_known_pair(caplog):
    store, _ = both(*grid_of_words(0.4, SPELLINGS["plain"]))
    with caplog.at_level("INFO"), pytest.raises(ValueError, match="No valid similarity judgements"):
        store.evaluate_word_pairs(["absent\tr1c1\t4", "nonsense"])
    assert "Skipping line #0 with OOV words" in caplog.text
    assert "Skipping invalid line #1" in caplog.text


def test_pairs_that_cannot_be_evaluated_name_the_delimiter_and_the_counts(tmp_path):
    vectors = KeyedVectors(2)
    vectors.add_vectors(["a", "b"], np.eye(2, dtype=np.float32))
    path = tmp_path / "pairs"
    path.write_text("a,b,1\nb,a,2\n")
    with pytest.raises(ValueError, match=r"2 lines are not .* delimiter='\\t'"):
        vectors.evaluate_word_pairs(path)
    path.write_text("a\tb\t1\na\tunknown\t2\n")
    with pytest.raises(ValueError, match=r"only one pair .* needs two.* 1 of 2 pairs have unknown words"):
        vectors.evaluate_word_pairs(path)
    path.write_bytes(b"a\tb\t1\na\t\xff\t2\n")
    with pytest.raises(UnicodeDecodeError, match=r"line 2 of .*pairs"):
        vectors.evaluate_word_pairs(path)


def test_none_as_delimiter_is_white_space():
    kv = KeyedVectors(2)
    kv.add_vectors(["a", "b", "c"], [[1, 0], [1, 1], [0, 1]])
    by_tabs = kv.evaluate_word_pairs(["a\tb\t1", "a\tc\t2", "b\tc\t4"])
    assert kv.evaluate_word_pairs(["a b 1", "a  c\t2", "b c 4"], delimiter=None) == by_tabs

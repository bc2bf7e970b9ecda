"""`FileSentences`: several files as one corpus, and what their lines are split into."""

from __future__ import annotations

import gzip
import pickle
import random
import unicodedata

import numpy as np
import pytest

from fastw2v import FileSentences, LineSentence, Word2Vec
from fastw2v.corpora import encode, scan
from fastw2v.text import normalization

# Letters, digits, marks, joiners, separators and white space of one to four bytes.
CHARACTERS = "aB1éΣ漢क\u093f\u094d\u0301\u200d -_.\n',\u3000😀𝐀"


class Iterated:
    """The sentences of a reader, without its files: the way of a corpus that is no reader."""

    def __init__(self, reader):
        self._reader = reader

    def __iter__(self):
        return iter(self._reader)


def words_of(text: str) -> list[str]:
    """Return the words of a text by the rule of the documentation, one character after another."""
    words, word = [], ""
    for character in text + " ":
        kind = unicodedata.category(character)[0]
        if kind in "LN" or (word and (kind == "M" or character in "\u200c\u200d")):
            word += character
        else:
            words += [word] * bool(word)
            word = ""
    return words


def test_words_are_letters_and_digits_of_any_script():
    rng = random.Random(1)
    for _ in range(3000):
        text = "".join(rng.choices(CHARACTERS, k=rng.randint(0, 12)))
        separated = normalization.separate_words(text)
        assert separated.split() == words_of(text), repr(text)
        assert separated.count("\n") == text.count("\n")
    assert normalization.separate_words("It's 3.5 €, at a_b!").split() == [
        "It",
        "s",
        "3",
        "5",
        "at",
        "a",
        "b",
    ]


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("tokenizer", ["whitespace", "words"])
def test_the_compiled_reader_finds_the_sentences_of_the_iteration(tmp_path, monkeypatch, tokenizer, lower):
    monkeypatch.setattr(normalization, "_BLOCK_SIZE", 64)
    rng = random.Random(2)
    paths = [tmp_path / "a.txt", tmp_path / "b.txt.gz", tmp_path / "empty.txt"]
    texts = ["".join(rng.choices(CHARACTERS, k=3000)) for _ in range(2)]
    paths[0].write_bytes(b"\xef\xbb\xbf" + texts[0].encode())
    paths[1].write_bytes(gzip.compress(texts[1].encode()))
    paths[2].write_bytes(b"")
    reader = FileSentences(paths, tokenizer, lower, max_sentence_length=7)
    lines = "\n".join(texts).split("\n")
    split = words_of if tokenizer == "words" else str.split
    expected = [split(line.lower() if lower else line) for line in lines]
    assert [word for sentence in reader for word in sentence] == [word for line in expected for word in line]
    found, by_iteration = scan(reader, keep_ids=True), scan(Iterated(reader), keep_ids=True)
    assert dict(found.counts) == dict(by_iteration.counts)
    assert found.n_sentences == by_iteration.n_sentences
    np.testing.assert_array_equal(found.provisional.ids, by_iteration.provisional.ids)
    np.testing.assert_array_equal(found.provisional.raw_lengths, by_iteration.provisional.raw_lengths)
    index = {word: i for i, word in enumerate(found.counts)}
    np.testing.assert_array_equal(encode(reader, index).ids, found.provisional.ids)


def test_without_a_tokenizer_the_model_is_that_of_line_sentence(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("One two, three\nTWO three\n" * 40)
    options = {"vector_size": 8, "min_count": 1, "workers": 1, "epochs": 2}
    ours, theirs = Word2Vec(FileSentences([path]), **options), Word2Vec(LineSentence(path), **options)
    assert ours.wv.index_to_key == theirs.wv.index_to_key
    np.testing.assert_array_equal(ours.wv.vectors, theirs.wv.vectors)
    assert (
        list(pickle.loads(pickle.dumps(FileSentences(path, "words", True))))
        == [
            ["one", "two", "three"],
            ["two", "three"],
        ]
        * 40
    )


def test_a_function_splits_the_lines(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("New York|is big\n")
    reader = FileSentences(path, lambda line: line.strip().split("|"), lower=True)
    assert list(reader) == [["new york", "is big"]]
    assert list(scan(reader).counts) == ["new york", "is big"]
    for wrong in (str.strip, len):
        with pytest.raises(TypeError, match="must return a list of tokens"):
            list(FileSentences(path, wrong))


def test_damaged_text_is_named_with_its_line(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("one ü\n".encode() * 5 + b"ca\xe9 four\n")
    for tokenizer in ("whitespace", "words", str.split):
        reader = FileSentences(path, tokenizer, lower=True)
        for read in (scan, list):
            with pytest.raises(UnicodeDecodeError, match=r"line 6 of .*latin.txt"):
                read(reader)
    archive = tmp_path / "archive.txt"
    archive.write_bytes(b"PK\x03\x04 some bytes\n")
    with pytest.raises(ValueError, match="zip archive"):
        scan(FileSentences(archive, "words"))

"""Parts of text files: every line is in one part, whatever the files, their line ends and the number of parts."""

from __future__ import annotations

import collections
import gzip

import pytest
from hypothesis import given, settings, strategies as st

from fastw2v import LineSentence, Word2Vec
from fastw2v.corpora import FileSentences, TextShard, encode, scan

LINES = st.lists(st.sampled_from(["", "a", "a b", "word " * 30, "ä 漢"]), max_size=30)


@settings(max_examples=60)
@given(LINES, LINES, st.sampled_from(["\n", "\r\n"]), st.integers(1, 9), st.booleans())
def test_every_line_is_in_one_part(tmp_path_factory, first, second, line_end, count, closed):
    folder = tmp_path_factory.mktemp("shards")
    for name, lines in (("a.txt", first), ("b.txt", second)):
        (folder / name).write_bytes((line_end.join(lines) + line_end * closed).encode())
    parts = [TextShard([folder / "a.txt", folder / "b.txt"], index, count, 20) for index in range(count)]
    whole = [*LineSentence(folder / "a.txt", 20), *LineSentence(folder / "b.txt", 20)]
    assert [sentence for part in parts for sentence in part] == whole
    words = {word: index for index, word in enumerate({word for sentence in whole for word in sentence})}
    counted = [scan(part).n_sentences for part in parts]  # by the compiled reader
    assert counted == [len(list(part)) for part in parts]
    for part in parts:
        assert encode(part, words).ids.tolist() == [words[word] for sentence in part for word in sentence]


def test_compressed_files_and_directories_are_shared_out_by_lines(tmp_path):
    lines = [f"line {number}" for number in range(11)]
    with gzip.open(tmp_path / "a.txt.gz", "wt") as stream:
        stream.write("\n".join(lines[:5]))
    (tmp_path / "b.txt").write_text("\n".join(lines[5:]))
    parts = [list(TextShard(tmp_path, index, 3)) for index in range(3)]
    assert sorted(" ".join(sentence) for part in parts for sentence in part) == sorted(lines)
    assert all(len(part) >= 3 for part in parts)


def test_a_byte_order_mark_belongs_to_the_first_part_alone(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbfa b\n\xef\xbb\xbfc d\n")
    assert [sentence for i in range(2) for sentence in TextShard(path, i, 2)] == list(LineSentence(path))
    assert dict(scan(TextShard(path, 1, 2)).counts) == {"\ufeffc": 1, "d": 1}


def test_a_part_is_trained_on_as_its_lines(tmp_path):
    path = tmp_path / "text"
    path.write_text("the cat sat\nthe dog barked\n" * 100)
    options = {"vector_size": 8, "min_count": 1, "workers": 1, "epochs": 2}
    part = TextShard(path, 1, 2)
    assert (Word2Vec(part, **options).wv.vectors == Word2Vec(list(part), **options).wv.vectors).all()


def test_wrong_arguments_are_named(tmp_path):
    (tmp_path / "text").write_text("a b\n")
    for arguments, message in (((2, 2), "index"), ((-1, 2), "index"), ((0, 0), "count")):
        with pytest.raises(ValueError, match=message):
            TextShard(tmp_path / "text", *arguments)
    with pytest.raises(FileNotFoundError):
        list(TextShard(tmp_path / "none", 0, 1))


@pytest.mark.parametrize("tokenizer", ["words", lambda line: line.split(",")], ids=["words", "function"])
def test_tokenizers_are_those_of_file_sentences(tmp_path, tokenizer):
    (tmp_path / "a.txt").write_text("One, two\nDon't,stop 3.5\n\nLAST,line\n")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"Packed,line\nAnother\n"))
    paths = [tmp_path / "a.txt", tmp_path / "b.txt.gz"]
    parts = [TextShard(paths, index, 2, tokenizer=tokenizer, lower=True) for index in range(2)]
    found = [sentence for part in parts for sentence in part]
    assert sorted(found) == sorted(FileSentences(paths, tokenizer, lower=True))
    for part in parts:
        assert scan(part).counts == collections.Counter(word for sentence in part for word in sentence)

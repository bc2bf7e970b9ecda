"""A little of each fault of `faults`, whose scripts do all of it; and everything that the fuzzing ever found."""

import os
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("the faults are made by means of Linux", allow_module_level=True)

from fastw2v import KeyedVectors, Word2Vec
from faults import fuzz, harness, loading, saving
from faults.samples import FORMATS
from faults.targets import TARGETS
from helpers.oracle import gensim

FORMS = [pytest.param(form, id=name) for name, form in FORMATS.items()]


@pytest.mark.parametrize("form", FORMS)
def test_a_save_that_is_killed_leaves_the_old_file_or_the_new_one_whole(tmp_path, form):
    found = saving.kill_at_each_step(form, tmp_path)
    assert found.kills >= 4
    assert found.left_over <= found.kills // 4  # a complete file may wait for its name to be changed


def test_a_kill_at_any_moment_leaves_a_whole_file_and_nothing_else(tmp_path):
    for number, form in enumerate((FORMATS["native"], FORMATS["gensim"])):
        (tmp_path / str(number)).mkdir()
        found = saving.kill_at_random(form, tmp_path / str(number), 6)
        assert found.kills == 6
        assert found.left_over <= 2


@pytest.mark.parametrize("form", FORMS)
def test_a_save_that_fails_says_why_and_leaves_everything_as_it_was(tmp_path, form):
    (tmp_path / "full").mkdir()
    assert saving.disk_full(form, tmp_path / "full", points=5) == 5
    assert saving.closed_directories(form, tmp_path) == 3


def test_gensim_loads_what_replaces_a_larger_model_of_several_files(tmp_path):
    form = FORMATS["gensim"]
    for generation in (6, 1, 3):
        form.write(saving.model_of(generation), str(tmp_path / "model"))
        assert (tmp_path / "model.wv.vectors.npy").exists()
        model = gensim.models.Word2Vec.load(str(tmp_path / "model"))
        assert (model.wv.vectors == generation).all()
        assert len(model.wv) == len(saving.model_of(generation).wv)


@pytest.mark.parametrize(
    "name",
    [
        "native",
        "word2vec text",
        "word2vec binary .gz",
        "gensim",
        "native .zst",
        "checkpoint",
        "checkpoint, version 1",
    ],
)
def test_damaged_files_are_refused_or_loaded(name):
    tally = loading.damage(name, cuts=15, flips=60)
    assert not tally.failures, tally.failures[0][0]
    assert tally.refused


def test_what_is_no_file_is_refused_and_a_pipe_is_read(tmp_path):
    assert loading.no_files(tmp_path) == 19
    loading.through_a_pipe(tmp_path)


@pytest.mark.parametrize("name", TARGETS)
def test_random_input_and_all_that_was_ever_found(name):
    for tally in (fuzz.again(name), fuzz.fuzz(name, 150, seed=int.from_bytes(os.urandom(4), "little"))):
        assert not tally.failures, tally.failures[0]


@pytest.mark.parametrize(
    "act", [lambda data: os.abort(), lambda data: bytearray(1 << 40), lambda data: 1 // 0]
)
def test_the_harness_notices(act):
    tally = harness.try_all(harness.Listed([b"found"]), act, (ValueError,), 1)
    assert [data for _, data in tally.failures] == [b"found"]


def test_the_harness_notices_a_hang():
    def act(data):
        while True:
            pass

    tally = harness.try_all(harness.Listed([b"found"]), act, (), 1, patience=3)
    assert tally.failures == [("hang", b"found")]


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    from fastw2v.formats import word2vec

    monkeypatch.setattr(word2vec, "_LONGEST", 1000)
    monkeypatch.setattr(word2vec, "_BLOCK_SIZE", 100)
    for content in (b"1" * 2000, b"2 2\na 1 2\n" + b"b" * 2000, b"a 1 2\n" + b"b" * 2000):
        (tmp_path / "text").write_bytes(content)
        with pytest.raises(ValueError, match="does not end within 1,000 bytes"):
            KeyedVectors.load_word2vec_format(tmp_path / "text")
    (tmp_path / "binary").write_bytes(b"2 2\n" + b"b" * 5_000_000)
    with pytest.raises(ValueError, match=r"vector 1 of .* does not end"):
        KeyedVectors.load_word2vec_format(tmp_path / "binary", binary=True)


def test_a_model_whose_parts_contradict_each_other_is_refused_with_its_name(tmp_path):
    from fastw2v.formats import native

    path = tmp_path / "model"
    Word2Vec([["a", "b"]], min_count=1, vector_size=2, hs=1).save(path)
    arrays, metadata = native.read(path)
    for change in (
        {"settings": {**metadata["settings"], "window": "five"}},
        {"settings": None},
        {"random": {}},
        {"wv": {**metadata["wv"], "vector_size": 10**30}},
        {"wv": {**metadata["wv"], "expandos": ["count", "absent"]}},
        {"wv": {**metadata["wv"], "attributes": {"vectors": [1]}}},
    ):
        native.write(path, arrays, {**metadata, **change})
        with pytest.raises(ValueError, match=r"cannot load .*model"):
            Word2Vec.load(path)
    for name, value in (
        ("syn1neg", arrays["syn1neg"][0]),
        ("wv.expandos.count", arrays["wv.expandos.count"][:1]),
    ):
        native.write(path, {**arrays, name: value}, metadata)
        with pytest.raises(ValueError, match=r"cannot load .*model"):
            Word2Vec.load(path)

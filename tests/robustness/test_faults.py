"""A small part of each kind of fault in `faults`, and all inputs that fuzzing has found."""

import os
import sys
import time

import pytest

if sys.platform != "linux":
    pytest.skip("fault injection needs Linux", allow_module_level=True)

from fastw2v import KeyedVectors, Word2Vec
from faults import forks, fuzz, harness, interrupts, limits, loading, saving, sharing, watched
from faults.samples import FORMATS
from faults.targets import TARGETS
from helpers.oracle import gensim
from helpers.parameters import one_in

FORMS = [pytest.param(form, id=name) for name, form in FORMATS.items()]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_killed_save_leaves_the_old_or_the_new_file_complete(tmp_path, form):
    found = saving.kill_at_each_step(form, tmp_path)
    assert found.kills >= 4
    assert found.left_over <= found.kills // 4  # a complete temporary file may not have been renamed yet


@pytest.mark.slow
def test_a_kill_at_a_random_time_leaves_a_complete_file(tmp_path):
    for number, form in enumerate((FORMATS["native"], FORMATS["gensim"])):
        (tmp_path / str(number)).mkdir()
        found = saving.kill_at_random(form, tmp_path / str(number), 6)
        assert found.kills == 6
        assert found.left_over <= 2


@pytest.mark.parametrize("form", FORMS)
def test_a_failed_save_states_the_reason_and_changes_nothing(tmp_path, form):
    (tmp_path / "full").mkdir()
    assert saving.disk_full(form, tmp_path / "full", points=5) == 5
    assert saving.closed_directories(form, tmp_path) == 3


def test_gensim_loads_a_model_that_replaced_a_larger_one_with_several_files(tmp_path):
    form = FORMATS["gensim"]
    for generation in (6, 1, 3):
        form.write(saving.model_of(generation), str(tmp_path / "model"))
        assert (tmp_path / "model.wv.vectors.npy").exists()
        model = gensim.models.Word2Vec.load(str(tmp_path / "model"))
        assert (model.wv.vectors == generation).all()
        assert len(model.wv) == len(saving.model_of(generation).wv)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "native",
        "word2vec text",
        "word2vec binary .gz",
        "finalfusion",
        "gensim",
        "native .zst",
        "checkpoint",
        "checkpoint, version 1",
    ],
)
def test_damaged_files_are_rejected_or_loaded(name):
    tally = loading.damage(name, cuts=15, flips=60)
    assert not tally.failures, tally.failures[0][0]
    assert tally.rejected


def test_special_files_are_rejected_and_pipes_are_read(tmp_path):
    assert loading.reject_special_files(tmp_path) == 19
    loading.load_from_pipes(tmp_path)


@pytest.mark.parametrize("name", one_in(3, TARGETS))
def test_random_inputs_and_the_corpus_of_inputs(name):
    for tally in (
        fuzz.replay_corpus(name),
        fuzz.fuzz(name, 60, seed=int.from_bytes(os.urandom(4), "little")),
    ):
        assert not tally.failures, tally.failures[0]


@pytest.mark.parametrize(
    "parse", [lambda data: os.abort(), lambda data: bytearray(1 << 40), lambda data: 1 // 0]
)
def test_the_harness_reports_failures(parse):
    tally = harness.try_all(harness.FixedInputs([b"found"]), parse, (ValueError,), 1)
    assert [data for _, data in tally.failures] == [b"found"]


@pytest.mark.slow
def test_the_harness_reports_a_hang():
    def parse(data):
        while True:
            pass

    tally = harness.try_all(harness.FixedInputs([b"found"]), parse, (), 1, timeout=3)
    assert tally.failures == [("hang", b"found")]


def test_a_line_without_end_is_rejected(tmp_path, monkeypatch):
    from fastw2v.formats import word2vec

    monkeypatch.setattr(word2vec, "_MAX_LINE", 1000)
    monkeypatch.setattr(word2vec, "_BLOCK_SIZE", 100)
    for content in (b"1" * 2000, b"2 2\na 1 2\n" + b"b" * 2000, b"a 1 2\n" + b"b" * 2000):
        (tmp_path / "text").write_bytes(content)
        with pytest.raises(ValueError, match="does not end within 1,000 bytes"):
            KeyedVectors.load_word2vec_format(tmp_path / "text")
    (tmp_path / "binary").write_bytes(b"2 2\n" + b"\xc3\xa9\x01" * 2_000_000)  # printable bytes would be text
    with pytest.raises(ValueError, match=r"vector 1 of .* does not end"):
        KeyedVectors.load_word2vec_format(tmp_path / "binary", binary=True)


def test_an_inconsistent_model_is_rejected_with_its_file_name(tmp_path):
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
    native.write(path, {**arrays, "syn1neg": arrays["syn1neg"][0]}, metadata)
    with pytest.raises(ValueError, match=r"cannot load .*model"):
        Word2Vec.load(path)


QUICK = [
    (interrupts.KINDS, "exceptions of other threads"),
    (forks.KINDS, "forks in a corpus iterator"),
    (sharing.kinds(2, 2), "2 threads of 2 processes save one native file"),
    (sharing.kinds(2, 2), "others use a model that one thread grows"),
]
SLOW = [
    (kinds, name)
    for kinds in (interrupts.KINDS, forks.KINDS, sharing.kinds(2, 2), {"limits": limits.attempts})
    for name in kinds
    if (name not in [quick for _, quick in QUICK])
]


@pytest.mark.parametrize(
    ("kinds", "name"),
    [
        pytest.param(kinds, name, id=name, marks=marks)
        for chosen, marks in ((QUICK, ()), (SLOW, pytest.mark.slow))
        for kinds, name in chosen
    ],
)
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_calls_at_random_moments(kinds, name, monkeypatch):
    monkeypatch.setattr(sharing, "ROUND", 0.5)
    seed = int.from_bytes(os.urandom(4), "little")
    assert watched.repeat(kinds[name], 0.1, seed).total(), seed


@pytest.mark.slow
def test_the_watcher_reports_crashes_hangs_and_failures():
    def hang(rng, done):
        done("tried")
        time.sleep(60)

    for attempts, what in (
        (lambda rng, done: os.abort(), "ended by signal 6"),
        (lambda rng, done: 1 // 0, "a guarantee is broken"),
        (hang, "hang after 1 attempts"),
    ):
        with pytest.raises(watched.FaultError, match=what):
            watched.repeat(attempts, 0.1, patience=0.2)

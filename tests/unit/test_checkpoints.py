"""A training that was interrupted and resumed is the uninterrupted one, bit for bit, with one worker."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from fastw2v import (
    BrownCorpus,
    CallbackAny2Vec,
    LineSentence,
    PathLineSentences,
    StopTraining,
    Text8Corpus,
    Update,
    Word2Vec,
)
from fastw2v.formats import native
from fastw2v.training import checkpoints, trainer
from fastw2v.training.barriers import CorpusChangedError
from helpers.corpora import zipf_sentences
from helpers.fresh import TESTS
from helpers.interruptions import FailingCorpus

CORPUS = zipf_sentences(12_000, 300, seed=4)
OPTIONS = {
    "vector_size": 10,
    "min_count": 2,
    "workers": 1,
    "epochs": 3,
    "batch_words": 350,
    "compute_loss": True,
}


class Hooked(Word2Vec):
    def _raw_word_count(self, job):
        return super()._raw_word_count(job)


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch):
    monkeypatch.setattr(trainer, "STREAM_WORDS", 500)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.ckpt"


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "corpus.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in CORPUS))
    return path


def corpus_of(kind, text):
    return {
        "list": lambda: {"corpus_iterable": CORPUS},
        "tuple": lambda: {"corpus_iterable": tuple(CORPUS)},
        "LineSentence": lambda: {"corpus_iterable": LineSentence(text)},
        "corpus_file": lambda: {"corpus_file": text},
        "stream": lambda: {"corpus_iterable": FailingCorpus(CORPUS)},
    }[kind]()


def built(cls=Word2Vec, **options):
    model = cls(**{**OPTIONS, **options})
    model.build_vocab(CORPUS)
    return model


def train(model, corpus, **options):
    return model.train(
        **corpus,
        **{"total_examples": model.corpus_count, "epochs": model.epochs, "report_delay": 60, **options},
    )


def interrupt(model, path, after, **options):
    """Train until so many sentences were read, whereupon the corpus fails."""
    corpus = {"corpus_iterable": FailingCorpus(CORPUS, after)}
    with pytest.raises(KeyError, match="my own"):
        train(model, corpus, **{"checkpoint": path, "checkpoint_every": 1_000, **options})


def assert_same(resumed, whole):
    np.testing.assert_array_equal(resumed.wv.vectors, whole.wv.vectors)
    for name in ("syn1neg", "syn1"):
        if getattr(whole, name) is not None:
            np.testing.assert_array_equal(getattr(resumed, name), getattr(whole, name))
    for ours, theirs in zip(resumed.random.get_state()[1:3], whole.random.get_state()[1:3], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert resumed.min_alpha_yet_reached == whole.min_alpha_yet_reached
    assert resumed.train_count == whole.train_count
    np.testing.assert_allclose(resumed.loss_history, whole.loss_history, rtol=1e-12)
    np.testing.assert_allclose(
        resumed.get_latest_training_loss(), whole.get_latest_training_loss(), rtol=1e-12
    )


class Interrupt(CallbackAny2Vec):
    def __init__(self, error, epoch, event="on_epoch_end"):
        self.error, self.left = error, epoch
        setattr(self, event, self.strike)

    def strike(self, model):
        self.left -= 1
        if self.left < 0:
            raise self.error


KINDS = ["list", "tuple", "LineSentence", "corpus_file", "stream"]
SCHEMES = {
    "sg": {"sg": 1},
    "cbow": {"sg": 0},
    "sg-hs": {"sg": 1, "hs": 1, "negative": 0},
    "cbow-hs": {"sg": 0, "hs": 1, "negative": 0, "sample": 0},
    "sg-both": {"sg": 1, "hs": 1, "negative": 3},
    "cbow-both": {"sg": 0, "hs": 1, "negative": 3},
    "sg-shared": {"sg": 1, "negative": 10, "shared_negatives": True},
    "sg-pool": {"sg": 1, "negative_pool": 100},
}
# The quick tests take each kind of corpus once; all pairs of kinds and schemes take longer.
QUICK_PAIRS = [*zip(["sg", "cbow", "sg-hs", "cbow-both", "sg-shared"], KINDS, strict=True)]
KINDS_AND_SCHEMES = pytest.mark.parametrize(
    ("kind", "scheme"),
    [
        pytest.param(
            kind,
            scheme,
            id=f"{name}-{kind}",
            marks=() if (name, kind) in QUICK_PAIRS else pytest.mark.slow,
        )
        for kind in KINDS
        for name, scheme in SCHEMES.items()
    ],
)


# --- bit for bit


@KINDS_AND_SCHEMES
def test_resumed_is_uninterrupted_after_an_error_within_an_epoch(path, text, kind, scheme):
    whole, model = built(**scheme), built(**scheme)
    train(whole, corpus_of(kind, text))
    interrupt(model, path, len(CORPUS) * 3 // 2)  # in the middle of the second epoch
    resumed = Word2Vec.resume(path, **corpus_of(kind, text))
    assert_same(resumed, whole)


@KINDS_AND_SCHEMES
@pytest.mark.parametrize(
    "error",
    [StopTraining(), pytest.param(ValueError("my own"), marks=pytest.mark.slow)],
    ids=["StopTraining", "error"],
)
def test_resumed_is_uninterrupted_after_a_callback_ended_it(path, text, kind, scheme, error):
    whole, model = built(**scheme), built(**scheme)
    train(whole, corpus_of(kind, text))
    with contextlib.suppress(ValueError):
        train(model, corpus_of(kind, text), checkpoint=path, callbacks=[Interrupt(error, epoch=1)])
    assert len(model.loss_history) == 2
    assert_same(Word2Vec.resume(path, **corpus_of(kind, text)), whole)


@pytest.mark.parametrize(
    "every", [None, pytest.param(1, marks=pytest.mark.slow), 2_500, 12_000, 10**9, np.int64(2_500)]
)
def test_checkpoints_of_any_distance_change_nothing(path, every):
    whole, model = built(), built()
    assert train(whole, {"corpus_iterable": CORPUS}) == train(
        model, {"corpus_iterable": CORPUS}, checkpoint=path, checkpoint_every=every
    )
    assert_same(model, whole)
    finished = Word2Vec.resume(path, CORPUS)  # nothing is left to train
    assert_same(finished, whole)
    assert_same(Word2Vec.resume(path, CORPUS), finished)


def test_a_training_may_be_interrupted_again_and_again(path):
    whole = built()
    totals = train(whole, {"corpus_iterable": CORPUS})
    parts = 1
    interrupt(built(), path, 200)
    while True:
        _, run = checkpoints.read(path, Word2Vec._from_state)
        try:
            resumed = Word2Vec.resume(path, FailingCorpus(CORPUS, run.position.sentences + 250))
            break
        except KeyError:
            parts += 1
    assert parts > 5
    assert_same(resumed, whole)
    _, run = checkpoints.read(path, Word2Vec._from_state)
    last = run.position.tally
    assert (run.trained_words + last.effective_words, run.raw_words + last.raw_words) == totals


def test_subclasses_with_gensims_hooks_resume_too(path):
    whole, model = built(Hooked), built(Hooked)
    train(whole, {"corpus_iterable": CORPUS})
    interrupt(model, path, len(CORPUS) * 3 // 2)
    resumed = Hooked.resume(path, CORPUS)
    assert type(resumed) is Hooked
    assert_same(resumed, whole)


def test_the_constructor_writes_checkpoints(path):
    whole = Word2Vec(CORPUS, **OPTIONS)
    with pytest.raises(ValueError, match="my own"):
        Word2Vec(
            CORPUS, **OPTIONS, checkpoint=path, checkpoint_every=5_000,
            callbacks=[Interrupt(ValueError("my own"), 2, "on_epoch_begin")],
        )  # fmt: skip
    assert_same(Word2Vec.resume(path, CORPUS), whole)


def test_one_epoch_of_a_list(path):
    whole = Word2Vec(CORPUS, **{**OPTIONS, "epochs": 1})
    model = built(epochs=1)
    interrupt(model, path, len(CORPUS) // 2, checkpoint_every=3_000)
    assert_same(Word2Vec.resume(path, CORPUS), whole)
    interrupt(built(epochs=1), path, len(CORPUS) // 2, checkpoint_every=3_000)
    assert_same(
        Word2Vec.resume(path, (sentence for sentence in CORPUS)), whole
    )  # one pass is left: that is enough


def test_several_workers_train_every_word_once(path):
    model = built(workers=3, sample=0, min_count=1)
    interrupt(model, path, len(CORPUS) * 3 // 2)
    counted = []

    class Count(CallbackAny2Vec):
        def on_train_end(self, model):
            counted.append(checkpoints.read(path, Word2Vec._from_state)[1])

    resumed = Word2Vec.resume(path, CORPUS, callbacks=[Count()])
    assert resumed.workers == 3
    (run,) = counted
    assert run.position.complete
    assert (run.position.epoch, run.position.tally.raw_words, run.raw_words) == (2, 12_000, 24_000)
    assert Word2Vec.resume(path, CORPUS, workers=1).workers == 1


KILLED = """
    import os, signal, sys, threading
    tests, path, kind, seconds = sys.argv[1:]
    sys.path.insert(0, tests)
    from helpers.corpora import zipf_sentences
    from fastw2v import Word2Vec
    class Stream:
        def __iter__(self):
            return iter(corpus)
    corpus = zipf_sentences(150_000, 300, seed=4)
    source = corpus if kind == "list" else Stream()
    if float(seconds):
        threading.Timer(float(seconds), os.kill, (os.getpid(), signal.SIGKILL)).start()
    if os.path.exists(path):
        model = Word2Vec.resume(path, source)
    else:
        checkpoint = dict(checkpoint=path, checkpoint_every=5_000) if float(seconds) else {}
        model = Word2Vec(source, vector_size=60, sg=1, workers=1, epochs=4, batch_words=1000, **checkpoint)
    model.save(path + ".done")
    os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize("kind", ["list", "stream"])
def test_a_process_killed_again_and_again_comes_to_the_same_end(tmp_path, kind):
    def child(path, seconds):
        arguments = [str(TESTS), str(path), kind, str(seconds)]
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(KILLED), *arguments], timeout=60
        ).returncode

    assert child(tmp_path / "whole", 0) == 0
    rng = np.random.default_rng(1)
    path, kills = tmp_path / "parts", 0
    while (code := child(path, rng.uniform(0.02, 0.12) if kills < 6 else 30)) != 0:
        assert code == -signal.SIGKILL
        kills += 1
    assert kills >= 2
    assert_same(Word2Vec.load(tmp_path / "parts.done"), Word2Vec.load(tmp_path / "whole.done"))


# --- what a checkpoint is


@pytest.mark.parametrize(
    "kind", ["corpus_file", "LineSentence", "Text8Corpus", "directory", "Brown", "opened", "replay"]
)
def test_a_checkpoint_does_not_replace_the_corpus(tmp_path, kind):
    text, link = tmp_path / "text", tmp_path / "link"
    text.write_text("a b c d\n" * 100)
    link.symlink_to(text)
    with open(text, "rb") as opened:
        corpus = {
            "corpus_file": {"corpus_file": text},
            "LineSentence": {"corpus_iterable": LineSentence(str(text))},
            "Text8Corpus": {"corpus_iterable": Text8Corpus(text)},
            "directory": {"corpus_iterable": PathLineSentences(tmp_path)},
            "Brown": {"corpus_iterable": BrownCorpus(tmp_path)},
            "opened": {"corpus_iterable": LineSentence(opened)},
            "replay": {"corpus_iterable": [["a", "b"]], "update": Update(replay=link)},
        }[kind]
        model = Word2Vec(vector_size=4, min_count=1, workers=1)
        model.build_vocab([["a", "b", "c", "d"]])
        if kind == "replay":
            model.train([["a", "b"]], total_examples=1, epochs=1)
        for checkpoint in (text, str(link)):
            with pytest.raises(ValueError, match="would overwrite the corpus file"):
                model.train(**corpus, total_examples=100, epochs=1, checkpoint=checkpoint)
            if kind == "corpus_file":
                with pytest.raises(ValueError, match="would overwrite the corpus file"):
                    Word2Vec(**corpus, min_count=1, checkpoint=checkpoint)
    assert text.read_text() == "a b c d\n" * 100


def test_a_checkpoint_is_a_model_file(path):
    model = built()
    interrupt(model, path, len(CORPUS) * 3 // 2)
    loaded = Word2Vec.load(path)
    assert loaded.wv.index_to_key == model.wv.index_to_key
    assert np.isfinite(loaded.wv.vectors).all()
    assert loaded.train(CORPUS, total_examples=len(CORPUS), epochs=1)[1] == 12_000
    assert os.listdir(path.parent) == ["run.ckpt"]


def test_a_model_is_no_checkpoint(path):
    built().save(path)
    with pytest.raises(ValueError, match="is no checkpoint"):
        Word2Vec.resume(path, CORPUS)
    with pytest.raises(FileNotFoundError):
        Word2Vec.resume(path.parent / "none", CORPUS)


def test_an_incomplete_checkpoint_is_refused_with_its_name(path):
    train(built(), {"corpus_iterable": CORPUS}, checkpoint=path)
    arrays, metadata = native.read(path)
    run = metadata["training"]
    position = run["position"]
    for broken in (
        {},
        [],
        {"position": {}},
        {**run, "position": {**position, "tally": {}, "jobs": None}},
        {**run, "position": {**position, "epoch": "0"}},
        {**run, "position": {**position, "sentences": -1}},
        {**run, "position": {**position, "tally": {**position["tally"], "raw_words": 0.5}}},
        {**run, "position": {**position, "tally": {**position["tally"], "loss": None}}},
        {**run, "corpus": [1]},
        {**run, "corpus": ["1", "2"]},
        {**run, "checkpoint_every": 0},
        {**run, "checkpoint_every": "100"},
        {**run, "total_examples": "all"},
        {**run, "seconds": None},
        {**run, "callbacks": [["Name"]]},
        {**run, "callbacks": 5},
        {**run, "unknown": 1},
    ):
        native.write(path, arrays, {**metadata, "training": broken})
        with pytest.raises(ValueError, match=r"cannot load .*run\.ckpt"):
            Word2Vec.resume(path, CORPUS)
    native.write(path, arrays, {"training": run})
    with pytest.raises(ValueError, match=r"cannot load .*run\.ckpt"):
        Word2Vec.resume(path, CORPUS)


def test_a_checkpoint_of_a_training_that_diverged_is_one(path):
    train(built(), {"corpus_iterable": CORPUS}, checkpoint=path)
    arrays, metadata = native.read(path)
    metadata["training"]["position"]["tally"]["loss"] = float("nan")
    native.write(path, arrays, metadata)
    assert Word2Vec.resume(path, CORPUS).train_count == 1


def test_the_last_checkpoint_is_the_model_before_the_callbacks(path):
    class Scale(CallbackAny2Vec):
        def on_epoch_end(self, model):
            model.wv.vectors[:] = 7.0

    model = built(epochs=1)
    train(model, {"corpus_iterable": CORPUS}, checkpoint=path, callbacks=[Scale()])
    whole = built(epochs=1)
    train(whole, {"corpus_iterable": CORPUS})
    assert (model.wv.vectors == 7.0).all()
    np.testing.assert_array_equal(Word2Vec.load(path).wv.vectors, whole.wv.vectors)


def test_resume_makes_a_new_object(path):
    train(built(), {"corpus_iterable": CORPUS}, checkpoint=path)
    with pytest.raises(AttributeError, match="on the class"):
        built().resume(path, CORPUS)


# --- what is refused


@pytest.mark.parametrize("kind", ["list", "stream"])
@pytest.mark.parametrize("every", [None, 2_000])
def test_another_corpus_is_refused(path, kind, every):
    source = {"list": list, "stream": FailingCorpus}[kind]
    callbacks = [Interrupt(ValueError("my own"), 0)]
    with pytest.raises(ValueError, match="my own"):
        train(
            built(),
            {"corpus_iterable": source(CORPUS)},
            checkpoint=path,
            checkpoint_every=every,
            callbacks=callbacks,
        )
    others = [
        CORPUS[:-1],
        CORPUS[1:],
        [*CORPUS, ["w1"]],
        [["w1"], *CORPUS],
        [[*CORPUS[0], "w1"], *CORPUS[1:]],
        [],
    ]
    whole = path.read_bytes()
    for other in others:
        with pytest.raises(CorpusChangedError, match="not that of the checkpoint"):
            Word2Vec.resume(path, source(other))
    assert path.read_bytes() == whole  # and the checkpoint is as it was
    with pytest.raises(TypeError, match="corpus"):
        Word2Vec.resume(path)
    with pytest.raises(TypeError, match="generator"):
        Word2Vec.resume(path, (s for s in CORPUS))


@pytest.mark.parametrize("kind", ["list", "stream"])
def test_another_corpus_is_refused_within_an_epoch(path, kind):
    source = {"list": list, "stream": FailingCorpus}[kind]
    interrupt(built(), path, len(CORPUS) * 3 // 2)
    for other in (CORPUS[:50], [["w1"], *CORPUS], [[*CORPUS[0], "w1"], *CORPUS[1:]], []):
        with pytest.raises(CorpusChangedError, match="not that of the checkpoint"):
            Word2Vec.resume(path, source(other))


def test_a_corpus_shuffled_at_each_pass_goes_on_from_the_end_of_an_epoch(path):
    class Shuffled:
        def __init__(self, seed):
            self.rng = np.random.default_rng(seed)

        def __iter__(self):
            return (CORPUS[i] for i in self.rng.permutation(len(CORPUS)))

    callbacks = [Interrupt(ValueError("my own"), 0)]
    with pytest.raises(ValueError, match="my own"):
        train(built(), {"corpus_iterable": Shuffled(1)}, checkpoint=path, callbacks=callbacks)
    assert len(Word2Vec.resume(path, Shuffled(2)).loss_history) == 3


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"checkpoint_every": 100}, ValueError, "checkpoint=path"),
        ({"checkpoint": "P", "checkpoint_every": 0}, ValueError, "checkpoint_every=0"),
        ({"checkpoint": "P", "checkpoint_every": 2.5}, TypeError, "checkpoint_every=2.5"),
        ({"checkpoint": "P", "checkpoint_every": True}, TypeError, "checkpoint_every=True"),
        ({"checkpoint": "missing/P"}, FileNotFoundError, "directory"),
    ],
)
def test_arguments_are_checked_before_the_training(tmp_path, monkeypatch, arguments, error, message):
    monkeypatch.chdir(tmp_path)
    model = built()
    before = model.wv.vectors.copy()
    with pytest.raises(error, match=message):
        train(model, {"corpus_iterable": CORPUS}, **arguments)
    with pytest.raises(error, match=message):
        Word2Vec(CORPUS, **OPTIONS, **arguments)
    np.testing.assert_array_equal(model.wv.vectors, before)
    assert os.listdir(tmp_path) == []


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_training(path, monkeypatch, caplog):
    def full(*args):
        raise OSError(28, "No space left on device", str(path))

    whole, model = built(), built()
    train(whole, {"corpus_iterable": CORPUS})
    monkeypatch.setattr(checkpoints.native, "write", full)
    with caplog.at_level(logging.ERROR):
        train(model, {"corpus_iterable": CORPUS}, checkpoint=path)
    assert_same(model, whole)
    assert "no checkpoint could be written" in caplog.text
    assert "No space left" in caplog.text


# --- what callbacks see


def test_callbacks_run_from_the_epoch_that_goes_on(path):
    events = []

    class Record(CallbackAny2Vec):
        def on_train_begin(self, model):
            events.append("train begin")

        def on_epoch_begin(self, model):
            events.append("epoch begin")

        def on_epoch_end(self, model):
            events.append(f"epoch end {len(model.loss_history)}")

        def on_train_end(self, model):
            events.append("train end")

    interrupt(built(), path, len(CORPUS) * 3 // 2)
    Word2Vec.resume(path, CORPUS, callbacks=[Record()])
    assert events == [
        "train begin", "epoch begin", "epoch end 2", "epoch begin", "epoch end 3", "train end"
    ]  # fmt: skip


def test_callbacks_keep_their_state(path):
    class Counter(CallbackAny2Vec):
        epochs = 0

        def on_epoch_end(self, model):
            self.epochs += 1

        def state_dict(self):
            return {"epochs": self.epochs}

        def load_state_dict(self, state):
            self.epochs = state["epochs"]

    class Other(Counter):
        pass

    counters = [Counter(), Other(), Counter()]
    counters[2].epochs = 100
    interrupt(built(), path, len(CORPUS) * 5 // 2, callbacks=counters)
    counters = [CallbackAny2Vec(), Counter(), Counter(), Other(), Counter()]
    Word2Vec.resume(path, CORPUS, callbacks=counters)
    assert [c.epochs for c in counters[1:]] == [3, 103, 3, 1]


class Keeps(CallbackAny2Vec):
    """A callback with a state that is given, once it has changed."""

    def __init__(self, state, later=None):
        self.state, self.later = state, later

    def on_epoch_begin(self, model):
        self.state = self.later or self.state

    def state_dict(self):
        return self.state


@pytest.mark.parametrize("state", [np.zeros(3), {"best": {1, 2}}, {"model": object()}, {("a", "b"): 1}])
def test_a_state_that_no_checkpoint_can_hold_is_refused_before_the_training(path, state):
    model = built()
    before = model.wv.vectors.copy()
    with pytest.raises(TypeError, match=r"Keeps.state_dict\(\) .*numbers"):
        train(model, {"corpus_iterable": CORPUS}, checkpoint=path, callbacks=[Keeps(state)])
    np.testing.assert_array_equal(model.wv.vectors, before)
    assert not path.exists()
    train(model, {"corpus_iterable": CORPUS}, callbacks=[Keeps(state)])  # nobody asks for it then


def test_a_state_that_becomes_one_later_does_not_end_the_training(path, caplog):
    whole, model = built(), built()
    train(whole, {"corpus_iterable": CORPUS})
    train(model, {"corpus_iterable": CORPUS}, checkpoint=path, callbacks=[Keeps({}, later={"x": object()})])
    assert_same(model, whole)
    assert "training goes on: Keeps.state_dict()" in caplog.text


def test_states_of_numpys_numbers_and_those_made_when_the_training_begins_are_kept(path):
    class Late(Keeps):
        def __init__(self):
            pass

        def on_train_begin(self, model):
            self.later = self.state = {"loss": np.float32(0.5), "epoch": np.int64(3)}

        def load_state_dict(self, state):
            self.loaded = state

    train(built(), {"corpus_iterable": CORPUS}, checkpoint=path, callbacks=[Late()])
    late = Late()
    Word2Vec.resume(path, CORPUS, callbacks=[late])
    assert late.loaded == {"loss": 0.5, "epoch": 3}


def test_words_that_cannot_be_saved_are_refused_before_training(tmp_path):
    model = Word2Vec(vector_size=4, min_count=1)
    model.build_vocab(CORPUS)
    model.wv.rename_key(model.wv.index_to_key[0], ("a", "tuple"))
    before = model.wv.vectors.copy()
    with pytest.raises(ValueError, match="is a tuple; only str and int keys can be saved"):
        model.train(CORPUS, total_examples=len(CORPUS), epochs=1, checkpoint=tmp_path / "checkpoint")
    np.testing.assert_array_equal(model.wv.vectors, before)


def test_a_checkpoint_does_not_replace_the_vectors_that_the_model_starts_from(tmp_path):
    built().wv.save(tmp_path / "v")
    before = (tmp_path / "v").read_bytes()
    with pytest.raises(ValueError, match="would overwrite the file of init_from"):
        Word2Vec(
            [["a"]], vector_size=built().vector_size, init_from=tmp_path / "v", checkpoint=tmp_path / "v"
        )
    assert (tmp_path / "v").read_bytes() == before


@pytest.mark.parametrize("where", ["attribute", "column"])
def test_vectors_that_no_file_can_hold_are_refused_before_the_training(path, where):
    model = built()
    if where == "attribute":
        model.wv.lock = threading.Lock()
    else:
        model.wv.expandos["note"] = np.array([object()] * len(model.wv))
    before = model.wv.vectors.copy()
    begun = []
    with pytest.raises(ValueError, match="cannot be stored"):
        train(model, {"corpus_iterable": CORPUS}, checkpoint=path, callbacks=[Begins(begun)])
    assert not begun
    assert np.array_equal(model.wv.vectors, before)
    assert not path.exists()


class Begins(CallbackAny2Vec):
    """A callback that notes that an epoch has begun."""

    def __init__(self, begun):
        self.begun = begun

    def on_epoch_begin(self, model):
        self.begun.append(True)

"""An update that was interrupted and resumed from its checkpoint is the uninterrupted one, bit for bit."""

from __future__ import annotations

import copy
import os

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, KeyedVectors, Update, Word2Vec
from fastw2v.formats import native
from fastw2v.training import checkpoints
from fastw2v.training.barriers import CorpusChangedError
from helpers.corpora import zipf_sentences
from helpers.interruptions import FailingCorpus
from helpers.parameters import one_in

OPTIONS = {"vector_size": 12, "min_count": 2, "workers": 1, "epochs": 2, "batch_words": 300, "alpha": 0.05}
SCHEMES = {
    "sg": {"sg": 1},
    "cbow": {},
    "hs": {"sg": 1, "hs": 1, "negative": 0},
    "both": {"hs": 1, "negative": 3},
    "shared": {"sg": 1, "negative": 10, "shared_negatives": True},
    "pool": {"negative_pool": 50},
}
OLD = zipf_sentences(6_000, 300, seed=1)
NEW = [
    known + [f"new-{word}" for word in fresh]
    for known, fresh in zip(
        zipf_sentences(2_000, 200, seed=3), zipf_sentences(2_000, 100, seed=2), strict=True
    )
]
UPDATES = {
    "anchored": {"anchor": 3.0},
    "anchored outputs": {"anchor": 3.0, "outputs": True},
    "frozen": {"lockf": 0.0, "outputs": True},
    "slow": {"lockf": 0.3, "alpha": 0.02, "min_alpha": 0.01},
    "slow by count": {"lockf": 0.8, "rare_count": 20, "frequent_count": 60},
    "replayed": {"replay": OLD, "replay_ratio": 0.7},
    "anchored to a model": {"anchor": 3.0, "outputs": True, "anchor_to": "the first"},
    "anchored to kept values": {"anchor": 3.0, "outputs": True, "keep_anchor": True},
    "anchored with frozen outputs": {"anchor": 3.0, "keep_anchor": True, "freeze_outputs": True},
    "everything": {"replay": OLD, "anchor": 2.0, "outputs": True, "alpha": 0.02, "old_words": 100},
}

HOLDING_OUTPUTS = ["frozen", "everything"]


def update_of(kind, trained):
    options = dict(UPDATES[kind])
    if "anchor_to" in options:
        options["anchor_to"] = trained["sg"]
    return Update(**options)


class Interrupt(CallbackAny2Vec):
    def __init__(self, epochs):
        self.left = epochs

    def on_epoch_end(self, model):
        self.left -= 1
        if not self.left:
            raise KeyError("my own")


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch):
    """Checkpoints, pulls and pieces of the mixture within each epoch, at different places."""
    monkeypatch.setattr("fastw2v.training.trainer.STREAM_WORDS", 700)
    monkeypatch.setattr("fastw2v.training.replay.PIECE_WORDS", 1_300)


@pytest.fixture(scope="module")
def trained():
    return {name: Word2Vec(OLD, **OPTIONS, **scheme) for name, scheme in SCHEMES.items()}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "update.ckpt"


def grown(trained, scheme="sg"):
    model = copy.deepcopy(trained[scheme])
    model.build_vocab(NEW, update=True)
    return model


def train(model, corpus=NEW, **options):
    return model.train(corpus, **{"total_examples": len(NEW), "epochs": 3, **options})


def interrupt(model, path, update, share=1.5, **options):
    """Train until so many epochs' sentences were read, whereupon the corpus fails."""
    corpus = FailingCorpus(NEW, round(share * len(NEW)))
    with pytest.raises(KeyError, match="my own"):
        train(model, corpus, update=update, checkpoint=path, **{"checkpoint_every": 500, **options})


def assert_same(resumed, whole):
    for name in ("syn1neg", "syn1"):
        if getattr(whole, name) is not None:
            np.testing.assert_array_equal(getattr(resumed, name), getattr(whole, name))
    np.testing.assert_array_equal(resumed.wv.vectors, whole.wv.vectors)
    np.testing.assert_array_equal(resumed.random.get_state()[1], whole.random.get_state()[1])
    for name in ("alpha", "min_alpha", "min_alpha_yet_reached", "train_count", "words_before_update"):
        assert getattr(resumed, name) == getattr(whole, name)


# --- bit for bit


@pytest.mark.parametrize(
    ("scheme", "kind"),
    one_in(
        6,
        [
            *(("sg", kind) for kind in UPDATES),
            *((scheme, kind) for scheme in list(SCHEMES)[1:] for kind in HOLDING_OUTPUTS),
        ],
    ),
)
def test_resumed_is_uninterrupted_within_an_epoch(trained, path, scheme, kind):
    update = update_of(kind, trained)
    whole, model = grown(trained, scheme), grown(trained, scheme)
    train(whole, update=update)
    interrupt(model, path, update)
    resumed = Word2Vec.resume(path, NEW, replay=update.replay)
    assert_same(resumed, whole)
    train(resumed)  # and nothing of the update stays
    train(whole)
    assert_same(resumed, whole)


@pytest.mark.parametrize("kind", UPDATES)
def test_resumed_is_uninterrupted_from_the_end_of_an_epoch(trained, path, kind):
    update = update_of(kind, trained)
    whole, model = grown(trained), grown(trained)
    train(whole, update=update)
    with pytest.raises(KeyError, match="my own"):
        train(model, update=update, checkpoint=path, callbacks=[Interrupt(2)])
    assert_same(Word2Vec.resume(path, NEW, replay=update.replay), whole)


@pytest.mark.parametrize("kind", ["anchored outputs", "everything"])
def test_it_may_be_interrupted_again_and_again_and_resumed_from_another_form_of_the_text(
    trained, tmp_path, path, kind
):
    for name, text in (("old.txt", OLD), ("new.txt", NEW)):
        lines = "".join(" ".join(sentence) + "\n" for sentence in text)
        (tmp_path / name).write_text(lines, encoding="utf-8")
    update = update_of(kind, trained)
    whole, model = grown(trained), grown(trained)
    train(whole, update=update)
    interrupt(model, path, update, share=0.6)
    as_text = {"replay": tmp_path / "old.txt"} if update.replay else {}
    as_iterator = {"replay": iter(OLD)} if update.replay else {}
    for share, replay in ((0.9, as_iterator), (1.7, as_text)):
        before = checkpoints.read(path, Word2Vec._from_state)[1].position
        corpus = FailingCorpus(NEW, round((share - before.epoch) * len(NEW)))
        with pytest.raises(KeyError, match="my own"):
            Word2Vec.resume(path, corpus, **replay)
        after = checkpoints.read(path, Word2Vec._from_state)[1].position
        assert (after.epoch, after.sentences) > (before.epoch, before.sentences)
    assert_same(Word2Vec.resume(path, corpus_file=tmp_path / "new.txt", **as_text), whole)


def test_subclasses_with_gensims_hooks_resume_too(trained, path):
    class Hooked(Word2Vec):
        def _raw_word_count(self, job):
            return super()._raw_word_count(job)

    update = Update(**UPDATES["anchored outputs"])
    trained["sg"].save(path)
    whole, model = Hooked.load(path), Hooked.load(path)
    for each in (whole, model):
        each.build_vocab(NEW, update=True)
    train(whole, update=update)
    interrupt(model, path, update)
    resumed = Hooked.resume(path, NEW)
    assert type(resumed) is Hooked
    assert_same(resumed, whole)


def test_a_training_within_it_does_not_change_what_is_replayed(trained, path):
    class Train(CallbackAny2Vec):
        def on_epoch_begin(self, model):
            if model.train_count < 3:
                train(model, OLD[:20], total_examples=20, epochs=1)

    update = Update(**UPDATES["everything"])
    whole, model = grown(trained), grown(trained)
    train(whole, update=update, callbacks=[Train()])
    interrupt(model, path, update, share=2.5, callbacks=[Train()])
    assert_same(Word2Vec.resume(path, NEW, replay=OLD, callbacks=[Train()]), whole)


def test_several_workers_keep_what_is_frozen(trained, path):
    model = grown(trained)
    known, before = len(trained["sg"].wv), copy.deepcopy(model)
    model.workers = 3
    interrupt(model, path, Update(lockf=0.0, outputs=True, replay=OLD))
    resumed = Word2Vec.resume(path, NEW, replay=OLD)
    np.testing.assert_array_equal(resumed.wv.vectors[:known], before.wv.vectors[:known])
    np.testing.assert_array_equal(resumed.syn1neg[:known], before.syn1neg[:known])
    assert (resumed.wv.vectors[known:] != before.wv.vectors[known:]).any(axis=1).all()


# --- what the file is


def test_such_a_checkpoint_is_a_model_with_its_own_rates(trained, path):
    model = grown(trained)
    interrupt(model, path, Update(**UPDATES["everything"]))
    loaded = Word2Vec.load(path)
    assert (loaded.alpha, loaded.min_alpha) == (model.alpha, model.min_alpha) == (0.05, 0.0001)
    assert loaded.wv.index_to_key == model.wv.index_to_key
    train(loaded)
    loaded.save(path)
    assert not [name for name in native.read(path)[0] if name.startswith("old")]
    assert len(KeyedVectors.load(path)) == len(model.wv)
    assert os.listdir(path.parent) == [path.name]


# --- what is refused


def test_the_old_text_is_asked_for_again(trained, path):
    interrupt(grown(trained), path, Update(replay=OLD))
    whole = path.read_bytes()
    with pytest.raises(ValueError, match=r"resume\(\.\.\., replay=old\)"):
        Word2Vec.resume(path, NEW)
    for other in (OLD[1:], [*OLD, []], NEW, []):
        with pytest.raises(CorpusChangedError, match="the replay is not that of the checkpoint"):
            Word2Vec.resume(path, NEW, replay=other)
    with pytest.raises(CorpusChangedError, match="the corpus is not that of the checkpoint"):
        Word2Vec.resume(path, [["w1"], *NEW], replay=OLD)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("update", [None, Update(anchor=1.0), Update(replay=OLD, replay_ratio=0)])
def test_an_old_text_of_no_use_is_refused(trained, path, update):
    interrupt(grown(trained), path, update)
    if update is None or update.replay is None:
        with pytest.raises(ValueError, match="leave out replay"):
            Word2Vec.resume(path, NEW, replay=OLD)
    Word2Vec.resume(path, NEW)


def test_an_incomplete_checkpoint_is_refused_with_its_name(trained, path):
    interrupt(grown(trained), path, Update(**UPDATES["everything"]))
    arrays, metadata = native.read(path)
    run = metadata["training"]
    held, replay = run["update"], run["update"]["replay"]
    for broken in (
        [],
        {},
        {**held, "unknown": 1},
        {**held, "numbers": {**held["numbers"], "replay": "/etc/passwd"}},
        {**held, "numbers": {**held["numbers"], "alpha": -1}},
        {**held, "numbers": {**held["numbers"], "anchor": None}},
        {**held, "numbers": {**held["numbers"], "old_words": None}},
        {**held, "numbers": {**held["numbers"], "old_words": 99}},
        {**held, "numbers": {**held["numbers"], "old_words": 10**9}},
        {**held, "rates": [1]},
        {**held, "rates": [0.1, "0"]},
        {**held, "pull_words": 0},
        {**held, "pull_words": "100"},
        {**held, "done": float("nan")},
        {**held, "done": None},
        {**held, "replay": []},
        {**held, "replay": {**replay, "size": [1, -1]}},
        {**held, "replay": {**replay, "size": 5}},
        {**held, "replay": {**replay, "seed": [0.5]}},
        {**held, "replay": {"size": replay["size"]}},
    ):
        native.write(path, arrays, {**metadata, "training": {**run, "update": broken}})
        with pytest.raises(ValueError, match=r"cannot load .*update\.ckpt"):
            Word2Vec.resume(path, NEW, replay=OLD)
    for name in ("old.vectors", "old.syn1neg"):
        others = {key: array for key, array in arrays.items() if key != name}
        for values in (None, arrays[name][:, :-1], arrays[name][:-1], arrays[name].astype(np.float64)):
            native.write(path, {**others, **({} if values is None else {name: values})}, metadata)
            with pytest.raises(ValueError, match=r"cannot load .*update\.ckpt"):
                Word2Vec.resume(path, NEW, replay=OLD)
    native.write(path, arrays, metadata)
    Word2Vec.resume(path, NEW, replay=OLD)


def test_drift_is_measured_from_the_start_of_a_resumed_training(trained, path):
    whole = grown(trained)
    train(whole, update=Update(drift_threshold=0.0))
    model = grown(trained)
    interrupt(model, path, Update(drift_threshold=0.0))
    resumed = Word2Vec.resume(path, NEW)
    assert_same(resumed, whole)
    for name in ("neighbours_kept", "mean_cosine"):
        assert resumed.history()[-1][name] == whole.history()[-1][name]


def test_a_checkpoint_of_version_0_1_has_no_drift_to_measure(trained, path):
    model = grown(trained)
    interrupt(model, path, Update(anchor=1.0))
    arrays, metadata = native.read(path)
    for name in ("drift_threshold", "rare_count", "frequent_count"):
        del metadata["training"]["update"]["numbers"][name]
    native.write(path, arrays, metadata)
    assert Word2Vec.resume(path, NEW).history()[-1]["neighbours_kept"] is None

"""train(update=Update(...)): what an update may not forget."""

from __future__ import annotations

import copy
import io
import itertools
import json
import logging
from itertools import pairwise

import numpy as np
import pytest

from fastw2v import CallbackAny2Vec, KeyedVectors, LineSentence, PathLineSentences, Update, Word2Vec
from fastw2v.text.encoding import encode
from fastw2v.training.replay import PIECE_WORDS
from fastw2v.training.update import UpdateSession
from helpers.parameters import one_in

OPTIONS = {"vector_size": 16, "min_count": 2, "workers": 1, "epochs": 4, "batch_words": 1000}
SCHEMES = [{"negative": 5}, {"hs": 1, "negative": 0}, {"hs": 1, "negative": 3, "sg": 1}]


@pytest.fixture(scope="module")
def trained(old):
    return {index: Word2Vec(old, **OPTIONS, **scheme) for index, scheme in enumerate(SCHEMES)}


def grown(trained, scheme, new):
    model = copy.deepcopy(trained[scheme])
    model.build_vocab(new, update=True)
    return model, copy.deepcopy(model)


def moved(model, before, rows):
    """Mean distance of the old vectors from where they were."""
    return float(np.linalg.norm(model.wv.vectors[:rows] - before.wv.vectors[:rows], axis=1).mean())


@pytest.mark.parametrize("counted", [False, True])
def test_a_training_of_new_words_may_start_at_the_first_rate(trained, new, caplog, counted):
    model = copy.deepcopy(trained[0])
    caplog.set_level(logging.WARNING)
    if counted:
        model.build_vocab_from_freq({word: 5 for sentence in new for word in sentence}, update=True)
    else:
        model.build_vocab(new, update=True)
    model.train(new, total_examples=len(new), epochs=1)
    assert not caplog.records
    model.train(new, total_examples=len(new), epochs=1)
    assert "Effective 'alpha' higher than previous training cycles" in caplog.text


@pytest.mark.parametrize("scheme", range(len(SCHEMES)))
@pytest.mark.parametrize("workers", [1, 3])
def test_frozen_rows_stay_bit_for_bit(trained, new, scheme, workers):
    model, before = grown(trained, scheme, new)
    model.workers, known = workers, len(trained[scheme].wv)
    model.train(new, total_examples=len(new), epochs=2, update=Update(lockf=0.0))
    np.testing.assert_array_equal(model.wv.vectors[:known], before.wv.vectors[:known])
    assert (model.wv.vectors[known:] != before.wv.vectors[known:]).any(axis=1).all()
    outputs = "syn1neg" if model.negative else "syn1"
    assert (getattr(model, outputs)[: known - 1] != getattr(before, outputs)[: known - 1]).any()
    model.train(new, total_examples=len(new), epochs=2, update=Update(lockf=0.0, outputs=True))
    np.testing.assert_array_equal(model.wv.vectors_lockf, np.ones(1))  # nothing of it stays


@pytest.mark.parametrize("scheme", range(len(SCHEMES)))
def test_output_rows_are_frozen_where_asked(trained, new, scheme):
    model, before = grown(trained, scheme, new)
    known = len(trained[scheme].wv)
    model.train(new, total_examples=len(new), epochs=2, update=Update(lockf=0.0, outputs=True))
    np.testing.assert_array_equal(model.wv.vectors[:known], before.wv.vectors[:known])
    if model.negative:
        np.testing.assert_array_equal(model.syn1neg[:known], before.syn1neg[:known])
        assert model.syn1neg[known:].any(axis=1).all()
    if model.hs:
        np.testing.assert_array_equal(model.syn1[: known - 1], before.syn1[: known - 1])
        assert model.syn1[known:].any()


def test_factors_lie_on_top_of_the_models_own(trained, new):
    model, before = grown(trained, 0, new)
    known = len(trained[0].wv)
    own = np.ones(len(model.wv), dtype=np.float32)
    own[known] = 0  # a new word that is locked, an old one that is not
    model.wv.vectors_lockf = own
    model.train(new, total_examples=len(new), epochs=1, update=Update(lockf=0.5))
    np.testing.assert_array_equal(model.wv.vectors[known], before.wv.vectors[known])
    np.testing.assert_array_equal(model.wv.vectors_lockf, own)
    free, _ = grown(trained, 0, new)
    free.train(new, total_examples=len(new), epochs=1)
    assert 0 < moved(model, before, known) < moved(free, before, known)


def test_rare_and_frequent_old_words_learn_at_lower_rates(trained, new):
    before, _ = grown(trained, 0, new)
    known, counts = len(trained[0].wv), before.wv.expandos["count"]
    rare, frequent = np.quantile(counts[:known], [0.3, 0.7]).tolist()
    free, limited = copy.deepcopy(before), copy.deepcopy(before)
    free.train(new, total_examples=len(new), epochs=1)
    update = Update(lockf=0.9, rare_count=rare, frequent_count=frequent)
    limited.train(new, total_examples=len(new), epochs=1, update=update)
    np.testing.assert_array_equal(limited.wv.vectors_lockf, np.ones(1))
    factors = 0.9 * np.minimum(1, (counts / rare) ** 2) * np.minimum(1, frequent / counts)
    factors[known:] = 1
    before.wv.vectors_lockf = factors.astype(np.float32)
    before.train(new, total_examples=len(new), epochs=1)
    np.testing.assert_allclose(limited.wv.vectors, before.wv.vectors, atol=1e-6)
    assert (counts[:known] < rare).any()
    assert (counts[:known] > frequent).any()
    assert not np.allclose(limited.wv.vectors[:known], free.wv.vectors[:known], atol=1e-4)


@pytest.mark.parametrize("how", ["list", "stream", "file", "words"])
def test_a_stronger_anchor_holds_faster(tmp_path, trained, new, how):
    path = tmp_path / "new.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in new), encoding="utf-8")
    distances, of_new = [], []
    for anchor in (0.0, 1.0, 10.0):
        model, before = grown(trained, 0, new)
        known, total = len(trained[0].wv), {"total_examples": len(new)}
        if how == "words":
            total = {"total_words": sum(map(len, new))}
        corpus = {"corpus_file": path} if how == "file" else {"corpus_iterable": new}
        if how == "stream":
            corpus = {"corpus_iterable": (sentence for sentence in new)}
        epochs = 1 if how == "stream" else 4
        model.train(**corpus, **total, epochs=epochs, update=Update(anchor=anchor))
        distances.append(moved(model, before, known))
        of_new.append(float(np.abs(model.wv.vectors[known:] - before.wv.vectors[known:]).mean()))
    assert distances[2] < 0.5 * distances[1] < 0.5 * distances[0]
    assert min(of_new) > 0.5 * max(of_new)  # new words learn all the same


def test_anchoring_output_weights_too(trained, new):
    apart = []
    for outputs in (False, True):
        model, before = grown(trained, 0, new)
        known = len(trained[0].wv)
        model.train(new, total_examples=len(new), epochs=4, update=Update(anchor=10.0, outputs=outputs))
        apart.append(float(np.abs(model.syn1neg[:known] - before.syn1neg[:known]).mean()))
    assert apart[1] < apart[0] / 2


def test_the_rate_of_an_update_is_its_own(trained, new, caplog):
    caplog.set_level(logging.WARNING)
    model, _ = grown(trained, 0, new)
    twin = copy.deepcopy(model)
    rates = model.alpha, model.min_alpha
    model.train(new, total_examples=len(new), epochs=2, update=Update(alpha=0.01, min_alpha=0.001))
    assert not caplog.records
    assert (model.alpha, model.min_alpha) == rates
    twin.train(new, total_examples=len(new), epochs=2, start_alpha=0.01, end_alpha=0.001)
    np.testing.assert_array_equal(model.wv.vectors, twin.wv.vectors)


def test_an_update_of_nothing_is_a_plain_training(trained, new):
    model, twin = grown(trained, 0, new)
    assert model.train(new, total_examples=len(new), epochs=2, update=Update()) == twin.train(
        new, total_examples=len(new), epochs=2
    )
    np.testing.assert_array_equal(model.wv.vectors, twin.wv.vectors)


# --- replay


@pytest.mark.parametrize("how", ["list", "generator", "file"])
@pytest.mark.parametrize("stream", [False, True])
def test_replay_mixes_old_sentences_in(tmp_path, trained, old, new, how, stream, caplog):
    caplog.set_level(logging.WARNING)
    path = tmp_path / "old.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in old), encoding="utf-8")
    replay = {"list": old, "generator": (sentence for sentence in old), "file": path}[how]
    model, _ = grown(trained, 0, new)
    total, n_new = len(new), sum(map(len, new))
    corpus = Restartable(new) if stream else new
    _, raw = model.train(
        corpus, total_examples=total, epochs=2, update=Update(replay=replay, replay_ratio=0.5)
    )
    assert 2.9 * n_new < raw <= 3.0 * n_new
    assert not caplog.records
    assert model.min_alpha_yet_reached < 0.003  # the rate fell all the way, and no further
    _, raw = model.train(new, total_words=n_new, epochs=1, update=Update(replay=old, replay_ratio=1000))
    assert raw == n_new + sum(map(len, old))  # no sentence twice


@pytest.mark.parametrize(
    "form",
    [
        "two files",
        "directory",
        "reader",
        "two readers",
        "file and reader",
        "directory and list",
        "two lists",
        "nested",
    ],
)
def test_replay_reads_paths_and_readers_as_text(tmp_path, trained, old, new, form):
    directory = tmp_path / "old"
    directory.mkdir()
    parts = old[:200], old[200:]
    paths = [directory / "1.txt", directory / "2.txt"]
    for path, part in zip(paths, parts, strict=True):
        path.write_text("".join(" ".join(sentence) + "\n" for sentence in part), encoding="utf-8")
    replay = {
        "two files": [str(paths[0]), paths[1]],
        "directory": str(directory),
        "reader": PathLineSentences(directory),
        "two readers": (LineSentence(paths[0]), LineSentence(paths[1])),
        "file and reader": [paths[0], LineSentence(str(paths[1]))],
        "directory and list": [directory, [["w0"]]],
        "two lists": list(parts),
        "nested": [[paths[0]], [LineSentence(paths[1])]],
    }[form]
    model, _ = grown(trained, 0, new)
    expected = encode([*old, *([["w0"]] if form == "directory and list" else [])], model.wv.key_to_index)
    session = UpdateSession(Update(replay=replay), model)
    for name in ("ids", "offsets", "raw_lengths"):
        np.testing.assert_array_equal(getattr(session._replay.text.corpus, name), getattr(expected, name))


@pytest.mark.parametrize(
    "replay",
    [
        ["the cat sat", "on the mat"],
        ("a.txt", ["a", "sentence"]),
        [["a", "sentence"], "a text"],
        iter(["the cat sat"]),
        {"the cat sat"},
        [b"the cat sat"],
        [""],
        io.StringIO("the cat sat"),
    ],
    ids=lambda replay: type(replay).__name__,
)
def test_plain_strings_are_not_replayed_as_characters(trained, new, replay):
    model, before = grown(trained, 0, new)
    with pytest.raises(TypeError, match=r"Update\(replay=\.\.\.\).*(pass the path of a text file|must be)"):
        model.train(new, total_examples=len(new), epochs=1, update=Update(replay=replay))
    np.testing.assert_array_equal(model.wv.vectors, before.wv.vectors)


class Restartable:
    """An iterable that is neither a list nor a reader."""

    def __init__(self, sentences):
        self.sentences = sentences

    def __iter__(self):
        return iter(self.sentences)


def test_replay_forgets_less(trained, old, new):
    losses = []
    for update in (Update(), Update(replay=old, replay_ratio=2.0)):
        model, _ = grown(trained, 0, new)
        model.train(new, total_examples=len(new), epochs=8, update=update)
        losses.append(model.evaluate_loss(old))
    assert losses[1] < losses[0]


def test_the_mixture_holds_every_new_sentence_in_order_and_old_ones_between(trained, old, new, monkeypatch):
    monkeypatch.setattr("fastw2v.training.replay.PIECE_WORDS", 1_000)
    assert PIECE_WORDS > 1_000
    model, _ = grown(trained, 0, new)
    run = UpdateSession(Update(replay=old, replay_ratio=0.7), model)
    key_to_index = model.wv.key_to_index
    encoded = encode(new, key_to_index)
    of_new = [[key_to_index[w] for w in s if w in key_to_index] for s in new]
    of_old = {tuple(key_to_index[w] for w in s if w in key_to_index) for s in old}
    orders = []
    for epoch in (0, 1, 0):
        sentences = []
        for chunk in run.mix(encoded, epoch):
            ends = chunk.offsets.tolist()
            sentences += [chunk.ids[a:b].tolist() for a, b in pairwise(ends)]
        replayed, expected, places = [], iter(of_new), []
        following = next(expected)
        for place, sentence in enumerate(sentences):
            if sentence == following:
                following = next(expected, None)
            else:
                assert tuple(sentence) in of_old
                replayed.append(tuple(sentence))
                places.append(place)
        assert following is None
        assert abs(len(replayed) * 23 - 0.7 * sum(map(len, new))) < 1_500
        assert np.diff(places).max() < 30  # spread over the epoch, not in a lump
        orders.append(replayed)
    assert orders[0] == orders[2] != orders[1]


@pytest.mark.parametrize("empty", [[], [[], []]], ids=["all full", "some empty"])
@pytest.mark.parametrize("piece_words", [1_000, 10**6])
def test_list_file_and_stream_are_replayed_and_anchored_alike(
    tmp_path, trained, old, new, monkeypatch, piece_words, empty
):
    monkeypatch.setattr("fastw2v.training.replay.PIECE_WORDS", piece_words)
    monkeypatch.setattr("fastw2v.training.trainer.STREAM_WORDS", 1_700)
    path = tmp_path / "new.txt"
    texts = [*empty, *new[:50], *empty, new[50] * 60, *empty, *new[51:], *empty]  # one is longer than a piece
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in texts), encoding="utf-8")
    update = Update(replay=old, replay_ratio=0.7, anchor=2.0, outputs=True)
    vectors = []
    corpora = [{"corpus_iterable": texts}, {"corpus_iterable": Restartable(texts)}]
    if not empty:  # files of text have no empty sentences
        corpora.append({"corpus_file": path})
    for corpus in corpora:
        model = copy.deepcopy(trained[0])
        model.build_vocab(texts, update=True)
        model.train(**corpus, total_examples=len(texts), epochs=2, update=update)
        vectors.append(model.wv.vectors)
    for others in vectors[1:]:
        np.testing.assert_array_equal(others, vectors[0])


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_list_of_many_jobs_is_anchored_as_its_file(tmp_path, trained, new, epochs):
    """Whose length is known, whatever `total_examples` says of it."""
    path = tmp_path / "new.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in new), encoding="utf-8")
    vectors = []
    for corpus in ({"corpus_iterable": new}, {"corpus_file": path}):
        model, _ = grown(trained, 0, new)
        model.batch_words = 50
        model.train(**corpus, total_examples=3 * len(new), epochs=epochs, update=Update(anchor=2.0))
        vectors.append(model.wv.vectors)
    np.testing.assert_array_equal(*vectors)


# --- anchors to another model


def save_as(model, form, path):
    if form == "model":
        return model
    if form == "vectors":
        return model.wv
    if form == "text file":
        model.wv.save_word2vec_format(path)
    elif form == "gensim file":
        model.save_gensim(path)
    else:
        model.save(path)
    return path


@pytest.mark.parametrize(
    ("scheme", "form"),
    one_in(
        4,
        itertools.product(range(len(SCHEMES)), ["model", "vectors", "file", "text file", "gensim file"]),
    ),
)
def test_many_updates_stay_near_the_model_that_they_are_anchored_to(tmp_path, trained, new, scheme, form):
    base, known = trained[scheme], len(trained[scheme].wv)
    reference = save_as(base, form, tmp_path / "base")
    distances, weights = [], []
    for anchor_to in (None, reference):
        model = copy.deepcopy(base)
        for update in range(6):
            texts = new[update::6]
            model.build_vocab(texts, update=True, min_count=1)
            anchors = Update(anchor=3.0, anchor_to=anchor_to, outputs=True)
            model.train(texts, total_examples=len(texts), epochs=1, update=anchors)
        distances.append(moved(model, base, known))
        name = "syn1" if model.hs else "syn1neg"
        weights.append(np.abs(getattr(model, name)[: known - 1] - getattr(base, name)[: known - 1]).mean())
        # Words that the reference lacks are anchored to their own values.
        before = model.wv.vectors[known:].copy()
        still = Update(anchor=100.0, anchor_to=anchor_to)
        model.train(new[:40], total_examples=40, epochs=1, update=still)
        change = np.linalg.norm(model.wv.vectors[known:] - before, axis=1).mean()
        assert change < 0.1 * np.linalg.norm(before, axis=1).mean()
    assert distances[1] < 0.6 * distances[0]
    if form not in ("vectors", "text file"):
        assert weights[1] < 0.6 * weights[0]


@pytest.mark.parametrize("scheme", range(len(SCHEMES)))
def test_a_strong_anchor_brings_words_back_by_their_keys(trained, new, scheme):
    """The words of the reference are in another order, and some are missing."""
    model, _ = grown(trained, scheme, new)
    known = len(trained[scheme].wv)
    model.train(new, total_examples=len(new), epochs=1)
    before = copy.deepcopy(model)
    reference = copy.deepcopy(trained[scheme])
    reference.wv._table.take(np.arange(len(reference.wv))[::-1])
    some = reference.wv.vectors_for_all(reference.wv.index_to_key[20:], allow_inference=False)
    model.train(new, total_examples=len(new), epochs=1, update=Update(anchor=1e6, anchor_to=some))
    for word in model.wv.index_to_key[:known]:
        expected = some[word] if word in some else before.wv[word]
        np.testing.assert_allclose(model.wv[word], expected, atol=0.02)
    update = Update(anchor=1e6, anchor_to=reference, outputs=True)
    model.train(new, total_examples=len(new), epochs=1, update=update)
    for name in ("syn1neg", "syn1"):
        expected = getattr(trained[scheme], name)
        if expected is not None:
            np.testing.assert_allclose(getattr(model, name)[: known - 1], expected[: known - 1], atol=0.02)


def test_what_cannot_be_anchored_to_is_refused_and_changes_nothing(tmp_path, trained, old, new):
    model, before = grown(trained, 1, new)
    narrow, strange, broken = KeyedVectors(3), KeyedVectors(16), copy.deepcopy(trained[1].wv)
    narrow.add_vector("w0", np.ones(3))
    strange.add_vector("elsewhere", np.ones(16))
    broken.vectors[4] = np.nan
    other = Word2Vec(old[::2], **OPTIONS, **SCHEMES[1])
    for anchor_to, error, message in (
        (narrow, ValueError, "anchor_to=.*3 dimensions, and the model has 16"),
        (strange, ValueError, "anchor_to=.*none of the .* old words"),
        (broken, ValueError, "anchor_to=.*NaN"),
        (other, ValueError, r"Huffman tree of Update\(anchor_to=.*leave out outputs"),
        (tmp_path / "none", FileNotFoundError, "none"),
    ):
        update = Update(anchor=1.0, anchor_to=anchor_to, outputs=True)
        with pytest.raises(error, match=message):
            model.train(new, total_examples=len(new), epochs=1, update=update)
        np.testing.assert_array_equal(model.wv.vectors, before.wv.vectors)
    with pytest.raises(ValueError, match="needs anchor="):
        Update(anchor_to=other)
    with pytest.raises(TypeError, match=r"Update\.anchor_to must be KeyedVectors, a model, or a path"):
        Update(anchor=1.0, anchor_to={"w0": [1.0]})
    model.train(new, total_examples=len(new), epochs=1, update=Update(anchor=1.0, anchor_to=other))


def test_the_recommended_update_keeps_neighbours_and_teaches_new_words(trained, old, new):
    model, before = grown(trained, 2, new)
    plain = copy.deepcopy(model)
    known = len(trained[2].wv)
    update = Update.recommended(replay=old)
    plain.train(new, total_examples=len(new), epochs=4, update=Update(replay=old))
    model.train(new, total_examples=len(new), epochs=4, update=update)
    assert moved(model, before, known) < 0.5 * moved(plain, before, known)
    change = np.linalg.norm(model.wv.vectors[known:] - before.wv.vectors[known:], axis=1).mean()
    assert change > 0.8 * np.linalg.norm(plain.wv.vectors[known:] - before.wv.vectors[known:], axis=1).mean()
    other = Update.recommended(replay=old, lockf=0.1, keep_anchor=True)
    assert (other.lockf, other.keep_anchor, other.anchor) == (0.1, True, update.anchor)
    with pytest.raises(ValueError, match=r"needs replay=.*Update\(anchor"):
        Update.recommended(replay=None)
    with pytest.raises(TypeError, match="sg"):
        Update.recommended(replay=old, sg=1)


# --- what is refused


@pytest.mark.parametrize(
    "options",
    [
        {"alpha": -1},
        {"min_alpha": float("nan")},
        {"lockf": float("inf")},
        {"anchor": -0.1},
        {"replay_ratio": -1},
    ],
)
def test_impossible_numbers_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        Update(**options)


@pytest.mark.parametrize(
    "options", [{"old_words": 2.5}, {"lockf": "0"}, {"anchor": None}, {"alpha": [0.1]}, {"replay_ratio": 1j}]
)
def test_what_is_no_number_is_refused_by_name(options):
    with pytest.raises(TypeError, match=rf"Update\.{next(iter(options))}="):
        Update(**options)
    assert Update(old_words=np.int64(3), lockf=np.float32(0.5)).old_words == 3


def test_contradictions_are_refused_and_change_nothing(trained, new):
    model, before = grown(trained, 0, new)
    for arguments, error, message in (
        ({"update": Update(alpha=0.01), "start_alpha": 0.02}, ValueError, "start_alpha"),
        ({"update": Update(old_words=10**6)}, ValueError, "old_words"),
        ({"update": Update(replay=[1, 2])}, TypeError, r"Update\(replay=\.\.\.\).*sentence"),
        ({"update": Update(replay="missing.txt")}, TypeError, r"Update\(replay=\.\.\.\).*missing\.txt"),
        ({"update": Update(replay=[])}, ValueError, r"Update\(replay=\.\.\.\) has no word .* in 0 sentences"),
        (
            {"update": Update(replay=[["unknown"]] * 3)},
            ValueError,
            "no word of the vocabulary in 3 sentences",
        ),
        ({"update": True}, TypeError, "Update"),
    ):
        with pytest.raises(error, match=message):
            model.train(new, total_examples=len(new), epochs=1, **arguments)
        np.testing.assert_array_equal(model.wv.vectors, before.wv.vectors)
        assert (model.alpha, model.min_alpha, model.epochs) == (before.alpha, before.min_alpha, before.epochs)


@pytest.mark.parametrize("factors", [np.ones((5, 2)), np.ones(0), [1.0, float("nan")]], ids=str)
@pytest.mark.parametrize("update", [None, Update(lockf=0.5)])
def test_lock_factors_that_are_none_are_refused_under_an_update_too(trained, new, factors, update):
    model, before = grown(trained, 0, new)
    model.wv.vectors_lockf = factors
    with pytest.raises(ValueError, match=r"wv\.vectors_lockf must be .* assign np\.ones\(1\)"):
        model.train(new, total_examples=len(new), epochs=1, update=update)
    np.testing.assert_array_equal(model.wv.vectors, before.wv.vectors)


def test_an_iterator_replays_once(trained, old, new):
    """Used up by one training, it must not leave the next one without replay unnoticed."""
    model, _ = grown(trained, 0, new)
    update = Update(replay=iter(old))
    model.train(new, total_examples=len(new), epochs=1, update=update)
    with pytest.raises(ValueError, match="iterator that is at its end"):
        model.train(new, total_examples=len(new), epochs=1, update=update)


def test_what_is_old_survives_a_file_and_can_be_said(tmp_path, trained, new):
    model, before = grown(trained, 0, new)
    known = len(trained[0].wv)
    assert model.words_before_update == known
    model.save(tmp_path / "grown")
    loaded = Word2Vec.load(tmp_path / "grown")
    loaded.train(new, total_examples=len(new), epochs=1, update=Update(lockf=0.0))
    np.testing.assert_array_equal(loaded.wv.vectors[:known], before.wv.vectors[:known])
    assert (loaded.wv.vectors[known:] != before.wv.vectors[known:]).any()
    model.train(new, total_examples=len(new), epochs=1, update=Update(lockf=0.0, old_words=5))
    np.testing.assert_array_equal(model.wv.vectors[:5], before.wv.vectors[:5])
    assert (model.wv.vectors[5:known] != before.wv.vectors[5:known]).any()
    never_grown = copy.deepcopy(trained[0])
    never_grown.train(new, total_examples=len(new), epochs=1, update=Update(lockf=0.0))
    np.testing.assert_array_equal(never_grown.wv.vectors, trained[0].wv.vectors)


def test_an_interrupted_update_leaves_frozen_rows_and_settings_as_they_were(trained, new):
    model, before = grown(trained, 0, new)
    known = len(trained[0].wv)

    def texts():
        for _ in range(20):
            yield from new
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.train(
            texts(), total_examples=len(new), epochs=1, update=Update(alpha=0.01, lockf=0.0, outputs=True)
        )
    np.testing.assert_array_equal(model.wv.vectors[:known], before.wv.vectors[:known])
    np.testing.assert_array_equal(model.syn1neg[:known], before.syn1neg[:known])
    assert (model.wv.vectors[known:] != before.wv.vectors[known:]).any()
    assert model.alpha == OPTIONS.get("alpha", 0.025)
    np.testing.assert_array_equal(model.wv.vectors_lockf, np.ones(1))


@pytest.mark.parametrize("event", ["on_epoch_begin", "on_epoch_end"])
@pytest.mark.parametrize("kind", ["anchored", "frozen", "replayed"])
def test_words_reordered_during_an_update_end_it(trained, old, new, kind, event):
    model, _ = grown(trained, 0, new)
    known = len(trained[0].wv)
    callback = CallbackAny2Vec()
    setattr(callback, event, lambda model: model.wv.sort_by_descending_frequency())
    update = {"anchored": Update(anchor=1.0), "frozen": Update(lockf=0.0), "replayed": Update(replay=old)}
    before = {word: model.wv[word].copy() for word in model.wv.index_to_key[:known]}
    with pytest.raises(RuntimeError, match="reordered"):
        model.train(new, total_examples=len(new), epochs=2, callbacks=[callback], update=update[kind])
    if kind == "frozen":
        for word, vector in before.items():
            np.testing.assert_array_equal(model.wv[word], vector)


class TrainsWithin(CallbackAny2Vec):
    """Trains the model itself at the end of each epoch, under another update or none."""

    def __init__(self, sentences, update):
        self.sentences, self.update = sentences, update
        self.moved, self.rates, self.reached = [], [], []

    def on_epoch_end(self, model):
        self.reached.append(model.min_alpha_yet_reached)
        before = model.wv.vectors.copy()
        model.train(self.sentences, total_examples=len(self.sentences), epochs=1, update=self.update)
        self.moved.append((model.wv.vectors != before).any(axis=1))
        self.rates.append(model.alpha)


def test_an_update_outlasts_one_within_it(trained, new):
    model, before = grown(trained, 0, new)
    known = len(trained[0].wv)
    within = TrainsWithin(new, Update(lockf=0.0, alpha=0.001))
    outer = Update(lockf=0.0, outputs=True, alpha=0.01)
    model.train(new, total_examples=len(new), epochs=3, callbacks=[within], update=outer)
    assert within.rates == [before.alpha] * 3
    assert model.alpha == before.alpha
    np.testing.assert_allclose(within.reached, [0.01 * 2 / 3, 0.01 / 3, before.min_alpha], atol=1e-3)
    np.testing.assert_array_equal(model.wv.vectors[:known], before.wv.vectors[:known])
    np.testing.assert_array_equal(model.syn1neg[:known], before.syn1neg[:known])
    model.train(new, total_examples=len(new), epochs=1)
    assert (model.wv.vectors[:known] != before.wv.vectors[:known]).any()


def test_a_plain_training_within_an_update_is_plain(trained, new):
    model, _ = grown(trained, 0, new)
    known = len(trained[0].wv)
    within = TrainsWithin(new, None)
    model.train(new, total_examples=len(new), epochs=2, callbacks=[within], update=Update(lockf=0.0))
    assert all(moved[:known].any() for moved in within.moved)
    vectors = model.wv.vectors[:known].copy()
    model.train(new, total_examples=len(new), epochs=1, update=Update(lockf=0.0))
    np.testing.assert_array_equal(model.wv.vectors[:known], vectors)


# --- which words are old


def test_sorting_mixes_old_words_with_new_ones(tmp_path, trained, new):
    model, _ = grown(trained, 0, new)
    known = len(trained[0].wv)
    model.wv.sort_by_descending_frequency()
    model.save(tmp_path / "sorted")
    for each in (model, Word2Vec.load(tmp_path / "sorted"), copy.deepcopy(model)):
        before = each.wv.vectors.copy()
        with pytest.raises(ValueError, match=r"not known which ones are old.*old_words="):
            each.train(new, total_examples=len(new), epochs=1, update=Update(lockf=0.0))
        np.testing.assert_array_equal(each.wv.vectors, before)
        each.train(new, total_examples=len(new), epochs=1, update=Update(lockf=0.0, old_words=7))
        np.testing.assert_array_equal(each.wv.vectors[:7], before[:7])
    model.build_vocab([["newest"] * 9], update=True)  # all others are old again
    assert model.words_before_update == len(model.wv) - 1 > known
    never_grown = copy.deepcopy(trained[0])
    never_grown.wv.sort_by_descending_frequency()
    before = never_grown.wv.vectors.copy()
    never_grown.train(new, total_examples=len(new), epochs=1, update=Update(lockf=0.0))
    np.testing.assert_array_equal(never_grown.wv.vectors, before)


def test_new_words_are_those_that_no_training_has_had(tmp_path, trained, new):
    """A text that comes in shards, and a last shard without new words."""
    model = copy.deepcopy(trained[0])
    known = len(model.wv)
    shards = [new[i::4] for i in range(4)]
    for n_saved, shard in enumerate([*shards, shards[0][:3]]):
        model.build_vocab(shard, update=True)
        assert model.words_before_update == known
        if n_saved == 2:
            model.save(tmp_path / "shards")
            model = copy.deepcopy(Word2Vec.load(tmp_path / "shards"))
    n_words = len(model.wv)
    assert n_words > known + 100
    before = model.wv.vectors.copy()
    interrupted = copy.deepcopy(model)
    model.train(new, total_examples=len(new), epochs=1, update=Update(lockf=0.0))
    np.testing.assert_array_equal(model.wv.vectors[:known], before[:known])
    assert (model.wv.vectors[known:] != before[known:]).any(axis=1).all()
    assert model.words_before_update is None  # a training makes all words old
    model.build_vocab([["later"] * 9], update=True)
    assert model.words_before_update == n_words

    def failing():
        yield from new
        raise KeyError("my own")

    with pytest.raises(KeyError, match="my own"):
        interrupted.train(failing(), total_examples=len(new), epochs=1)
    assert interrupted.words_before_update == known


def test_words_that_a_callback_adds_after_the_last_epoch_are_new(trained, new):
    class Adds(CallbackAny2Vec):
        def on_epoch_end(self, model):
            model.build_vocab([[f"added{len(model.wv)}"] * 9], update=True)

    model, _ = grown(trained, 0, new)
    n_words = len(model.wv)
    model.train(new, total_examples=len(new), epochs=2, callbacks=[Adds()])
    assert model.words_before_update == n_words + 1  # the second epoch has trained the first of them


def test_a_finished_checkpoint_has_no_new_words(tmp_path, trained, new):
    model, _ = grown(trained, 0, new)
    model.train(new, total_examples=len(new), epochs=2, update=Update(anchor=1.0), checkpoint=tmp_path / "c")
    assert Word2Vec.load(tmp_path / "c").words_before_update is None


def test_files_of_version_0_1_have_new_words_only_if_no_training_followed(trained, new):
    """They keep the number of words before the latest update for ever."""
    model, _ = grown(trained, 0, new)
    known = len(trained[0].wv)
    for expected in (known, None):
        state = model._to_state()
        assert Word2Vec._from_state(state).words_before_update == expected
        del state.settings["words_before_update_is_reset"]  # the mark of later versions
        state.settings["words_before_update"] = known
        assert Word2Vec._from_state(state).words_before_update == expected
        model.train(new[:20], total_examples=20, epochs=1)


def test_removed_words_are_old_no_more(trained, new):
    model, _ = grown(trained, 0, new)
    known = len(trained[0].wv)
    model.wv.remove_keys([model.wv.index_to_key[0], model.wv.index_to_key[known]])
    assert model.words_before_update == known - 1


def test_a_vocabulary_made_anew_knows_of_no_update(trained, new):
    model, _ = grown(trained, 0, new)
    model.build_vocab(new[:100])
    assert len(model.wv) < len(trained[0].wv)
    model.train(new, total_examples=len(new), epochs=1, update=Update(anchor=1.0))
    other = grown(trained, 0, new)[0]
    other.reset_from(model)
    assert other.words_before_update is None
    with pytest.raises(TypeError, match="int"):
        model.build_vocab([["a"], 5], update=True)
    assert model.words_before_update is None


def test_an_update_that_fails_leaves_old_words_what_they_were(trained, new, monkeypatch):
    def fail(*args, **kwargs):
        raise MemoryError

    for model in (grown(trained, 0, new)[0], copy.deepcopy(trained[0])):
        before = model.words_before_update
        with monkeypatch.context() as patch:
            patch.setattr("fastw2v.vocabulary.noise_distribution.noise_table", fail)
            with pytest.raises(MemoryError):
                model.build_vocab([["newest"] * 9], update=True)
        assert model.words_before_update == before


# --- drift


def test_drift_is_recorded_and_too_much_of_it_is_a_warning(trained, new, caplog):
    caplog.set_level(logging.WARNING)
    model, before = grown(trained, 0, new)
    assert model.history()[-1]["neighbours_kept"] is None
    model.train(new, total_examples=len(new), epochs=3, update=Update(drift_threshold=0.0))
    assert not caplog.records
    row, known = model.history()[-1], len(trained[0].wv)
    expected = KeyedVectors(16)
    expected.add_vectors(before.wv.index_to_key[:known], before.wv.vectors[:known])
    moved = model.drift(expected)
    assert row["mean_cosine"] == pytest.approx(moved.mean_cosine)
    assert row["neighbours_kept"] == pytest.approx(moved.mean_overlap)
    strict = Update(drift_threshold=0.999)
    model.train(new, total_examples=len(new), epochs=3, update=strict)
    kept = model.history()[-1]["neighbours_kept"]
    assert f"{100 * kept:.1f} % of their 10 nearest neighbours stayed" in caplog.text
    assert "drift_threshold=0.999" in caplog.text
    caplog.clear()
    model.train(new, total_examples=len(new), epochs=1, update=Update(drift_threshold=1.0, lockf=0.0))
    assert not caplog.records


def test_measuring_drift_changes_no_vector(trained, new):
    models = [grown(trained, 1, new)[0] for _ in range(2)]
    for model, threshold in zip(models, (None, 0.0), strict=True):
        model.train(new, total_examples=len(new), epochs=1, update=Update(drift_threshold=threshold))
    np.testing.assert_array_equal(models[0].wv.vectors, models[1].wv.vectors)


def test_the_report_of_drift_is_json(trained):
    report = trained[0].drift(trained[1]).as_dict(topn=2)
    assert json.loads(json.dumps(report)) == report
    assert len(report["most_moved"]) == 2
    empty = KeyedVectors(16)
    empty.add_vectors(["other"], np.ones((1, 16)))
    assert trained[0].drift(empty).as_dict()["mean_cosine"] is None

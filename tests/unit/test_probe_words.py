"""The nearest neighbours of probe words after each epoch."""

from __future__ import annotations

import logging
import pickle
import sys
import types

import pytest

from fastw2v import ProbeWords, Word2Vec
from helpers.corpora import zipf_sentences
from helpers.interruptions import InterruptAtEpoch

CORPUS = zipf_sentences(5_000, 100, seed=5)
OPTIONS = {"vector_size": 10, "min_count": 1, "workers": 1}
WORDS = ["w1", "w2"]


def test_neighbours_of_each_epoch_are_kept_and_logged(caplog):
    caplog.set_level(logging.INFO)
    probe = ProbeWords([*WORDS, "unknown"], topn=3)
    model = Word2Vec(CORPUS, **OPTIONS, epochs=3, callbacks=[probe])
    assert sorted(probe.history) == [0, 1, 2]
    assert list(probe.history[0]) == WORDS
    assert probe.history[2]["w1"] == model.wv.most_similar("w1", topn=3)
    assert probe.history[0]["w1"] != probe.history[2]["w1"]
    assert caplog.text.count("nearest neighbours of w1 after epoch") == 3
    assert "'unknown'" in caplog.text
    assert model.wv.most_similar("w1", topn=1)[0][0] in repr(probe)
    assert pickle.loads(pickle.dumps(probe)).history[2]["w2"] == probe.history[2]["w2"]


def test_every_second_epoch_and_the_last():
    probe = ProbeWords(WORDS, every=2)
    Word2Vec(CORPUS, **OPTIONS, epochs=5, callbacks=[probe])
    assert sorted(probe.history) == [1, 3, 4]


def test_a_resumed_training_continues_the_history(tmp_path):
    whole, resumed, path = ProbeWords(WORDS), ProbeWords(WORDS), tmp_path / "run.ckpt"
    Word2Vec(CORPUS, **OPTIONS, epochs=3, callbacks=[whole])
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(
            CORPUS, **OPTIONS, epochs=3, callbacks=[ProbeWords(WORDS), InterruptAtEpoch()], checkpoint=path
        )
    Word2Vec.resume(path, CORPUS, callbacks=[resumed])
    assert {epoch: dict(table) for epoch, table in resumed.history.items()} == {
        epoch: dict(table) for epoch, table in whole.history.items()
    }


def test_a_notebook_shows_one_table_that_is_updated(monkeypatch):
    shown = []

    class Handle:
        def update(self, table):
            shown.append(("update", table))

    def display(table, display_id):
        shown.append(("display", table))
        return Handle()

    shell = type("ZMQInteractiveShell", (), {})()
    package = types.ModuleType("IPython")
    package.get_ipython = lambda: shell
    package.display = types.ModuleType("IPython.display")
    package.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", package.display)
    probe = ProbeWords(WORDS)
    Word2Vec(CORPUS, **OPTIONS, epochs=3, callbacks=[probe], progress=False)
    assert [how for how, _ in shown] == ["display", "update", "update"]
    assert "<table" in shown[2][1]._repr_html_() == probe._repr_html_()
    shown.clear()
    Word2Vec(CORPUS, **OPTIONS, epochs=1, callbacks=[ProbeWords(WORDS, display=False)], progress=False)
    assert not shown


def test_a_terminal_shows_the_table_on_request(capsys):
    Word2Vec(CORPUS, **OPTIONS, epochs=2, callbacks=[ProbeWords(WORDS)])
    assert capsys.readouterr().out == ""
    Word2Vec(CORPUS, **OPTIONS, epochs=2, callbacks=[ProbeWords(WORDS, display=True)])
    assert capsys.readouterr().out.count("nearest neighbours after epoch") == 2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"words": "w1"}, TypeError, "list of words"),
        ({"words": []}, ValueError, "words is empty"),
        ({"words": [["w1"]]}, TypeError, "words"),
        ({"topn": 0}, ValueError, "topn=0"),
        ({"every": 0}, ValueError, "every=0"),
        ({"display": "yes"}, TypeError, "display"),
    ],
)
def test_invalid_arguments_are_rejected(arguments, error, message):
    with pytest.raises(error, match=message):
        ProbeWords(**{"words": WORDS, **arguments})


def test_words_that_the_vocabulary_does_not_have_and_damaged_states_are_rejected():
    with pytest.raises(ValueError, match="no word of the vocabulary"):
        Word2Vec(CORPUS, **OPTIONS, callbacks=[ProbeWords(["unknown"])])
    for state in (None, {}, {"epochs": 1, "history": 5}, {"epochs": -1, "history": []}):
        with pytest.raises(ValueError, match="the state of ProbeWords"):
            ProbeWords(WORDS).load_state_dict(state)

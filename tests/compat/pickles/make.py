"""Write pickles of every public class, and what their objects do, with the installed version of fastw2v.

Run ``python tests/compat/pickles/make.py`` with version 0.1 installed; the files beside this one were written so. The
module is imported by ``test_pickles_of_version_0_1.py`` as well, which compares what `describe` returns today with what
it returned when the pickles were written.
"""

from __future__ import annotations

import json
import os
import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
SENTENCES = [
    ["the", "cat", "sat", "on", "the", "mat"],
    ["the", "dog", "ate", "the", "bone"],
    ["a", "cat", "and", "a", "dog"],
] * 20  # fmt: skip


def samples() -> dict[str, Any]:
    """Return one object of each class, by the name of its file."""
    from fastw2v.selection import select

    import fastw2v
    from fastw2v import Vocab, Word2Vec
    from fastw2v.corpora import encode
    from fastw2v.models import keyedvectors, word2vec

    settings = {"vector_size": 8, "min_count": 1, "workers": 1, "epochs": 2}
    sg = Word2Vec(SENTENCES, sg=1, **settings)
    grown = Word2Vec(SENTENCES, hs=1, **settings)
    grown.build_vocab([["new", "words", "cat"]] * 5, update=True, keep_raw_vocab=True)
    vocab = Vocab.from_corpus(SENTENCES, min_count=1)
    # Both are computed when first used, and are part of the pickle from then on.
    assert vocab.huffman
    assert len(vocab.noise_table)
    return {
        "brown_corpus": fastw2v.BrownCorpus("corpus"),
        "callback": fastw2v.CallbackAny2Vec(),
        "compat_vocab": keyedvectors.CompatVocab(count=3, index=1),
        "drift": sg.wv.drift(Word2Vec(SENTENCES, sg=1, **settings | {"epochs": 5}).wv, topn=2),
        "early_stopping": fastw2v.EarlyStopping(SENTENCES[:3], patience=2),
        "encoded_corpus": encode(SENTENCES, vocab.key_to_index),
        "heapitem": word2vec.Heapitem(3, 1, None, None),
        "huffman_tree": vocab.huffman,
        "keyedvectors": sg.wv,
        "line_sentence": fastw2v.LineSentence("corpus.txt", limit=2),
        "path_line_sentences": fastw2v.PathLineSentences("corpus", max_sentence_length=4),
        "selection": select({"a": 3, "b": 1}, min_count=2),
        "stop_training": fastw2v.StopTraining("enough"),
        "terminated": fastw2v.Terminated(),
        "text8_corpus": fastw2v.Text8Corpus("corpus.txt", max_sentence_length=3),
        "update": fastw2v.Update(anchor=1.0, lockf=0.0),
        "vocab": vocab,
        "word2vec_cbow_hs": Word2Vec(SENTENCES, hs=1, negative=0, **settings),
        "word2vec_grown": grown,
        "word2vec_sg": sg,
        "word2vec_trainables": word2vec.Word2VecTrainables(),
        "word2vec_vocab": word2vec.Word2VecVocab(),
    }


def make_corpus() -> None:
    """Write the text files that the pickled readers name, into the current directory."""
    os.makedirs("corpus")
    for path in ("corpus.txt", "corpus/part"):
        Path(path).write_text("the/at cat/nn sat/vb on/in\nthe/at mat/nn\na/at dog/nn\n", encoding="utf-8")


def describe(sample: Any) -> Any:
    """Use `sample` and return what comes out of it, as JSON holds it.

    Objects are used as their class allows: readers are iterated, vectors queried, models trained further and saved.
    """
    return _plain(_DESCRIBE[type(sample).__name__](sample))


def _plain(value: Any) -> Any:
    """Return `value` as JSON gives it back, floats with seven significant digits."""
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _describe_model(model: Any) -> dict[str, Any]:
    from fastw2v import Update, Word2Vec

    before = model.wv.vectors.copy()
    result = {
        "vectors": before,
        "vocabulary": [(word, model.wv.get_vecattr(word, "count")) for word in model.wv.index_to_key],
        "settings": [model.sg, model.hs, model.negative, model.vector_size, model.epochs, model.min_count],
        "progress": [model.train_count, model.corpus_count, model.corpus_total_words],
        "nearest": model.wv.most_similar("cat", topn=3),
        "output weights": [None if w is None else w.copy() for w in (model.syn1, model.syn1neg)],
    }
    for update in (None, Update(lockf=0.0)):
        model.train(SENTENCES[:9], total_examples=9, epochs=1, update=update)
        result[f"trained, {update is not None}"] = model.wv.vectors.copy()
    model.build_vocab([["a", "second", "update", "cat"]] * 5, update=True)
    model.train(SENTENCES[:9], total_examples=9, epochs=1)
    result["grown"] = {word: model.wv[word] for word in ("cat", "second")}
    with tempfile.TemporaryDirectory() as directory:
        model.save(os.path.join(directory, "model"))
        loaded = Word2Vec.load(os.path.join(directory, "model"))
    np.testing.assert_array_equal(loaded.wv.vectors, model.wv.vectors)
    return result


def _describe_vectors(wv: Any) -> dict[str, Any]:
    return {
        "vectors": wv.vectors,
        "keys": wv.index_to_key,
        "counts": [wv.get_vecattr(key, "count") for key in wv.index_to_key],
        "nearest": wv.most_similar("dog", topn=3),
        "odd": wv.doesnt_match(["cat", "dog", "bone"]),
    }


def _describe_vocabulary(vocab: Any) -> dict[str, Any]:
    result = {
        "counts": [(word, vocab.count(word)) for word in vocab],
        "codes": [vocab.huffman.code(i) for i in range(len(vocab))],
        "noise table": vocab.noise_table,
        "keep": vocab.keep_probabilities,
    }
    vocab.update([["a", "new", "word"]] * 3)
    result["updated"] = [(word, vocab.count(word)) for word in vocab]
    return result


def _describe_drift(drift: Any) -> list[Any]:
    return [drift.words, drift.mean_distance, drift.mean_cosine, drift.mean_overlap, drift.most_moved(2)]


_DESCRIBE: dict[str, Any] = {
    "BrownCorpus": list,
    "CallbackAny2Vec": lambda callback: callback.on_epoch_end(None),
    "CompatVocab": lambda record: [record.count, record.index, str(record)],
    "Drift": _describe_drift,
    "EarlyStopping": lambda callback: [callback.patience, callback.state_dict()],
    "EncodedCorpus": lambda corpus: [corpus.ids, corpus.offsets, corpus.raw_lengths, corpus.size],
    "Heapitem": lambda item: [*item, item < item._replace(count=4)],
    "HuffmanTree": lambda tree: [tree.max_depth, tree.code(0), tree.point(9)],
    "KeyedVectors": _describe_vectors,
    "LineSentence": list,
    "PathLineSentences": list,
    "Selection": lambda selection: [selection.words, selection.counts, selection.drop_total],
    "StopTraining": str,
    "Terminated": lambda error: isinstance(error, KeyboardInterrupt),
    "Text8Corpus": list,
    "Update": lambda update: [update.lockf, update.anchor, update.old_words, update.replay],
    "Vocab": _describe_vocabulary,
    "Word2Vec": _describe_model,
    "Word2VecTrainables": vars,
    "Word2VecVocab": vars,
}


def main() -> None:
    """Write the pickles and ``expected.json`` beside this file."""
    expected = {}
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        make_corpus()
        for name, sample in samples().items():
            (HERE / f"{name}.pickle").write_bytes(pickle.dumps(sample, protocol=4))
            expected[name] = describe(sample)
        os.chdir(HERE)
    lines = (f'"{name}": {json.dumps(value)}' for name, value in expected.items())
    (HERE / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

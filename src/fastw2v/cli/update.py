"""``fastw2v update`` and ``fastw2v store``: update a model with new text, and keep the text for later updates.

An update is meant to run unattended. It prints nothing unless something is wrong, and it is all or nothing: the model
is loaded, counts and trains the text in memory, and is saved once, atomically, at the end. If the command ends before
that, it can be repeated as if it had never run. After that, the record of texts in the model says that the text is in
it, and a repetition is refused or skipped.

The text joins the replay store in two steps around the saving of the model. First it is written to the store, where
nothing reads it yet; then the model is saved; then the text is admitted. If the command ends in between, the next
update finds the written text, asks the record of the model whether the model was saved, and admits or drops it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any

import numpy as np

from fastw2v.cli import files
from fastw2v.cli.parser import UsageError
from fastw2v.common.file_lock import locked
from fastw2v.common.files import check_writable, is_same_file, open_atomic, open_input
from fastw2v.corpora import EncodedCorpus
from fastw2v.formats import native
from fastw2v.keyedvectors import load_any
from fastw2v.text.corpus import check_not_read
from fastw2v.text.readers import LineSentence, PathLineSentences
from fastw2v.text.texts import encode_texts
from fastw2v.training.replay_store import ReplayStore
from fastw2v.training.text_history import describe, find
from fastw2v.training.update import Update
from fastw2v.word2vec import Word2Vec

Corpus = LineSentence | PathLineSentences


# --- fastw2v store


def build_store(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Make a store or open it, and add texts; return a summary as values and as text."""
    corpora = [_open_text(path) for path in options.texts]
    store = ReplayStore(options.store, max_words=options.max_words, keep=options.keep)
    for corpus in corpora:
        store.add(corpus)
    summary = {
        "store": options.store,
        "sentences": store.n_sentences,
        "words": store.n_words,
        "max_words": store.max_words,
        "keep": store.keep,
        "texts": len(store.texts),
    }
    return summary, f"{options.store}: {store!r}"


# --- fastw2v update


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Update a model, save it, and return the report.

    Raises
    ------
    UsageError
        If the options contradict each other, a text is in the model already, or the file of the model has changed
        meanwhile.
    """
    if not os.path.isfile(options.model):
        raise UsageError(f"{options.model}: no such file; check the name")
    message = f"another update of {options.model} is running; run the command again when it has ended"
    with locked(options.model, message):
        return _update(options)


def _update(options: argparse.Namespace) -> dict[str, Any]:
    start = time.perf_counter()
    output = options.output or options.model
    corpora = [_open_text(path) for path in options.texts]
    _check_files(options, output, corpora)
    store, replay = _open_replay(options.replay)
    before = _identity(options.model)
    model = Word2Vec.load(options.model)
    model.workers = options.workers
    if store is not None:
        store.settle(model)
    n_words, n_trainings = len(model.wv), model.train_count
    new, skipped = _count_texts(model, corpora, options)
    report: dict[str, Any] = {"model": options.model, "output": output, "texts": [], "skipped": skipped}
    if new:
        _train(model, new, replay, options)
        report["texts"] = [row for row in model.history() if row["training"] == n_trainings]
        wants_report = options.json or options.report is not None
        report["drift"] = model.drift(load_any(options.model)).as_dict() if wants_report else None
        if is_same_file(output, options.model) and _identity(options.model) != before:
            raise UsageError(
                f"{options.model} was changed by another program during the update, which is lost if it is replaced "
                "now; run the command again, one update at a time"
            )
        staged = [] if store is None else store.stage(new)
        files.save(model, output, "native")
        if store is not None:
            store.commit(staged)
    report.update(vocabulary=len(model.wv), new_words=len(model.wv) - n_words)
    report["store"] = None if store is None else {"sentences": store.n_sentences, "words": store.n_words}
    report["seconds"] = round(time.perf_counter() - start, 3)
    if options.report is not None:
        with open_atomic(options.report, "w") as file:
            json.dump(report, file, indent=1, ensure_ascii=False, default=native.plain_scalar)
            file.write("\n")
    return report


def _open_text(path: str) -> Corpus:
    if os.path.isdir(path):
        if ReplayStore.exists(path):
            raise UsageError(
                f"TEXT {path} is a replay store; give the store to --replay, and new text as TEXT"
            )
        return PathLineSentences(path)
    with open_input(path):  # raises an error that names the file if it cannot be read
        pass
    return LineSentence(path)


def _check_files(options: argparse.Namespace, output: str, corpora: list[Corpus]) -> None:
    """Raise an error before any work is done if a file cannot be used or would be overwritten."""
    form = files.input_format(options.model)
    if form in files.VECTORS_ONLY:
        raise UsageError(
            f"{options.model} holds vectors only, which cannot be trained; give the file of a model"
        )
    if form != "native" and options.output is None:
        raise UsageError(
            f"{options.model} is in the format of gensim and is not replaced; name a file with --output"
        )
    if options.anchor_to is not None and options.anchor == 0:
        raise UsageError("--anchor-to needs --anchor, the strength of the pull, of more than 0")
    for name, path in (("OUTPUT", output), ("--report", options.report)):
        if path is None:
            continue
        check_writable(path)
        for corpus in [*corpora, *(text for text in options.replay if os.path.isfile(text))]:
            try:
                check_not_read(name, path, corpus, "the text")
            except ValueError as error:
                raise UsageError(str(error)) from None
    if options.report is not None and any(
        is_same_file(options.report, path) for path in (options.model, output)
    ):
        raise UsageError(f"--report {options.report} would overwrite the model; choose another file name")


def _open_replay(paths: list[str]) -> tuple[ReplayStore | None, Any]:
    """Return the store, if the paths are one, and the value of `Update.replay`."""
    for path in paths:
        if not os.path.exists(path):
            raise UsageError(
                f"--replay {path}: there is no such text or store; 'fastw2v store {path} TEXT... --max-words N' makes "
                "a store of old text"
            )
    stores = [path for path in paths if ReplayStore.exists(path)]
    if stores and len(paths) > 1:
        raise UsageError(
            f"--replay takes one store or any number of texts, not both; add the texts to the store with "
            f"'fastw2v store {stores[0]} TEXT...'"
        )
    if stores:
        store = ReplayStore(stores[0])
        return store, store if store.n_words else None
    return None, list(paths) or None


def _count_texts(
    model: Word2Vec, corpora: list[Corpus], options: argparse.Namespace
) -> tuple[list[Corpus], list[dict[str, Any]]]:
    """Count the words of the new texts; return these, and the rows of the texts that are skipped."""
    new: list[Corpus] = []
    skipped: list[dict[str, Any]] = []
    counted_now: set[str | None] = set()
    for path, corpus in zip(options.texts, corpora, strict=True):
        n_rows = len(model.text_history)
        model.build_vocab(corpus, update=True, known_text="skip", progress=_progress(options))
        row = find(model.text_history, model._scanned_fingerprint)
        is_known = len(model.text_history) == n_rows and row is not None
        if is_known and row is not None and (row["trained"] or row["fingerprint"] in counted_now):
            if not options.skip_known:
                raise UsageError(
                    f"TEXT {path}: {describe(row)}; leave it out, or add --skip-known to skip such texts"
                )
            skipped.append({**row, "text": path})
            continue
        counted_now.add(model._scanned_fingerprint)
        new.append(corpus)
    return new, skipped


def _train(model: Word2Vec, new: list[Corpus], replay: Any, options: argparse.Namespace) -> None:
    encoded = encode_texts(new, model.wv.key_to_index, budget=model.corpus_budget)
    # With the words of the model as its own, training uses the ids as they are.
    corpus = EncodedCorpus(
        encoded.ids, encoded.offsets, encoded.raw_lengths, words=list(model.wv.index_to_key)
    )
    update = _make_update(replay, options)
    if not np.any(encoded.raw_lengths):
        raise UsageError("TEXT has no words; is the file empty?")
    model.train(
        corpus,
        total_examples=corpus.n_sentences,
        total_words=corpus.raw_words,
        epochs=options.epochs or model.epochs,
        update=update,
        progress=_progress(options),
    )


def _make_update(replay: Any, options: argparse.Namespace) -> Update:
    """Return the recommended update if there is old text to replay and no reference; otherwise, anchor the outputs."""
    names = ("alpha", "min_alpha", "lockf", "anchor", "replay_ratio", "drift_threshold")
    settings = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if replay is not None and options.anchor_to is None:
        return Update.recommended(replay=replay, **settings)
    settings = {"anchor": 1.0, **settings}
    return Update(replay=replay, anchor_to=options.anchor_to, outputs=True, **settings)


def _progress(options: argparse.Namespace) -> bool | None:
    return False if options.quiet else None


def _identity(path: str) -> tuple[int, int, int]:
    """Return numbers that change when a file is replaced or written."""
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns

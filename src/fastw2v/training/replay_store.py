"""`ReplayStore`: a store of old text on disk, from which updates replay.

The store is a directory of segments and a manifest that lists them (`fastw2v.formats.replay_manifest`). This module
decides what a store keeps. `fastw2v.training.replay_segments` writes and draws the sentences.

With ``keep="random"``, the store is a sample of all text that was ever added. Every segment has a rate: the probability
that a sentence of its texts is in it. When a segment joins the store, sentences of the segments with higher rates are
dropped until all rates are equal. If the store is too large, sentences of all segments are dropped at random, and the
rates fall together. Every sentence thus has the same probability to stay, whenever it was added. This is reservoir
sampling, where the size of the reservoir is measured in words.

A text can be added in two steps, `stage` and `commit`, so that a model and its store change together: the text is
written, then the model is saved, then the text is added to the store. If the process ends in between, `settle` adds the
staged texts that the saved model was trained on, and drops the others.

References
----------
Vitter, "Random Sampling with a Reservoir", ACM Transactions on Mathematical Software 11, 1985.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import math
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from fastw2v.common.file_lock import locked
from fastw2v.common.files import local_path
from fastw2v.common.logs import get_logger
from fastw2v.common.validation import (
    as_choice,
    as_int,
    as_list,
    as_optional_int,
    check_mapping,
    check_path,
)
from fastw2v.formats import encoded_corpus, replay_manifest
from fastw2v.formats.fingerprint import Fingerprint
from fastw2v.formats.replay_manifest import KEEP, Manifest, Segment
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.scanning import scan
from fastw2v.text.texts import STORE_FILE, open_texts
from fastw2v.training.replay_segments import Part, StoredText, build_segment, sentences_of

logger = get_logger(__name__, "models.word2vec")

Opened = TypeVar("Opened")

MAX_SEGMENTS = 32  # with more segments, some are merged until half of them are left
MAX_TEXTS = 10_000  # largest number of texts that are remembered


class ReplayStore:
    """A store of old text on disk that grows with each update: ``Update(replay=store)``.

    An update that replays old text from files reads and encodes all of it. A store keeps the text encoded, with all its
    words, and an update reads only the sentences that it trains. The model may have gained, lost or sorted words since
    the sentences were stored; words that the model lacks are left out.

    All changes are atomic: if the process or the system is stopped at any moment, the store is in the state before the
    change or after it. Any number of processes may read a store while one process changes it.

    Iterating yields the sentences as lists of words.

    Parameters
    ----------
    path : str or path
        A local directory. If it does not exist or is empty, a new store is made there.
    max_words : int, optional
        The largest number of words in the store; a word takes about 4 bytes on disk. A new value for an existing store
        takes effect with the next text. By default, a new store has no limit.
    keep : {"random", "newest"}, optional
        Which text stays when there is more than `max_words`. "random" keeps a random sample of all sentences ever
        added, in which each sentence has the same chance to be. "newest" keeps the newest text; the oldest is dropped
        in pieces of about a sixteenth of the store. The default of a new store is "random".
    seed : int, optional
        The seed of all random choices; by default 0 for a new store.

    Raises
    ------
    ValueError
        If the store exists and has another `keep` or `seed`, or is damaged; or if the directory contains other files.
    OSError
        If the directory cannot be read or made.

    Examples
    --------
    >>> import os, tempfile
    >>> from fastw2v import ReplayStore, Update, Word2Vec
    >>> old = [["the", "cat", "sat"], ["the", "dog", "barked"]] * 50
    >>> new = [["the", "axolotl", "sat"]] * 20
    >>> model = Word2Vec(old, vector_size=8, min_count=1, workers=1)
    >>> directory = tempfile.TemporaryDirectory()
    >>> store = ReplayStore(os.path.join(directory.name, "old-text"), max_words=1_000_000)
    >>> store.add(old)
    100
    >>> model.build_vocab(new, update=True)
    >>> _ = model.train(new, total_examples=len(new), epochs=2, update=Update(replay=store))
    >>> store.add(new)
    20
    >>> store
    <ReplayStore: 120 sentences, 360 of at most 1,000,000 words, keep='random'>
    >>> del store
    >>> directory.cleanup()
    """

    is_reusable = True  # for `fastw2v.text.corpus`: two passes give the same sentences

    def __init__(
        self, path: Any, *, max_words: int | None = None, keep: str | None = None, seed: int | None = None
    ) -> None:
        check_path("path", path)
        local = local_path(path)
        if local is None:
            raise ValueError(
                f"path={os.fspath(path)!r} must be a local directory, because its files are mapped"
            )
        self.path = os.path.abspath(local)
        max_words = as_optional_int("max_words", max_words, minimum=1)
        keep = None if keep is None else as_choice("keep", keep, KEEP)
        seed = None if seed is None else as_int("seed", seed, minimum=0)
        manifest = replay_manifest.read(self.path)
        if manifest is None:
            self._manifest = Manifest(max_words=max_words, keep=keep or "random", seed=seed or 0)
            self._create()
            return
        for name, value in (("keep", keep), ("seed", seed)):
            if value is not None and value != getattr(manifest, name):
                raise ValueError(
                    f"the store {self.path!r} has {name}={getattr(manifest, name)!r}, not {value!r}; leave out {name}, "
                    "or make a new store in another directory"
                )
        self._manifest = manifest
        if max_words is not None and max_words != manifest.max_words:
            with self._changing():
                self._write(replace(self._manifest, max_words=max_words))

    @staticmethod
    def exists(path: Any) -> bool:
        """Return whether there is a store at a path.

        Parameters
        ----------
        path : str or path

        Returns
        -------
        bool

        Examples
        --------
        >>> from fastw2v import ReplayStore
        >>> ReplayStore.exists("no-such-directory")
        False
        """
        check_path("path", path)
        local = local_path(path)
        return local is not None and os.path.isfile(os.path.join(local, STORE_FILE))

    def _create(self) -> None:
        os.makedirs(self.path, exist_ok=True)
        if os.listdir(self.path):
            raise ValueError(
                f"the directory {self.path!r} is not empty and is no replay store; name another one"
            )
        replay_manifest.write(self.path, self._manifest)

    # --- what the store holds

    @property
    def max_words(self) -> int | None:
        """The largest number of raw words that the store may hold; None means no limit."""
        return self._manifest.max_words

    @property
    def keep(self) -> str:
        """Which sentences stay: "random" or "newest"."""
        return self._manifest.keep

    @property
    def n_sentences(self) -> int:
        """Number of sentences in the store."""
        return sum(segment.sentences for segment in self._manifest.segments)

    @property
    def n_words(self) -> int:
        """Number of words in the store."""
        return sum(segment.words for segment in self._manifest.segments)

    @property
    def texts(self) -> list[dict[str, Any]]:
        """The texts that were added: ``fingerprint``, ``added`` (date), ``sentences``, ``words``; the newest last."""
        return [dict(text) for text in self._manifest.texts]

    @property
    def staged(self) -> list[dict[str, Any]]:
        """The texts that `stage` has written and that are not yet in the store."""
        return [dict(text) for text in self._manifest.staged_texts]

    def __iter__(self) -> Iterator[list[Any]]:
        return sentences_of(self._opened(list))

    def __repr__(self) -> str:
        limit = "" if self.max_words is None else f" of at most {self.max_words:,}"
        return f"<ReplayStore: {self.n_sentences:,} sentences, {self.n_words:,}{limit} words, keep={self.keep!r}>"

    def encoded(self, key_to_index: Mapping[Any, int]) -> StoredText:
        """Return the sentences by the ids of a vocabulary, as replay draws them; nothing is copied.

        Later changes of the store do not change the result.

        Parameters
        ----------
        key_to_index : mapping of hashable to int
            The id of each word.

        Returns
        -------
        StoredText
        """
        check_mapping("key_to_index", key_to_index, "words to integers")
        return self._opened(lambda segments: StoredText(segments, key_to_index))

    def _opened(self, use: Callable[[Iterator[EncodedCorpus]], Opened]) -> Opened:
        """Return the result of a function of the mapped segments of the present store."""
        for attempt in range(5):  # another process may have replaced the segments since the manifest was read
            self._refresh()
            try:
                return use(self._read(segment) for segment in self._manifest.segments)
            except FileNotFoundError:
                if attempt == 4:
                    raise
        raise AssertionError("unreachable")

    def _read(self, segment: Segment) -> EncodedCorpus:
        path = os.path.join(self.path, segment.file)
        fields = encoded_corpus.read(path)
        n = segment.sentences
        if n > len(fields["raw_lengths"]):
            raise ValueError(
                f"{path!r} has {len(fields['raw_lengths'])} sentences; expected {segment.written}: the file is not "
                "that of the store"
            )
        return EncodedCorpus(
            fields["ids"][: fields["offsets"][n]],
            fields["offsets"][: n + 1],
            fields["raw_lengths"][:n],
            words=fields["words"],
        )

    # --- changes

    def add(self, texts: Any, *, budget: float | None = None) -> int:
        """Add texts to the store; return how many of their sentences it kept.

        A text that was added before is not added again, and a warning names the date.

        Parameters
        ----------
        texts : iterable of lists of str, path, or list of these
            As for `Update.replay`. Each is read once.
        budget : float, optional
            Bytes of memory for the ids; more ids are written to a temporary file. By default it is a quarter of the
            free memory.

        Returns
        -------
        int

        Raises
        ------
        TypeError
            If a text cannot be read as a corpus.
        OSError
            If a file cannot be read or written.
        RuntimeError
            If another process is changing the store.

        Examples
        --------
        >>> import os, tempfile
        >>> from fastw2v import ReplayStore
        >>> directory = tempfile.TemporaryDirectory()
        >>> store = ReplayStore(os.path.join(directory.name, "store"), max_words=30)
        >>> store.add([["a", "sentence"]] * 20), store.n_words
        (15, 30)
        >>> directory.cleanup()
        """
        with self._changing():
            before = {segment.number for segment in self._manifest.segments}
            changed = self._committed(*self._staged(self._manifest, texts, budget, warn=True))
            self._write(self._compacted(changed))
            return sum(segment.sentences for segment in changed.segments if segment.number not in before)

    def stage(self, texts: Any, *, budget: float | None = None) -> list[str]:
        """Write texts to disk without adding them to the store; return their fingerprints, for `commit`.

        Texts that are in the store or staged already are not written again; their fingerprints are returned too.

        Parameters
        ----------
        texts, budget
            As for `add`.

        Returns
        -------
        list of str

        Raises
        ------
        TypeError, OSError, RuntimeError
            As from `add`.

        Examples
        --------
        >>> import os, tempfile
        >>> from fastw2v import ReplayStore
        >>> directory = tempfile.TemporaryDirectory()
        >>> store = ReplayStore(os.path.join(directory.name, "store"))
        >>> staged = store.stage([["a", "sentence"]])
        >>> store.n_sentences, len(store.staged)
        (0, 1)
        >>> store.commit(staged)
        >>> store.n_sentences, len(store.staged)
        (1, 0)
        >>> directory.cleanup()
        """
        with self._changing():
            manifest, fingerprints = self._staged(self._manifest, texts, budget, warn=False)
            self._write(manifest)
            return fingerprints

    def commit(self, fingerprints: Collection[str]) -> None:
        """Add staged texts to the store; other staged texts stay staged.

        Parameters
        ----------
        fingerprints : collection of str
            The fingerprints of the texts, which `stage` returned.

        Raises
        ------
        ValueError
            If a text is neither staged nor in the store.
        RuntimeError
            If another process is changing the store.

        Examples
        --------
        See `stage`.
        """
        if isinstance(fingerprints, str):
            raise TypeError(f"fingerprints must be a list of strings, not the string {fingerprints!r:.80}")
        fingerprints = as_list("fingerprints", fingerprints, "strings")
        with self._changing():
            known = {text["fingerprint"] for text in [*self._manifest.texts, *self._manifest.staged_texts]}
            if not known.issuperset(fingerprints):
                raise ValueError(
                    f"fingerprints names a text that is not staged in the replay store {self.path!r}: another program "
                    "has settled the store meanwhile; add the text with add()"
                )
            self._write(self._compacted(self._committed(self._manifest, fingerprints)))

    def settle(self, history: Any) -> None:
        """Add the staged texts that a model has been trained on to the store, and drop the others.

        Call it with the saved model before an update. It completes or undoes an earlier update that ended before
        `commit`.

        Parameters
        ----------
        history : Word2Vec, or iterable of dict
            The model, or the result of `Word2Vec.history`.

        Raises
        ------
        TypeError
            If `history` is neither.
        RuntimeError
            If another process is changing the store.
        """
        rows = as_list("history", history.history() if hasattr(history, "history") else history, "dicts")
        if not all(isinstance(row, Mapping) for row in rows):
            raise TypeError(f"history must be a model or its history(), not {history!r:.80}")
        known = {row.get("fingerprint") for row in rows if row.get("trained")}
        if not self._refresh().staged:
            return
        with self._changing():
            manifest = self._compacted(self._committed(self._manifest, known))
            for text in self._manifest.staged_texts:
                logger.warning(
                    "an earlier update ended before the replay store %s was complete: the text of %s, added on %s, %s",
                    self.path, f"{text['words']:,} words", text["added"],
                    "is in the model and was added to the store" if text["fingerprint"] in known
                    else "is not in the model and was dropped from the store",
                )  # fmt: skip
            self._write(replace(manifest, staged=[], staged_texts=[]))

    # --- one change: from a manifest to the next one

    def _staged(
        self, manifest: Manifest, texts: Any, budget: float | None, *, warn: bool
    ) -> tuple[Manifest, list[str]]:
        """Write the new ones of some texts to segments; return the manifest with these, and all fingerprints."""
        fingerprints = []
        try:
            corpora = open_texts(texts)
        except TypeError as error:
            raise TypeError(f"texts cannot be read: {error}") from error
        for corpus in corpora:
            fingerprint = Fingerprint()
            is_encoded = isinstance(corpus, EncodedCorpus)
            found = scan(corpus, keep_ids=not is_encoded, budget=budget, digest=fingerprint)
            words = list(found.counts)
            fingerprints.append(fingerprint.value(found.counts))
            known = next(
                (
                    text
                    for text in [*manifest.texts, *manifest.staged_texts]
                    if text["fingerprint"] == fingerprints[-1]
                ),
                None,
            )
            if known is not None:
                logger.log(
                    logging.WARNING if warn else logging.INFO,
                    "the replay store %s has this text of %s since %s; it is not added again",
                    self.path, f"{known['words']:,} words", known["added"],
                )  # fmt: skip
                continue
            encoded = corpus if found.provisional is None else replace(found.provisional, words=words)
            assert isinstance(encoded, EncodedCorpus)
            text = {
                "fingerprint": fingerprints[-1],
                "added": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
                "sentences": found.n_sentences,
                "words": found.total_words,
            }
            manifest, segment = self._write_segment(manifest, encoded, budget)
            manifest = replace(
                manifest, staged=[*manifest.staged, segment], staged_texts=[*manifest.staged_texts, text]
            )
        return manifest, fingerprints

    def _write_segment(
        self, manifest: Manifest, corpus: EncodedCorpus, budget: float | None
    ) -> tuple[Manifest, Segment]:
        """Write a new text, or the sample of it that the store can keep, to a segment."""
        generator = self._generator(manifest)
        rate = _common_rate(manifest.segments) if manifest.keep == "random" else 1.0
        sentences = np.flatnonzero(np.asarray(corpus.raw_lengths) > 0)
        if rate < 1:
            sentences = sentences[generator.random(len(sentences)) < rate]
        if manifest.max_words is not None and corpus.raw_lengths[sentences].sum() > manifest.max_words:
            sentences = generator.permutation(sentences)
            n_all = len(sentences)
            words_at = np.cumsum(corpus.raw_lengths[sentences])
            sentences = sentences[: np.searchsorted(words_at, manifest.max_words, side="right")]
            rate *= len(sentences) / n_all
        return self._write_parts(manifest, [(corpus, sentences)], rate, generator, budget)

    def _write_parts(
        self,
        manifest: Manifest,
        parts: list[Part],
        rate: float,
        generator: np.random.Generator,
        budget: float | None = None,
    ) -> tuple[Manifest, Segment]:
        built = build_segment(parts, generator, budget)
        segment = Segment(manifest.next_number, built.n_sentences, built.raw_words, built.n_sentences, rate)
        encoded_corpus.write(os.path.join(self.path, segment.file), built)
        return replace(manifest, next_number=manifest.next_number + 1), segment

    def _committed(self, manifest: Manifest, fingerprints: Collection[str]) -> Manifest:
        """Return the manifest with some staged texts in the store, from which excess sentences are dropped."""
        admitted = [text["fingerprint"] in fingerprints for text in manifest.staged_texts]
        if not any(admitted):
            return manifest
        segments = manifest.segments + _those(manifest.staged, admitted)
        texts = (manifest.texts + _those(manifest.staged_texts, admitted))[-MAX_TEXTS:]
        waiting = [not is_admitted for is_admitted in admitted]
        manifest = replace(
            manifest,
            texts=texts,
            staged=_those(manifest.staged, waiting),
            staged_texts=_those(manifest.staged_texts, waiting),
        )
        generator = self._generator(manifest)
        if manifest.keep == "random":
            segments = self._with_one_rate(segments, generator)
            segments = self._without_random_excess(segments, manifest.max_words, generator)
        else:
            segments = self._without_oldest_excess(segments, manifest.max_words)
        return replace(manifest, segments=[segment for segment in segments if segment.sentences])

    def _with_one_rate(self, segments: list[Segment], generator: np.random.Generator) -> list[Segment]:
        """Drop random sentences of the segments with higher rates, until all rates are equal."""
        rate = _common_rate(segments)
        return [
            segment
            if segment.rate <= rate
            else self._shortened(
                segment, int(generator.binomial(segment.sentences, rate / segment.rate)), rate
            )
            for segment in segments
        ]

    def _without_random_excess(
        self, segments: list[Segment], max_words: int | None, generator: np.random.Generator
    ) -> list[Segment]:
        """Drop random sentences of all segments until there are at most `max_words` words."""
        while max_words is not None and (n_words := sum(s.words for s in segments)) > max_words:
            n_sentences = left = sum(segment.sentences for segment in segments)
            dropped = n_dropped = min(math.ceil((n_words - max_words) * n_sentences / n_words), n_sentences)
            rate = _common_rate(segments) * (n_sentences - dropped) / n_sentences
            shortened = []
            for segment in segments:
                left -= segment.sentences
                share = int(generator.hypergeometric(segment.sentences, left, n_dropped)) if n_dropped else 0
                n_dropped -= share
                shortened.append(self._shortened(segment, segment.sentences - share, rate))
            segments = shortened
        return segments

    def _without_oldest_excess(self, segments: list[Segment], max_words: int | None) -> list[Segment]:
        """Drop the oldest segments, and sentences of the oldest remaining one, down to `max_words` words."""
        excess = 0 if max_words is None else sum(segment.words for segment in segments) - max_words
        kept = []
        for segment in segments:
            if excess <= 0:
                kept.append(segment)
            elif segment.words > excess:
                words_at = np.cumsum(self._read(segment).raw_lengths)
                n = int(np.searchsorted(words_at, segment.words - excess, side="right"))
                kept.append(self._shortened(segment, n, segment.rate))
            excess -= segment.words
        return kept

    def _shortened(self, segment: Segment, sentences: int, rate: float) -> Segment:
        if sentences == segment.sentences:
            return replace(segment, rate=rate)
        words = int(self._read(segment).raw_lengths[:sentences].sum())
        return replace(segment, sentences=sentences, words=words, rate=rate)

    def _compacted(self, manifest: Manifest) -> Manifest:
        """Rewrite the segments of which most sentences were dropped, and merge neighbours if there are many."""
        groups = [[segment] for segment in manifest.segments]
        if len(groups) > MAX_SEGMENTS:
            while len(groups) > MAX_SEGMENTS // 2:
                sizes = [sum(segment.sentences for segment in group) for group in groups]
                first = min(range(len(groups) - 1), key=lambda i: sizes[i] + sizes[i + 1])
                groups[first : first + 2] = [groups[first] + groups[first + 1]]
        segments: list[Segment] = []
        for group in groups:
            if len(group) == 1 and 2 * group[0].sentences >= group[0].written:
                segments += group
                continue
            parts = [(self._read(segment), np.arange(segment.sentences)) for segment in group]
            generator = self._generator(manifest)
            manifest, merged = self._write_parts(manifest, parts, min(s.rate for s in group), generator)
            segments.append(merged)
        return replace(manifest, segments=segments)

    def _generator(self, manifest: Manifest) -> np.random.Generator:
        """Return a generator that depends on the seed and on the texts that were added to the store."""
        return np.random.default_rng([manifest.seed, manifest.generation, manifest.next_number])

    # --- files

    def _refresh(self) -> Manifest:
        manifest = replay_manifest.read(self.path)
        if manifest is None:
            raise FileNotFoundError(
                f"the replay store {self.path!r} has no {STORE_FILE} any more; restore it"
            )
        self._manifest = manifest
        return manifest

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Context manager in which no other process changes the store; it reads the present manifest first."""
        message = f"another process is changing the replay store {self.path!r}; try again when it has ended"
        with locked(self.path, message):
            self._refresh()
            self._remove_remains()
            yield

    def _write(self, manifest: Manifest) -> None:
        """Replace the manifest, and remove the segments that it no longer names."""
        present = replay_manifest.read(self.path)
        if present is None or present.generation != self._manifest.generation:
            raise RuntimeError(
                f"another process has changed the replay store {self.path!r} meanwhile; try again"
            )
        manifest = replace(manifest, generation=manifest.generation + 1)
        replay_manifest.write(self.path, manifest)
        self._manifest = manifest
        self._remove_remains()

    def _remove_remains(self) -> None:
        """Remove the segments that the manifest does not name, which an interrupted or undone change has left."""
        named = {segment.file for segment in [*self._manifest.segments, *self._manifest.staged]}
        prefix = replay_manifest.PREFIX
        for name in os.listdir(self.path):
            is_temporary = name.startswith(f".{prefix}") and name.endswith(".tmp")
            if is_temporary or (name.startswith(prefix) and name not in named):
                with contextlib.suppress(OSError):  # Windows does not remove files that are mapped
                    os.unlink(os.path.join(self.path, name))


def _common_rate(segments: list[Segment]) -> float:
    return min((segment.rate for segment in segments), default=1.0)


def _those(items: list[Any], chosen: list[bool]) -> list[Any]:
    return [item for item, is_chosen in zip(items, chosen, strict=True) if is_chosen]


ReplayStore.__module__ = "fastw2v.word2vec"  # the public module that exports the class, which pickles name

"""Phrases of several words, found by their counts and joined to one token: gensim's `Phrases` and `FrozenPhrases`.

A phrase is a word, any number of connector words, and another word that occur next to each other more often than their
own counts suggest. A model of phrases is a table of counts; the scores are computed from it.

Data flow::

    corpus --scan_phrases--> PhraseTable --candidates, scores--> dict of phrases and scores
    sentence --PhraseMatcher--> sentence with joined phrases

1. `Phrases.add_vocab` counts the words and phrase candidates of a corpus. The corpus becomes integer ids, pairs of ids
   are counted in a hash table, and the result is a table of UTF-8 texts (`fastw2v.text.phrase_table`).
2. `export_phrases` scores every candidate of the table, and `freeze` keeps only the accepted ones.
3. ``phrases[sentence]`` looks up pairs of token numbers in a `PhraseMatcher`, which scores a pair when it first
   occurs. The matcher is derived from the table and the settings, and made anew when one of them has changed.
4. ``phrases[corpus]`` is a `TransformedCorpus`, which transforms one sentence after another each time it is iterated.

The counts, the scores and the order of the phrases are gensim's.

References
----------
Mikolov, Sutskever, Chen, Corrado and Dean, "Distributed Representations of Words and Phrases and their
Compositionality", NIPS 2013. Bouma, "Normalized (Pointwise) Mutual Information in Collocation Extraction", GSCL 2009.
"""

from __future__ import annotations

import inspect
import itertools
import logging
import math
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from fastw2v.common.validation import as_float, as_int, as_list, check_str
from fastw2v.formats import describe_damage, phrase_state
from fastw2v.formats.phrase_state import PhraseState
from fastw2v.text import phrase_table
from fastw2v.text.corpus import is_reusable, open_corpus
from fastw2v.text.phrase_scanning import DEFAULT_MAX_VOCAB_SIZE, log_pruning, scan_phrases
from fastw2v.text.phrase_table import PhraseMatcher, PhraseTable

__all__ = [
    "ENGLISH_CONNECTOR_WORDS",
    "FrozenPhrases",
    "Phraser",
    "Phrases",
    "TransformedCorpus",
    "npmi_scorer",
    "original_scorer",
]

logger = logging.getLogger("gensim.models.phrases")

PathLike = str | os.PathLike[str]
Scorer = Callable[..., float]
Candidate = tuple[str, float] | tuple[None, None]
P = TypeVar("P", bound="_PhrasesTransformation")

NEGATIVE_INFINITY = float("-inf")

# Articles, prepositions and conjunctions; the same words as in gensim.
ENGLISH_CONNECTOR_WORDS = frozenset(
    ["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "without"]
)


# --- scores


def original_scorer(
    worda_count: float,
    wordb_count: float,
    bigram_count: float,
    len_vocab: float,
    min_count: float,
    corpus_word_count: float,
) -> float:
    """Score a phrase as Mikolov et al. do: ``(bigram_count - min_count) * len_vocab / (worda_count * wordb_count)``.

    Parameters
    ----------
    worda_count, wordb_count, bigram_count : int
        Counts of the first word, of the last word and of the phrase.
    len_vocab : int
        Number of distinct words and phrase candidates.
    min_count : float
        Subtracted from the count of the phrase, so that rare ones score low.
    corpus_word_count : int
        Without effect.

    Returns
    -------
    float
        The score; -inf if a word has a count of 0.

    Examples
    --------
    >>> from fastw2v.models.phrases import original_scorer
    >>> original_scorer(10, 20, 7, len_vocab=1000, min_count=5, corpus_word_count=0)
    10.0
    """
    if worda_count * wordb_count == 0:
        return NEGATIVE_INFINITY
    return (bigram_count - min_count) / float(worda_count * wordb_count) * len_vocab


def npmi_scorer(
    worda_count: float,
    wordb_count: float,
    bigram_count: float,
    len_vocab: float,
    min_count: float,
    corpus_word_count: float,
) -> float:
    """Score a phrase by normalised pointwise mutual information: ``ln(p(a, b) / (p(a) * p(b))) / -ln(p(a, b))``.

    Parameters
    ----------
    worda_count, wordb_count, bigram_count : int
        Counts of the first word, of the last word and of the phrase.
    len_vocab : int
        Without effect.
    min_count : float
        Rarer phrases score -inf.
    corpus_word_count : int
        Number of tokens of the corpus.

    Returns
    -------
    float
        The score, from -1 to 1; -inf for a rare phrase, and if a count is 0.

    Examples
    --------
    >>> from fastw2v.models.phrases import npmi_scorer
    >>> round(npmi_scorer(10, 10, 10, len_vocab=0, min_count=5, corpus_word_count=1000), 6)
    1.0
    """
    if bigram_count < min_count or 0 in (worda_count, wordb_count, bigram_count):
        return NEGATIVE_INFINITY
    words = float(corpus_word_count)
    share = bigram_count / words
    return math.log(share / (worda_count / words * (wordb_count / words))) / -math.log(share)


_SCORERS = {"default": original_scorer, "npmi": npmi_scorer}
_COMPILED = {"default": phrase_table.ORIGINAL, "npmi": phrase_table.NPMI}
_SCORER_PARAMETERS = tuple(inspect.signature(original_scorer).parameters)


def _name_of_scorer(scoring: Any) -> str | None:
    """Return the name of one of the scoring functions of this module, None for any other one."""
    return next((name for name, scorer in _SCORERS.items() if scorer is scoring), None)


def _check_scorer(scoring: Any) -> Scorer:
    """Return the scoring function that the argument `scoring` selects."""
    if isinstance(scoring, str):
        if scoring not in _SCORERS:
            raise ValueError(
                f"unknown scoring method string {scoring} specified; use 'default', 'npmi' or a function"
            )
        return _SCORERS[scoring]
    if not callable(scoring):
        raise TypeError(f"scoring={scoring!r:.80} must be 'default', 'npmi' or a function")
    parameters = inspect.signature(scoring).parameters.values()
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        names = {
            parameter.name for parameter in parameters if parameter.kind is not parameter.POSITIONAL_ONLY
        }
        missing = [name for name in _SCORER_PARAMETERS if name not in names]
        if missing:
            raise ValueError(f"scoring function missing expected parameters {missing}")
    return scoring  # type: ignore[no-any-return]


# --- corpora


class TransformedCorpus:
    """A corpus whose phrases are joined while it is iterated; ``phrases[corpus]`` makes one.

    It can be iterated as often as the corpus itself, and serves as the `sentences` of `Word2Vec` and of another
    `Phrases`.

    Parameters
    ----------
    phrases : Phrases or FrozenPhrases
        The phrases to join.
    corpus : iterable
        Sentences.

    Examples
    --------
    >>> from fastw2v.models.phrases import Phrases
    >>> sentences = [["new", "york", "is", "big"], ["new", "york", "is", "far"]]
    >>> joined = Phrases(sentences, min_count=1, threshold=1.5)[sentences]
    >>> list(joined)
    [['new_york', 'is', 'big'], ['new_york', 'is', 'far']]
    >>> joined[1], len(joined)
    (['new_york', 'is', 'far'], 2)
    """

    def __init__(self, phrases: _PhrasesTransformation, corpus: Any) -> None:
        self.obj = phrases
        self.corpus = corpus

    @property
    def is_reusable(self) -> bool:
        """Whether `Word2Vec` may read the corpus once and train on it many times; see `fastw2v.corpora.is_reusable`."""
        return type(self.obj) in (Phrases, FrozenPhrases) and is_reusable(self.corpus)

    def __iter__(self) -> Iterator[Any]:
        phrases = self.obj
        for sentence in self.corpus:
            yield phrases[sentence]

    def __len__(self) -> int:
        return len(self.corpus)

    def __getitem__(self, index: Any) -> Any:
        if not hasattr(self.corpus, "__getitem__"):
            raise RuntimeError(
                f"Type {type(self.corpus)} does not support slicing; iterate over the corpus, or make a list of it"
            )
        return self.obj[self.corpus[index]]


class PhraseCounts(Mapping[str, int]):
    """The counts of words and phrase candidates: a read-only mapping, which makes no strings until it is iterated.

    Parameters
    ----------
    table : PhraseTable
        The counts.

    Examples
    --------
    >>> from fastw2v.models.phrases import Phrases
    >>> Phrases([["new", "york"], ["new", "york"]]).vocab
    PhraseCounts({'new': 2, 'york': 2, 'new_york': 2})
    """

    def __init__(self, table: PhraseTable) -> None:
        self._table = table

    def __getitem__(self, text: Any) -> int:
        count: int | None = self._table.get(text)
        if count is None:
            raise KeyError(text)
        return count

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.texts())

    def __len__(self) -> int:
        return len(self._table)

    def copy(self) -> dict[str, int]:
        """Return all texts and counts as a new dict.

        Examples
        --------
        >>> from fastw2v.models.phrases import Phrases
        >>> Phrases([["new", "york"]]).vocab.copy()
        {'new': 1, 'york': 1, 'new_york': 1}
        """
        return dict(zip(self._table.texts(), self._table.counts().tolist(), strict=True))

    def __repr__(self) -> str:
        shown = dict(itertools.islice(self.items(), 20)) if len(self) <= 1000 else "..."
        return f"PhraseCounts({shown}{', ...' if 20 < len(self) <= 1000 else ''})"


class _ObservedDict(dict[str, float]):
    """A dict that calls a function before it is changed."""

    def __init__(self, items: Any, changed: Callable[[], None]) -> None:
        super().__init__(items)
        self._changed = changed

    def __reduce_ex__(self, protocol: Any) -> Any:
        return dict, (dict(self),)


def _observed(name: str) -> Any:
    method = getattr(dict, name)

    def observed(self: _ObservedDict, *args: Any, **kwargs: Any) -> Any:
        self._changed()
        try:
            return method(self, *args, **kwargs)
        finally:
            self._changed()

    observed.__name__ = name
    return observed


for _name in (
    "__setitem__", "__delitem__", "__ior__", "clear", "pop", "popitem", "setdefault", "update",
):  # fmt: skip
    setattr(_ObservedDict, _name, _observed(_name))


def _joined(delimiter: str, word_a: str, in_between: list[str], word_b: str) -> str:
    """Return the words of a candidate as one, or raise a TypeError that names what is no str."""
    check_str("word_a", word_a)
    check_str("word_b", word_b)
    for word in as_list("in_between", in_between, "words"):
        check_str("a word of in_between", word)
    return delimiter.join([word_a, *in_between, word_b])


def _open_sentences(sentences: Any) -> Iterable[Any]:
    """Return the corpus, or raise a TypeError if it is none."""
    try:
        return open_corpus(sentences, None, passes=1)
    except TypeError as error:
        # The message names the arguments of Word2Vec, of which this module has one, under another name.
        message = str(error).replace("corpus_file=path or ", "").replace("corpus_iterable", "sentences")
        raise TypeError(message) from None


# --- models


def _from_gensim(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a pickled object with the attributes of this module; gensim 4's are renamed.

    `install_as_gensim` lets pickles of gensim's classes become objects of this module.
    """
    if "connector_words" not in state:
        return state
    own = {"_matcher": None, "_matcher_settings": (), **state}
    own["_connector_words"] = frozenset(own.pop("connector_words"))
    return own


class _PhrasesTransformation:
    """What `Phrases` and `FrozenPhrases` have in common."""

    # Set by the subclasses.
    threshold: float
    min_count: float
    delimiter: str
    scoring: Any

    def __init__(self, connector_words: Iterable[str]) -> None:
        self._matcher: PhraseMatcher | None = None
        self._matcher_settings: tuple[Any, ...] = ()
        self.connector_words = connector_words

    @property
    def connector_words(self) -> frozenset[str]:
        """The words that may stand within a phrase, as a frozenset."""
        return self._connector_words

    @connector_words.setter
    def connector_words(self, words: Iterable[str]) -> None:
        if isinstance(words, (str, bytes)):
            raise TypeError(
                f"connector_words={words!r:.80} must be a set of words; split the text, for example by .split()"
            )
        self._connector_words = frozenset(as_list("connector_words", words, "words"))

    def _settings(self) -> tuple[Any, ...]:
        """Return everything but the phrases themselves that determines how a sentence is transformed."""
        raise NotImplementedError

    def _make_matcher(self) -> PhraseMatcher:
        raise NotImplementedError

    def _current_matcher(self) -> PhraseMatcher:
        matcher, settings = self._matcher, self._settings()
        if matcher is None or matcher.is_full or self._matcher_settings != settings:
            matcher = self._make_matcher()
            self._matcher_settings, self._matcher = settings, matcher
        return matcher

    def _forget_matcher(self) -> None:
        self._matcher = None

    def _is_overridden(self) -> bool:
        """Return whether a subclass decides in its own way what a phrase is."""
        kind = type(self)
        base = Phrases if isinstance(self, Phrases) else FrozenPhrases
        return (
            kind.score_candidate is not base.score_candidate
            or kind.analyze_sentence is not base.analyze_sentence
        )

    def _join(self, sentence: Iterable[Any], found: dict[str, float] | None = None) -> list[Any]:
        """Return a sentence with its phrases joined, and add the phrases and their scores to `found`."""
        if not self._is_overridden():
            joined: list[Any] = self._current_matcher().transform(sentence, found)
            return joined
        tokens = list(self.analyze_sentence(sentence))
        if found is not None:
            found.update((phrase, score) for phrase, score in tokens if score is not None)
        return [token for token, _ in tokens]

    def score_candidate(self, word_a: str, word_b: str, in_between: list[str]) -> Candidate:
        """Return the joined phrase and its score, or ``(None, None)`` if the words are no phrase.

        Parameters
        ----------
        word_a, word_b : str
            The first and the last word.
        in_between : list of str
            The connector words between them.
        """
        raise NotImplementedError

    def analyze_sentence(self, sentence: Iterable[str]) -> Iterator[tuple[str, float | None]]:
        """Yield the tokens of a sentence with its phrases joined, and the score of each.

        Parameters
        ----------
        sentence : iterable of str
            The tokens.

        Yields
        ------
        (str, float or None)
            A phrase and its score, or a token that belongs to no phrase and None.

        Examples
        --------
        >>> from fastw2v.models.phrases import Phrases
        >>> phrases = Phrases([["new", "york"], ["new", "york"]], min_count=1, threshold=0.5)
        >>> list(phrases.analyze_sentence(["in", "new", "york"]))
        [('in', None), ('new_york', 0.75)]
        """
        pending: list[str] = []  # a word, and the connector words that follow it
        for token in as_list("sentence", sentence, "tokens"):
            if token in self._connector_words:
                if pending:
                    pending.append(token)
                else:
                    yield token, None
                continue
            if pending:
                phrase, score = self.score_candidate(pending[0], token, pending[1:])
                if phrase is not None and score is not None:
                    yield phrase, score
                    pending = []
                    continue
                for part in pending:
                    yield part, None
            pending = [token] if token else []  # gensim drops empty tokens
        for part in pending:
            yield part, None

    def __getitem__(self, sentence: Any) -> Any:
        """Return a sentence, or a corpus, in which the words of each phrase are joined.

        Parameters
        ----------
        sentence : iterable of str, or iterable of sentences
            A sentence or a corpus; its first item decides.

        Returns
        -------
        list of str, TransformedCorpus or generator
            A list for a sentence. For a corpus, a corpus that can be iterated as often as the given one: a generator
            for an iterator, which can be read once.
        """
        if type(sentence) in (list, tuple):
            if not sentence or isinstance(sentence[0], str):
                return self._join(sentence)
            return TransformedCorpus(self, sentence)
        iterator = iter(sentence)
        for first in iterator:
            items = itertools.chain((first,), iterator)
            if isinstance(first, str):
                return self._join(items)
            return (
                (self[item] for item in items) if iterator is sentence else TransformedCorpus(self, sentence)
            )
        return []

    def find_phrases(self, sentences: Iterable[Iterable[str]]) -> dict[str, float]:
        """Return the phrases that occur in a corpus, and their scores.

        Parameters
        ----------
        sentences : iterable of iterable of str
            The corpus.

        Returns
        -------
        dict of str to float
            In the order of first occurrence.

        Examples
        --------
        >>> from fastw2v.models.phrases import Phrases
        >>> phrases = Phrases([["new", "york"], ["new", "york"]], min_count=1, threshold=0.5)
        >>> phrases.find_phrases([["in", "new", "york"]])
        {'new_york': 0.75}
        """
        found: dict[str, float] = {}
        for sentence in _open_sentences(sentences):
            self._join(sentence, found)
        return found

    def __getstate__(self) -> dict[str, Any]:
        state = dict(vars(self))
        state["_matcher"], state["_matcher_settings"] = None, ()
        return state

    # --- files

    def save(
        self,
        fname: PathLike,
        separately: Any = None,
        sep_limit: int = 0,
        ignore: Collection[str] = frozenset(),
        pickle_protocol: int = 4,
    ) -> None:
        """Save to one file, which `load` reads. It holds counts, scores and settings, and nothing executable.

        Parameters
        ----------
        fname : str or os.PathLike
            Saved atomically; compressed if its suffix says so (.gz, .bz2, .xz, .zst).
        separately, sep_limit, ignore, pickle_protocol
            Without effect; kept for gensim's signature.

        Raises
        ------
        ValueError
            If `scoring` is a function of yours, which a file cannot hold. `FrozenPhrases` is saved without it.

        Examples
        --------
        >>> import os, tempfile
        >>> from fastw2v.models.phrases import Phrases
        >>> phrases = Phrases([["new", "york"], ["new", "york"]], min_count=1, threshold=0.5)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     phrases.save(os.path.join(folder, "phrases.fw2v"))
        ...     print(Phrases.load(os.path.join(folder, "phrases.fw2v")))
        Phrases<3 vocab, min_count=1, threshold=0.5, max_vocab_size=40000000>
        """
        phrase_state.write(fname, self._to_state())

    @classmethod
    def load(cls, fname: PathLike, mmap: str | None = None) -> Any:
        """Load phrases from a file of `save`, or from one that gensim saved.

        Parameters
        ----------
        fname : str or os.PathLike
            Decompressed according to its suffix.
        mmap : None
            Without effect; kept for gensim's signature.

        Returns
        -------
        Phrases or FrozenPhrases
            What the file holds.

        Raises
        ------
        ValueError, pickle.UnpicklingError
            If the file holds no phrases, is damaged, or names a scoring function that is not gensim's; the message
            names the file.
        OSError
            If the file cannot be read.

        Examples
        --------
        See `save`.
        """
        state = phrase_state.read(fname)
        base = Phrases if state.kind == phrase_state.PHRASES else FrozenPhrases
        kind = cls if issubclass(cls, base) else base
        with describe_damage(fname):
            new: Any = kind.__new__(kind)
            new._set_state(state)
        return new

    def _to_state(self) -> PhraseState:
        raise NotImplementedError

    def _set_state(self, state: PhraseState) -> None:
        raise NotImplementedError

    def _common_settings(self, frozen: bool) -> dict[str, Any]:
        """Return the settings that the files of both classes hold."""
        name = _name_of_scorer(self.scoring)
        if name is None and not frozen:
            raise ValueError(
                f"scoring is the function {self.scoring!r:.100}, which a file cannot hold; save freeze(), whose "
                "phrases are scored already, or use pickle"
            )
        if name is None and self.scoring is not None:
            logger.warning(
                "scoring is a function that a file cannot hold; the phrases are saved with their scores, without it"
            )
        return {
            "min_count": self.min_count,
            "threshold": self.threshold,
            "delimiter": self.delimiter,
            "scoring": name,
            "connector_words": sorted(self._connector_words),
        }

    def _set_common_settings(self, settings: Mapping[str, Any]) -> None:
        _PhrasesTransformation.__init__(self, settings["connector_words"])
        self.min_count = settings["min_count"]
        self.threshold = settings["threshold"]
        self.delimiter = settings["delimiter"]
        name = settings["scoring"]
        self.scoring = None if name is None else _check_scorer(name)


class Phrases(_PhrasesTransformation):
    """Find phrases in a corpus, such as "new york", and join their words to one token, "new_york".

    Words and pairs of neighbouring words are counted. A pair whose score is above `threshold` is a phrase.

    Parameters
    ----------
    sentences : iterable of iterable of str, optional
        The corpus: a list of token lists, a `LineSentence`, or any other iterable. Without it, call `add_vocab`.
    min_count : float, default 5
        Phrases must occur more often to have a positive score ("default"), or at least so often ("npmi").
    threshold : float, default 10.0
        A phrase must have a higher score. Higher values give fewer phrases.
    max_vocab_size : int, default 40000000
        Whenever there are more distinct words and candidates than this, the rarest ones are removed.
    delimiter : str, default "_"
        Joins the words of a phrase.
    progress_per : int, default 10000
        Log a line after this many sentences.
    scoring : {"default", "npmi"} or callable, default "default"
        How a candidate is scored: `original_scorer`, `npmi_scorer`, or a function with the same parameters. The
        threshold of "default" must be positive, that of "npmi" between -1 and 1.
    connector_words : iterable of str, optional
        Words that may stand within a phrase, such as "of" in "bank_of_america", but neither begin nor end one.
        `ENGLISH_CONNECTOR_WORDS` has those of English.

    Attributes
    ----------
    vocab : PhraseCounts
        The count of each word and each candidate; a read-only mapping. A new mapping may be assigned.
    corpus_word_count : int
        Number of tokens of all corpora.
    min_reduce : int
        Words and candidates with a smaller count have been removed to satisfy `max_vocab_size`.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it.

    See Also
    --------
    FrozenPhrases : The phrases without the counts, smaller and faster.

    Examples
    --------
    >>> from fastw2v.models.phrases import Phrases, ENGLISH_CONNECTOR_WORDS
    >>> sentences = [["new", "york", "is", "big"], ["new", "york", "is", "far"], ["the", "bank", "of", "america"]]
    >>> phrases = Phrases(sentences, min_count=1, threshold=2, connector_words=ENGLISH_CONNECTOR_WORDS)
    >>> phrases[["i", "love", "new", "york"]]
    ['i', 'love', 'new_york']
    >>> phrases.add_vocab([["bank", "of", "america"]])
    >>> phrases.export_phrases()
    {'new_york': 3.0, 'york_is': 3.0, 'bank_of_america': 3.0}

    The transformed corpus can be iterated many times, so a model can be trained on it, and phrases of phrases found:

    >>> from fastw2v import Word2Vec
    >>> model = Word2Vec(phrases[sentences], vector_size=8, min_count=1, workers=1)
    >>> "bank_of_america" in model.wv
    True
    >>> trigrams = Phrases(phrases[sentences], min_count=1, threshold=1)
    """

    def __init__(
        self,
        sentences: Iterable[Iterable[str]] | None = None,
        min_count: float = 5,
        threshold: float = 10.0,
        max_vocab_size: int = DEFAULT_MAX_VOCAB_SIZE,
        delimiter: str = "_",
        progress_per: int = 10000,
        scoring: str | Scorer = "default",
        connector_words: Iterable[str] = frozenset(),
    ) -> None:
        super().__init__(connector_words)
        as_float("min_count", min_count)
        as_float("threshold", threshold)
        as_float("max_vocab_size", max_vocab_size, minimum=0)
        as_int("progress_per", progress_per, minimum=1)
        if min_count <= 0:
            raise ValueError("min_count should be at least 1")
        if threshold <= 0 and scoring == "default":
            raise ValueError("threshold should be positive for default scoring")
        if scoring == "npmi" and not -1 <= threshold <= 1:
            raise ValueError("threshold should be between -1 and 1 for npmi scoring")
        if not isinstance(delimiter, str):
            raise TypeError(f"delimiter={delimiter!r:.80} must be a str")
        self.scoring = _check_scorer(scoring)
        self.min_count = min_count
        self.threshold = threshold
        self.max_vocab_size = max_vocab_size
        self.delimiter = delimiter
        self.progress_per = progress_per
        self.min_reduce = 1
        self.corpus_word_count = 0
        self._table = PhraseTable()
        if sentences is not None:
            start = time.perf_counter()
            self.add_vocab(sentences)
            logger.info("built %s in %.2fs", self, time.perf_counter() - start)

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<{len(self._table)} vocab, min_count={self.min_count}, "
            f"threshold={self.threshold}, max_vocab_size={self.max_vocab_size}>"
        )

    @property
    def vocab(self) -> PhraseCounts:
        """The count of each word and of each phrase candidate, as a read-only mapping."""
        return PhraseCounts(self._table)

    @vocab.setter
    def vocab(self, counts: Mapping[str, int]) -> None:
        self._table = PhraseTable(counts)
        self._forget_matcher()

    def add_vocab(self, sentences: Iterable[Iterable[str]]) -> None:
        """Count the words and phrase candidates of another corpus.

        Parameters
        ----------
        sentences : iterable of iterable of str
            The corpus. It is iterated once.

        Raises
        ------
        TypeError
            If `sentences` is no corpus, or a token is no str. The counts are unchanged then.

        Examples
        --------
        >>> from fastw2v.models.phrases import Phrases
        >>> phrases = Phrases([["new", "york"]])
        >>> phrases.add_vocab([["new", "york", "city"]])
        >>> phrases.vocab["new_york"], phrases.vocab["city"]
        (2, 1)
        """
        scan = scan_phrases(
            _open_sentences(sentences),
            delimiter=self.delimiter,
            connector_words=self._connector_words,
            max_vocab_size=self.max_vocab_size,
            progress_per=self.progress_per,
            log=logger,
        )
        self.corpus_word_count += scan.total_words
        if not len(self._table):
            self._table = scan.table
        else:
            logger.info("merging %i counts into %s", len(scan.table), self)
            self.min_reduce = max(self.min_reduce, scan.min_reduce)
            self._table.merge(scan.table)
            if len(self._table) > self.max_vocab_size:
                before = len(self._table)
                self._table.prune(self.min_reduce)
                log_pruning(self.min_reduce, before, len(self._table))
                self.min_reduce += 1
        self._forget_matcher()
        logger.info("merged %s", self)

    def _settings(self) -> tuple[Any, ...]:
        return (
            self.threshold, self.min_count, self.scoring, self.delimiter, self._connector_words,
            self.corpus_word_count,
        )  # fmt: skip

    def _compiled_scorer(self) -> int | None:
        # Without a count of words, npmi_scorer must raise its error.
        name = _name_of_scorer(self.scoring) if self.corpus_word_count > 0 else None
        return None if name is None else _COMPILED[name]

    def _make_matcher(self) -> PhraseMatcher:
        return PhraseMatcher(
            self._table,
            self.delimiter,
            self._connector_words,
            self.threshold,
            self._compiled_scorer() or self.scoring,
            self.min_count,
            self.corpus_word_count,
        )

    def score_candidate(self, word_a: str, word_b: str, in_between: list[str]) -> Candidate:
        """Return the joined phrase and its score, or ``(None, None)`` if the words are no phrase.

        Parameters
        ----------
        word_a, word_b : str
            The first and the last word.
        in_between : list of str
            The connector words between them.

        Examples
        --------
        >>> from fastw2v.models.phrases import Phrases
        >>> phrases = Phrases([["new", "york"], ["new", "york"]], min_count=1, threshold=0.5)
        >>> phrases.score_candidate("new", "york", [])
        ('new_york', 0.75)
        >>> phrases.score_candidate("york", "new", [])
        (None, None)
        """
        phrase = _joined(self.delimiter, word_a, in_between, word_b)
        counts = [self._table.get(text) or 0 for text in (word_a, word_b, phrase)]
        if min(counts) <= 0:
            return None, None
        score = self._score(*counts)
        return (None, None) if score <= self.threshold else (phrase, score)

    def _score(self, worda_count: int, wordb_count: int, bigram_count: int) -> float:
        return self.scoring(  # type: ignore[no-any-return]
            worda_count=worda_count,
            wordb_count=wordb_count,
            bigram_count=bigram_count,
            len_vocab=len(self._table),
            min_count=self.min_count,
            corpus_word_count=self.corpus_word_count,
        )

    def export_phrases(self) -> dict[str, float]:
        """Return all phrases and their scores.

        As in gensim, the text of a phrase is divided at each delimiter, and the words at its ends are scored. The score
        of a phrase of phrases, "new_york_city", is therefore that of "new" and "city".

        Returns
        -------
        dict of str to float
            In the order of first occurrence.

        Raises
        ------
        ValueError
            If the delimiter is empty, so that phrases cannot be divided.

        Examples
        --------
        >>> from fastw2v.models.phrases import Phrases
        >>> Phrases([["new", "york"], ["new", "york"]], min_count=1, threshold=0.5).export_phrases()
        {'new_york': 0.75}
        """
        if not self.delimiter:
            raise ValueError(
                "delimiter is empty, so phrases cannot be told from words; use find_phrases(sentences)"
            )
        if type(self).score_candidate is not Phrases.score_candidate:
            return self._export_by_candidate()
        numbers, first, last, counts = self._table.candidates(self.delimiter)
        kind = self._compiled_scorer()
        if kind is not None:
            scores = phrase_table.scores(
                kind, first, last, counts, len(self._table), self.min_count, self.corpus_word_count
            )
            accepted = np.flatnonzero(~(scores <= self.threshold))
            return dict(zip(self._table.texts_of(numbers[accepted]), scores[accepted].tolist(), strict=True))
        columns = (first.tolist(), last.tolist(), counts.tolist())
        phrases = {}
        for text, *candidate in zip(self._table.texts_of(numbers), *columns, strict=True):
            score = self._score(*candidate)
            if not score <= self.threshold:
                phrases[text] = score
        return phrases

    def _export_by_candidate(self) -> dict[str, float]:
        phrases = {}
        for text in self._table.texts():
            parts = text.split(self.delimiter)
            if len(parts) > 1:
                phrase, score = self.score_candidate(parts[0], parts[-1], parts[1:-1])
                if phrase is not None and score is not None:
                    phrases[phrase] = score
        return phrases

    def freeze(self) -> FrozenPhrases:
        """Return the phrases without the counts, which take much less memory and cannot be updated.

        Examples
        --------
        >>> from fastw2v.models.phrases import Phrases
        >>> frozen = Phrases([["new", "york"], ["new", "york"]], min_count=1, threshold=0.5).freeze()
        >>> frozen[["in", "new", "york"]]
        ['in', 'new_york']
        """
        return FrozenPhrases(self)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state["_table"] = self.vocab.copy()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(_from_gensim(state))
        self._table = PhraseTable(vars(self).pop("vocab", None) or state.get("_table"))

    def _to_state(self) -> PhraseState:
        settings = {
            **self._common_settings(frozen=False),
            "max_vocab_size": self.max_vocab_size,
            "progress_per": self.progress_per,
            "min_reduce": self.min_reduce,
            "corpus_word_count": self.corpus_word_count,
        }
        return PhraseState(phrase_state.PHRASES, settings, self._table.texts(), self._table.counts())

    def _set_state(self, state: PhraseState) -> None:
        self._set_common_settings(state.settings)
        as_float("max_vocab_size", state.settings["max_vocab_size"], minimum=0)
        for name, minimum in (("progress_per", 1), ("min_reduce", 0), ("corpus_word_count", 0)):
            as_int(name, state.settings[name], minimum)
        self.max_vocab_size = state.settings["max_vocab_size"]
        self.progress_per = state.settings["progress_per"]
        self.min_reduce = state.settings["min_reduce"]
        self.corpus_word_count = state.settings["corpus_word_count"]
        self._table = PhraseTable(dict(zip(state.texts, state.values.tolist(), strict=True)))


class FrozenPhrases(_PhrasesTransformation):
    """Phrases and their scores, without the counts from which they were computed. `Phraser` is the same class.

    It joins phrases as `Phrases` does, with less memory, and cannot be updated.

    Parameters
    ----------
    phrases_model : Phrases
        The model whose phrases are taken over.

    Attributes
    ----------
    phrasegrams : dict of str to float
        The score of each phrase. Phrases may be added, removed and changed.

    Examples
    --------
    >>> from fastw2v.models.phrases import Phrases
    >>> frozen = Phrases([["new", "york"], ["new", "york"]], min_count=1, threshold=0.5).freeze()
    >>> frozen.phrasegrams
    {'new_york': 0.75}
    >>> frozen[["in", "new", "york"]]
    ['in', 'new_york']
    >>> del frozen.phrasegrams["new_york"]
    >>> frozen[["in", "new", "york"]]
    ['in', 'new', 'york']
    """

    def __init__(self, phrases_model: Phrases) -> None:
        if not hasattr(phrases_model, "export_phrases"):
            raise TypeError(f"phrases_model must be Phrases, not {phrases_model!r:.80}")
        super().__init__(phrases_model.connector_words)
        self.threshold = phrases_model.threshold
        self.min_count = phrases_model.min_count
        self.delimiter = phrases_model.delimiter
        self.scoring = phrases_model.scoring
        logger.info("exporting phrases from %s", phrases_model)
        start = time.perf_counter()
        self.phrasegrams = phrases_model.export_phrases()
        logger.info("exported %s from %s in %.2fs", self, phrases_model, time.perf_counter() - start)

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<{len(self.phrasegrams)} phrases, min_count={self.min_count}, "
            f"threshold={self.threshold}>"
        )

    @property
    def phrasegrams(self) -> dict[str, float]:
        """The score of each phrase, as a dict."""
        return self._phrasegrams

    @phrasegrams.setter
    def phrasegrams(self, phrases: Mapping[str, float]) -> None:
        self._phrasegrams = _ObservedDict(phrases, self._forget_matcher)
        self._forget_matcher()

    def _settings(self) -> tuple[Any, ...]:
        return self.threshold, self.delimiter, self._connector_words

    def _make_matcher(self) -> PhraseMatcher:
        return PhraseMatcher(self._phrasegrams, self.delimiter, self._connector_words, self.threshold)

    def score_candidate(self, word_a: str, word_b: str, in_between: list[str]) -> Candidate:
        """Return the joined phrase and its score, or ``(None, None)`` if the words are no phrase.

        Parameters
        ----------
        word_a, word_b : str
            The first and the last word.
        in_between : list of str
            The connector words between them.

        Examples
        --------
        >>> from fastw2v.models.phrases import Phrases
        >>> frozen = Phrases([["new", "york"], ["new", "york"]], min_count=1, threshold=0.5).freeze()
        >>> frozen.score_candidate("new", "york", [])
        ('new_york', 0.75)
        """
        phrase = _joined(self.delimiter, word_a, in_between, word_b)
        score = self._phrasegrams.get(phrase, NEGATIVE_INFINITY)
        return (phrase, score) if score > self.threshold else (None, None)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state["_phrasegrams"] = dict(self._phrasegrams)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(_from_gensim(state))
        self.phrasegrams = vars(self).pop("phrasegrams", None) or state.get("_phrasegrams", {})

    def _to_state(self) -> PhraseState:
        scores = np.fromiter(self._phrasegrams.values(), dtype=np.float64, count=len(self._phrasegrams))
        return PhraseState(
            phrase_state.FROZEN_PHRASES, self._common_settings(frozen=True), list(self._phrasegrams), scores
        )

    def _set_state(self, state: PhraseState) -> None:
        self._set_common_settings(state.settings)
        self.phrasegrams = dict(zip(state.texts, state.values.tolist(), strict=True))


Phraser = FrozenPhrases

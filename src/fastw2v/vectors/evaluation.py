"""Benchmarks of word vectors: analogies, and similarities of pairs of words.

The results have gensim's layout and values. The functions do not change their arguments, not even temporarily, so
several threads may evaluate the same vectors.

The score of a word for the question "a is to b as c is to ?" is its cosine with b, minus its cosine with a, plus its
cosine with c. Thousands of questions have only a few hundred different words. The cosines of these words with all words
are therefore computed as products of matrices, and then added up for each question.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.codecs import BYTE_ORDER_MARK, check_content
from fastw2v.common.files import open_input
from fastw2v.common.logs import get_logger
from fastw2v.common.progress_bar import ProgressBar
from fastw2v.common.validation import as_flag, as_optional_int, check_encoding, check_lines, check_str
from fastw2v.vectors import similarity

logger = get_logger(__name__, "models.keyedvectors")

Array = NDArray[Any]
PathLike = str | os.PathLike[str]

_BLOCK = 4096  # questions that are answered at a time
_SHORTLIST = (
    5  # gensim checks this number of answers, and has no answer if all of them are words of the question
)


def word_analogies(
    words: Sequence[str],
    matrix: Array,
    norms: Array,
    analogies: PathLike | Iterable[str],
    restrict_vocab: int | None = 300000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
    most_similar: Callable[..., Any] | None = None,
) -> tuple[float, list[dict[str, Any]]]:
    """Answer questions "a is to b as c is to ?" with the word nearest to b - a + c (3CosAdd), and count right answers.

    Parameters
    ----------
    words : sequence of str
        The word of each row, most frequent first.
    matrix : ndarray, shape (len(words), D)
    norms : ndarray, shape (len(words),)
        Norms of the rows.
    analogies : str, os.PathLike or iterable of str
        A file, or its lines: ": name" begins a section, "a b c d" is a question. Other lines are skipped and logged.
    restrict_vocab : int, optional, default 300000
        Use only this number of words from the start, in questions and as answers. None uses all words.
    case_insensitive : bool, default True
        Compare words in upper case. If several words are then equal, the first one is used.
    dummy4unknown : bool, default False
        Count questions with unknown words as wrong, instead of skipping them.
    most_similar : callable, optional
        A function that answers the questions, one by one, instead of `matrix`. Its parameters are those of
        ``KeyedVectors.most_similar``.

    Returns
    -------
    accuracy : float
        Share of right answers among the questions of all sections; 0.0 if there are none.
    sections : list of dict
        For each section, its name under "section", and its questions as tuples of four words under "correct" and
        "incorrect". The last element, "Total accuracy", has the questions of all sections.

    Raises
    ------
    ValueError
        If a question comes before the first section.
    """
    count = _count_words(words, restrict_vocab)
    case_insensitive = as_flag("case_insensitive", case_insensitive)
    dummy4unknown = as_flag("dummy4unknown", dummy4unknown)
    name = _name_of("analogies", analogies)
    logger.info("Evaluating word analogies for top %i words in the model on %s", count, name)
    vocabulary = _Vocabulary(words, count, case_insensitive)
    names, questions = _read_questions(analogies, vocabulary, name)
    sections: list[dict[str, Any]] = [{"section": title, "correct": [], "incorrect": []} for title in names]
    answered = [question for question in questions if question.rows is not None]
    rows = np.array([question.rows for question in answered], dtype=np.intp).reshape(-1, 4)
    if most_similar is None:
        hits = _hits(matrix[:count], norms[:count], vocabulary, rows)
    else:
        hits = _asked_hits(
            partial(most_similar, topn=_SHORTLIST, restrict_vocab=count), words, vocabulary, rows
        )
    right = {id(question) for question, hit in zip(answered, hits.tolist(), strict=True) if hit}
    for question in questions:
        if question.rows is not None or dummy4unknown:
            verdict = "correct" if id(question) in right else "incorrect"
            sections[question.section][verdict].append(question.words)
    for section in sections:
        log_accuracy(section)
    unknown = len(questions) - len(answered)
    logger.info("Quadruplets with out-of-vocabulary words: %.1f%%", 100.0 * unknown / max(1, len(questions)))
    if unknown and not dummy4unknown:
        logger.info(
            "NB: analogies containing OOV words were skipped from evaluation! "
            'To change this behavior, use "dummy4unknown=True"'
        )
    total = {
        "section": "Total accuracy",
        "correct": [words for section in sections for words in section["correct"]],
        "incorrect": [words for section in sections for words in section["incorrect"]],
    }
    return log_accuracy(total), [*sections, total]


def word_pairs(
    words: Sequence[str],
    matrix: Array,
    pairs: PathLike | Iterable[str],
    delimiter: str | None = "\t",
    encoding: str = "utf8",
    restrict_vocab: int | None = 300000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
    similarity_of: Callable[[Any, Any], Any] | None = None,
) -> tuple[Any, Any, float]:
    """Correlate the cosines of pairs of words with human judgements of their similarity.

    Parameters
    ----------
    words, matrix, restrict_vocab, case_insensitive
        As for `word_analogies`.
    pairs : str, os.PathLike or iterable of str
        A file, or its lines: two words and a number, or a comment after "#". Other lines are skipped and logged.
    delimiter : str or None, default tab
        Separates the three fields of a line; None means any white space.
    encoding : str, default "utf8"
        Encoding of the file.
    dummy4unknown : bool, default False
        Give pairs with unknown words the similarity 0, instead of skipping them.
    similarity_of : callable, optional
        A function that returns the similarity of two words, instead of the cosine of their rows.

    Returns
    -------
    pearson, spearman : results of `scipy.stats.pearsonr` and `scipy.stats.spearmanr`
        Correlation and p-value of each.
    oov : float
        Percentage of pairs with unknown words.

    Raises
    ------
    ValueError
        If fewer than two pairs are left.
    """
    count = _count_words(words, restrict_vocab)
    case_insensitive = as_flag("case_insensitive", case_insensitive)
    dummy4unknown = as_flag("dummy4unknown", dummy4unknown)
    if delimiter is not None:
        check_str("delimiter", delimiter)
        if not delimiter:
            raise ValueError("delimiter must not be empty; use None for white space")
    check_encoding(encoding)
    name = _name_of("pairs", pairs)
    from scipy import stats

    vocabulary = _Vocabulary(words, count, case_insensitive)
    judged: list[float] = []
    computed: list[float] = []
    unknown = valid = invalid = 0
    for number, line in _numbered_lines(pairs, encoding):
        if line.startswith("#"):
            continue
        try:
            first, second, judgement = line.rstrip().split(delimiter)
            gold = float(judgement)
        except ValueError:
            invalid += bool(line.strip())
            logger.info("Skipping invalid line #%d in %s", number, name)
            continue
        valid += 1
        rows = [vocabulary.rows.get(vocabulary.fold(word), -1) for word in (first, second)]
        if min(rows) < 0:
            unknown += 1
            if not dummy4unknown:
                logger.info("Skipping line #%d with OOV words: %s", number, line.strip())
                continue
        judged.append(gold)
        if min(rows) < 0:
            computed.append(0.0)
        elif similarity_of is None:
            computed.append(float(similarity.cosine(matrix[rows[0]], matrix[rows[1]])))
        else:
            computed.append(float(similarity_of(words[rows[0]], words[rows[1]])))
    if not judged:
        raise ValueError(
            f"No valid similarity judgements found in {name}: "
            "either invalid format or all are out-of-vocabulary; "
            f"{invalid} lines are not two words and a number separated by delimiter={delimiter!r}, and "
            f"{unknown} of {valid} pairs have a word that is not among the first {count} of the vocabulary"
        )
    if len(judged) == 1:
        raise ValueError(
            f"only one pair of words in {name} can be used, and a correlation needs two; "
            f"{invalid} lines are not two words and a number separated by delimiter={delimiter!r}, and "
            f"{unknown} of {valid} pairs have unknown words"
        )
    pearson, spearman = stats.pearsonr(judged, computed), stats.spearmanr(judged, computed)
    oov = unknown / valid * 100
    log_word_pairs(pearson, spearman, oov, name)
    return pearson, spearman, oov


def log_accuracy(section: dict[str, Any]) -> float:
    """Log and return the share of right answers of a section; an empty section gives 0.0 and is not logged."""
    correct, incorrect = len(section["correct"]), len(section["incorrect"])
    if not correct + incorrect:
        return 0.0
    score = correct / (correct + incorrect)
    logger.info("%s: %.1f%% (%i/%i)", section["section"], 100.0 * score, correct, correct + incorrect)
    return score


def log_word_pairs(pearson: Any, spearman: Any, oov: float, pairs: Any) -> None:
    """Log the results of `word_pairs`."""
    logger.info("Pearson correlation coefficient against %s: %.4f", pairs, pearson[0])
    logger.info("Spearman rank-order correlation coefficient against %s: %.4f", pairs, spearman[0])
    logger.info("Pairs with unknown words ratio: %.1f%%", oov)


class _Question(NamedTuple):
    section: int
    words: tuple[str, str, str, str]
    rows: tuple[int, ...] | None  # None if a word is unknown


class _Vocabulary:
    """The words of an evaluation, converted to upper case if case is ignored."""

    def __init__(self, words: Sequence[str], count: int, case_insensitive: bool) -> None:
        self._case_insensitive = case_insensitive
        folded = [self.fold(word) for word in words[:count]]
        self.rows = dict(
            zip(reversed(folded), range(count - 1, -1, -1), strict=True)
        )  # the first of equal words
        self.first = np.arange(count)  # for each row, the first row with the same converted word
        self.variants: dict[int, list[int]] = {}  # for each such first row, the other rows
        if len(self.rows) < count:
            for row, word in enumerate(folded):
                first = self.rows[word]
                if first != row:
                    self.first[row] = first
                    self.variants.setdefault(first, []).append(row)

    def fold(self, word: str) -> str:
        return word.upper() if self._case_insensitive and isinstance(word, str) else word


def _read_questions(
    analogies: PathLike | Iterable[str], vocabulary: _Vocabulary, name: str
) -> tuple[list[str], list[_Question]]:
    """Return the names of the sections, and all well-formed questions."""
    names: list[str] = []
    questions: list[_Question] = []
    row_of = vocabulary.rows.get
    for number, line in _numbered_lines(analogies, "utf8"):
        if line.startswith(": "):
            names.append(line.removeprefix(": ").strip())
            continue
        if not names:
            raise ValueError(
                f"Missing section header before line #{number} in {name}: begin with a line ': name'"
            )
        fields = vocabulary.fold(line).split()  # conversion does not depend on neighbouring words
        if len(fields) != 4:
            logger.info("Skipping invalid line #%i in %s", number, name)
            continue
        first, second, third, fourth = fields
        rows = (row_of(first, -1), row_of(second, -1), row_of(third, -1), row_of(fourth, -1))
        known = None if -1 in rows else rows
        questions.append(_Question(len(names) - 1, (first, second, third, fourth), known))
    return names, questions


def _hits(matrix: Array, norms: Array, vocabulary: _Vocabulary, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return whether each question gets the right answer; `rows` has shape (questions, 4)."""
    hits = np.zeros(len(rows), dtype=bool)
    with _progress_bar(len(rows)) as bar:
        for start in range(0, len(rows), _BLOCK):
            block = slice(start, start + _BLOCK)
            hits[block] = _block_hits(matrix, norms, vocabulary, rows[block])
            bar.move_to(min(start + _BLOCK, len(rows)))
    return hits


def _progress_bar(n_questions: int) -> ProgressBar:
    return ProgressBar("answering", total=n_questions, unit=" questions", show=None, log=logger)


def _block_hits(
    matrix: Array, norms: Array, vocabulary: _Vocabulary, rows: NDArray[np.intp]
) -> NDArray[np.bool_]:
    others = [_variants(line, vocabulary.variants) for line in rows[:, :3].tolist()]
    units, terms = _terms(matrix, norms, rows)
    answers, best = similarity.best_answers(
        matrix,
        norms,
        units,
        terms,
        [[*line, *more] for line, more in zip(rows[:, :3].tolist(), others, strict=True)],
    )
    right: NDArray[np.bool_] = (answers >= 0) & (vocabulary.first[answers] == rows[:, 3])
    for question, variants in enumerate(others):
        if right[question] and len(variants) >= _SHORTLIST:
            a, b, c = units[terms[question]]
            struck = similarity.cosines(matrix[variants], norms[variants], b - a + c)
            right[question] = np.count_nonzero(struck > best[question]) < _SHORTLIST
    return right


def _asked_hits(
    most_similar: Callable[..., Any], words: Sequence[str], vocabulary: _Vocabulary, rows: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return whether `most_similar` gives the right answer to each question; `rows` has shape (questions, 4)."""
    hits = np.zeros(len(rows), dtype=bool)
    with _progress_bar(len(rows)) as bar:
        for question, (a, b, c, expected) in enumerate(rows.tolist()):
            asked = {vocabulary.fold(words[row]) for row in (a, b, c)}
            ranking = most_similar(positive=[words[b], words[c]], negative=[words[a]])
            answers = (folded for word, _ in ranking if (folded := vocabulary.fold(word)) not in asked)
            hits[question] = next(answers, None) == vocabulary.fold(words[expected])
            bar.move_to(question + 1)
    return hits


def _variants(line: list[int], variants: dict[int, list[int]]) -> list[int]:
    """Return the rows of other spellings of the words of a question."""
    return [row for word in dict.fromkeys(line) for row in variants.get(word, ())] if variants else []


def _terms(matrix: Array, norms: Array, rows: NDArray[np.intp]) -> tuple[Array, NDArray[np.int64]]:
    """Return unit vectors, and for each question the positions of its a, b and c among them.

    The vectors are those of the distinct words, because nearly all questions share their words with other questions. If
    there are more distinct words than questions, there is one vector b - a + c for each question instead, and the other
    two terms are a zero vector.
    """
    words, positions = np.unique(rows[:, :3], return_inverse=True)
    units = similarity.normed(matrix[words], norms[words])
    terms = positions.reshape(-1, 3).astype(np.int64)
    if len(words) <= len(rows):
        return units, terms
    a, b, c = (units[column] for column in terms.T)
    zero = np.zeros((1, units.shape[1]), dtype=units.dtype)
    zero_position = np.full(len(rows), len(rows), dtype=np.int64)
    terms = np.stack((zero_position, np.arange(len(rows)), zero_position), axis=1)
    return np.concatenate((b - a + c, zero)), terms


def _count_words(words: Sequence[str], restrict_vocab: Any) -> int:
    """Return the number of words that an evaluation uses."""
    most = as_optional_int("restrict_vocab", restrict_vocab, minimum=0)
    return len(words) if most is None else min(most, len(words))


def _name_of(argument: str, source: PathLike | Iterable[str]) -> str:
    """Return the name of a file, or a name for given lines; raise a TypeError that names `argument` for other types."""
    check_lines(argument, source)
    return os.fspath(source) if isinstance(source, (str, os.PathLike)) else "the given lines"


def _numbered_lines(source: PathLike | Iterable[str], encoding: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file, or the given lines, with their numbers from 0."""
    if not isinstance(source, (str, os.PathLike)):
        for number, line in enumerate(source):
            yield number, line if number else line.removeprefix("\ufeff")
        return
    with open_input(source, "rb") as stream:
        for number, octets in enumerate(stream):
            if not number:
                check_content(octets, source)
                octets = octets.removeprefix(BYTE_ORDER_MARK)
            try:
                line = octets.decode(encoding)
            except UnicodeDecodeError as error:
                reason = f"{error.reason} (line {number + 1} of {os.fspath(source)!r} is not {encoding})"
                raise UnicodeDecodeError(
                    error.encoding, error.object, error.start, error.end, reason
                ) from None
            yield number, line

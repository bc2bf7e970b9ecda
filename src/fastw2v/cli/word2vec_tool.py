"""``fastw2v word2vec``: the original word2vec tool, with its flags and its defaults [1]_.

As word2vec.c, it splits lines of more than 1000 words, lets the learning rate fall to a ten-thousandth of its first
value, saves the vocabulary before it trains, and writes nothing but vectors. It differs in that the ends of lines are
no word (``</s>``), that at most one thread a core is started, and that an unknown flag is an error.

.. [1] T. Mikolov, K. Chen, G. Corrado and J. Dean, https://code.google.com/archive/p/word2vec, 2013.
"""

from __future__ import annotations

import argparse
import time

from fastw2v.cli import files, texts
from fastw2v.cli.files import STANDARD_STREAM
from fastw2v.cli.output import report, shown
from fastw2v.cli.parser import UsageError
from fastw2v.cli.streams import reads_stdin
from fastw2v.common.files import check_writable, is_same_file
from fastw2v.corpora import FileSentences, scan
from fastw2v.formats.word2vec import read_counts, write_counts
from fastw2v.scripts.word2vec_flags import training_parameters
from fastw2v.text.corpus import check_not_read
from fastw2v.training.trainer import thread_count
from fastw2v.word2vec import Word2Vec

MAX_SENTENCE_LENGTH = 1000
END_OF_SENTENCE = "</s>"
LAST_ALPHA = 1e-4  # as a share of the first one


@reads_stdin("train", "read_vocab")
def word2vec(options: argparse.Namespace) -> None:
    """Train word vectors as the flags of word2vec.c say."""
    options.quiet = options.quiet or options.debug_level <= 0
    _check(options)
    inputs = texts.find_files([options.train])
    _check_outputs(options, inputs)
    parameters = training_parameters(options)
    parameters["min_alpha"] = parameters["alpha"] * LAST_ALPHA
    parameters["workers"] = min(options.threads, thread_count(-1))
    model = Word2Vec(**parameters)
    start = time.perf_counter()
    with texts.open_texts(inputs, max_sentence_length=MAX_SENTENCE_LENGTH) as corpus:
        n_sentences, n_words = _build_vocabulary(model, corpus, options.read_vocab)
        if options.save_vocab is not None:
            counts = [model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key]
            write_counts(options.save_vocab, model.wv.index_to_key, counts)
        if options.output is not None:
            model.train(
                corpus,
                total_examples=n_sentences,
                total_words=n_words,
                epochs=model.epochs,
                progress=False if options.quiet else None,
            )
            files.save(model, options.output, "binary" if options.binary else "text")
    summary = {
        "vocabulary": len(model.wv),
        "words": n_words,
        "seconds": round(time.perf_counter() - start, 3),
        "vocabulary_file": options.save_vocab,
        "output": options.output,
    }
    written = [shown(path, "stdout") for path in (options.save_vocab, options.output) if path is not None]
    report(
        options,
        summary,
        f"vocabulary of {len(model.wv):,} words, {n_words:,} words in the text; {summary['seconds']:.1f} s; "
        f"wrote {' and '.join(written)}",
    )


def _build_vocabulary(model: Word2Vec, corpus: FileSentences, read_vocab: str | None) -> tuple[int, int]:
    """Make the vocabulary; return the numbers of sentences and words of the text."""
    if read_vocab is None:
        model.build_vocab(corpus)
        return int(model.corpus_count), int(model.corpus_total_words or 0)
    counts = read_counts(read_vocab)
    counts.pop(END_OF_SENTENCE, None)
    model.build_vocab_from_freq(counts)
    found = scan(corpus)  # the learning rate falls with the number of words that are read
    return found.n_sentences, found.total_words


def _check(options: argparse.Namespace) -> None:
    if options.classes:
        raise UsageError(
            f"-classes {options.classes} is not supported; train without it, and cluster the vectors, for example with "
            "scikit-learn: KMeans(n_clusters).fit_predict(vectors.get_normed_vectors())"
        )
    if options.output is None and options.save_vocab is None:
        raise UsageError("there is nothing to write; add -output FILE, -save-vocab FILE or both")
    if options.output == STANDARD_STREAM and options.json:
        raise UsageError(
            "the vectors and the summary of --json cannot both be written to stdout; name a file"
        )


def _check_outputs(options: argparse.Namespace, inputs: list[str]) -> None:
    """Raise an error if a file cannot be written, or would be written over one that is read."""
    read = [*inputs, *([] if options.read_vocab is None else [options.read_vocab])]
    for flag, path in (("-output", options.output), ("-save-vocab", options.save_vocab)):
        if path is None or (path == STANDARD_STREAM and flag == "-output"):
            continue
        check_writable(path)
        try:
            check_not_read(flag, path, FileSentences(read))
        except ValueError as error:
            raise UsageError(str(error)) from None
    outputs = (options.output, options.save_vocab)
    if None not in outputs and is_same_file(*outputs):
        raise UsageError(f"-output and -save-vocab are one file ({options.output}); choose another name")

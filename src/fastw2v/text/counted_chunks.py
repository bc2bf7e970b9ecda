"""Reading a text once: chunks of whole sentences, each counted and encoded by provisional ids in one pass.

A text of any length needs the memory of one chunk. The provisional ids of a chunk are the numbers of its words in the
order of first occurrence, as `scanning` has them for a whole corpus; `scanning.renumber` replaces them once the
vocabulary has taken up the words of the chunk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fastw2v.text import token_encoder
from fastw2v.text.corpus_builder import CorpusBuilder
from fastw2v.text.encoded_corpus import EncodedCorpus


@dataclass(frozen=True, eq=False)
class CountedChunk:
    """Some sentences of a text.

    Attributes
    ----------
    counts : dict of word to int
        The count of each word, in the order of first occurrence.
    provisional : EncodedCorpus
        The sentences; id ``i`` is the ``i``-th word of `counts`.
    """

    counts: dict[Any, int]
    provisional: EncodedCorpus


def counted_chunks(corpus: Iterable[Any], chunk_words: int) -> Iterator[CountedChunk]:
    """Yield a corpus in chunks of at least `chunk_words` raw words, the last one excepted.

    No sentence is read before the chunk that it belongs to is asked for.

    Examples
    --------
    >>> from fastw2v.text.counted_chunks import counted_chunks
    >>> sentences = iter([["a", "rose"], ["is", "a", "rose"], ["is", "it"]])
    >>> for chunk in counted_chunks(sentences, chunk_words=4):
    ...     print(chunk.counts, chunk.provisional.ids.tolist())
    {'a': 2, 'rose': 2, 'is': 1} [0, 1, 2, 0, 1]
    {'is': 1, 'it': 1} [0, 1]
    """
    sentences = iter(corpus)
    more = True
    while more:
        with CorpusBuilder(float("inf")) as builder:
            encoder = token_encoder.TokenEncoder({}, True, builder.append)
            more = encoder.feed(sentences, chunk_words)
            chunk = CountedChunk(encoder.counts(), builder.finish())
        if chunk.provisional.n_sentences:
            yield chunk

"""Corpora: gensim's readers of text files, and sentences as integer ids.

A corpus is any iterable of sentences, and a sentence is any iterable of hashable tokens. The readers are
re-iterable: each pass opens its files anew.

This module is the public name of what the package `fastw2v.text` implements.

Examples
--------
Count the words of a corpus, then encode it with a vocabulary:

>>> from fastw2v import corpora
>>> sentences = [["a", "rose", "is", "a", "rose"], ["is", "it"]]
>>> corpora.scan(sentences).counts
{'a': 2, 'rose': 2, 'is': 2, 'it': 1}
>>> encoded = corpora.encode(sentences, {"rose": 0, "it": 1})
>>> encoded.ids.tolist(), encoded.offsets.tolist(), encoded.raw_lengths.tolist()
([0, 0, 1], [0, 2, 3], [5, 2])
"""

from __future__ import annotations

from fastw2v.text.column import Column
from fastw2v.text.corpus import is_long_list, is_reusable, open_corpus
from fastw2v.text.encoded_corpus import EncodedCorpus
from fastw2v.text.encoding import encode, stream
from fastw2v.text.readers import BrownCorpus, LineSentence, PathLineSentences, Source, Text8Corpus
from fastw2v.text.scanning import Scan, provisional_table, renumber, scan

__all__ = [
    "BrownCorpus",
    "Column",
    "EncodedCorpus",
    "LineSentence",
    "PathLineSentences",
    "Scan",
    "Source",
    "Text8Corpus",
    "encode",
    "is_long_list",
    "is_reusable",
    "open_corpus",
    "provisional_table",
    "renumber",
    "scan",
    "stream",
]

"""A corpus that was encoded while its words were counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fastw2v.text.encoded_corpus import EncodedCorpus


@dataclass
class ScanCache:
    """The corpus of a constructor call, which the vocabulary scan encodes for the training that follows.

    Attributes
    ----------
    sentences, corpus_file
        The arguments of the constructor.
    corpus : iterable or None
        The opened corpus, once the scan begins.
    encoded : EncodedCorpus or None
        The corpus as ids, once the scan is finished.
    """

    sentences: Any
    corpus_file: Any
    corpus: Iterable[Any] | None = None
    encoded: EncodedCorpus | None = None

    def is_for(self, sentences: Any, corpus_file: Any) -> bool:
        """Return whether these are the arguments of the constructor."""
        return sentences is self.sentences and corpus_file is self.corpus_file

"""A spaCy pipeline that holds the vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastw2v.export.optional import require
from fastw2v.export.words import Words

if TYPE_CHECKING:
    from spacy.language import Language


def to_spacy(words: Words, lang: str = "xx") -> Language:
    """Return a blank spaCy pipeline of a language with the vectors; its method `to_disk` saves it.

    Parameters
    ----------
    words : Words
    lang : str, default "xx"
        spaCy's code of the language, which chooses the tokenizer; "xx" is any.
    """
    spacy = require("spacy", "spacy")
    vectors = require("spacy.vectors", "spacy")
    pipeline: Language = spacy.blank(lang)
    names = words.names
    for name in names:
        pipeline.vocab.strings.add(name)
    pipeline.vocab.vectors = vectors.Vectors(
        strings=pipeline.vocab.strings, data=words.floats.copy(), keys=names, name="fastw2v"
    )
    return pipeline

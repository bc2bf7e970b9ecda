"""The names of ``gensim.models.phrases``."""

from fastw2v.phrases import (
    ENGLISH_CONNECTOR_WORDS,
    NEGATIVE_INFINITY as NEGATIVE_INFINITY,
    FrozenPhrases,
    Phraser,
    Phrases,
    TransformedCorpus,
    _PhrasesTransformation as _PhrasesTransformation,
    logger as logger,
    npmi_scorer,
    original_scorer,
)

__all__ = [
    "ENGLISH_CONNECTOR_WORDS",
    "FrozenPhrases",
    "Phraser",
    "Phrases",
    "TransformedCorpus",
    "npmi_scorer",
    "original_scorer",
]

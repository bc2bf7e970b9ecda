"""Parts of gensim that fastw2v does not have: what to use instead, if an import has been changed.

The finder of `fastw2v.compat.moved_modules` calls `check_import` for every name of fastw2v that no other finder finds.
"""

from __future__ import annotations

# Names below ``gensim`` -> what to do. A name stands for what is below it, too; the longest fitting name counts.
_REMEDIES = {
    "corpora": "fastw2v.corpora holds the corpora of word2vec; gensim.corpora (pip install gensim) has the others",
    "downloader": "download the file of vectors in another way, for example with gensim.downloader (pip install "
    "gensim), and load it with fastw2v.KeyedVectors.load_word2vec_format(path)",
    "models": "fastw2v has gensim's word2vec and KeyedVectors; take other models from gensim (pip install gensim)",
    "models.doc2vec": "use gensim's Doc2Vec (pip install gensim)",
    "models.fasttext": "use gensim's FastText (pip install gensim) to train with subwords; fastText's models (.bin) "
    "are loaded by fastw2v.KeyedVectors.load_fasttext(path), and its .vec files by load_word2vec_format(path)",
    "parsing": "fastw2v.utils has simple_preprocess and tokenize; gensim.parsing (pip install gensim) has the rest",
    "scripts": "fastw2v.scripts has word2vec_standalone and glove2word2vec, and `fastw2v convert` converts vectors",
    "similarities": "fastw2v.KeyedVectors.most_similar ranks all words exactly; fastw2v.similarities.HnswIndexer is an "
    "approximate index; gensim.similarities (pip install gensim) has similarities of documents",
    "test": "fastw2v.test.utils has common_texts, datapath, get_tmpfile and temporary_file",
    "interfaces": "take it from gensim (pip install gensim)",
    "topic_coherence": "take it from gensim (pip install gensim)",
}  # fmt: skip
# Other names of the same parts.
_SAME_AS = {
    "models.Doc2Vec": "models.doc2vec",
    "models.FastText": "models.fasttext",
}  # fmt: skip


def check_import(fullname: str) -> None:
    """Raise an ImportError that names the remedy if `fullname` is a part of gensim that fastw2v does not have.

    Raises
    ------
    ModuleNotFoundError
        Its `name` is that of gensim's module, because ``from package import name`` suppresses the error otherwise.
    """
    name = fullname.removeprefix("fastw2v.")
    last = name.rpartition(".")[2]
    if last.startswith("_"):
        return
    known = _SAME_AS.get(name, name)
    while known and known not in _REMEDIES:
        known = known.rpartition(".")[0]
    if known:
        raise ModuleNotFoundError(
            f"fastw2v has no {name}, which is a part of gensim: {_REMEDIES[known]}", name=f"gensim.{name}"
        )

"""What stands between fastw2v and code that was written for gensim, one concept a file.

* `descriptors`: descriptors and decorators for names and arguments that have changed.
* `gensim3`: gensim 3's names on `Word2Vec` and `KeyedVectors`.
* `word2vec_names`: names of gensim's module ``word2vec`` that nothing here needs.
* `pickle_state`: the attributes in pickles of gensim's objects.
* `jobs`: training through the methods that subclasses of gensim's `Word2Vec` override.
* `class_alias`, `overlay`, `installed_gensim`, `install`: ``fastw2v.install_as_gensim()``.
* `moved_modules`: the module names of fastw2v 0.1.
* `missing_modules`: what to use instead of the parts of gensim that fastw2v does not have.

The package may import every package of fastw2v but `cli`. The public modules are the only ones that may import it. What
they import (`descriptors`, `gensim3`, `pickle_state`, `class_alias`, `jobs`) does not import them back; `install`,
`installed_gensim` and `word2vec_names` do, and are imported by no module that they import. Nothing is imported here.
"""

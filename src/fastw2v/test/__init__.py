"""The import path of ``gensim.test.utils``, from which tutorials take their texts.

The package holds no tests. Its module `utils` may import the standard library and nothing of fastw2v.
"""

"""The import paths of ``gensim.scripts``.

The modules may import the public modules of fastw2v.
"""

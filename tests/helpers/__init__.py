"""Helpers that several test modules share.

`corpora` generates texts, `interruptions` has corpora and callbacks that end a training, `parameters` shares
parameters out to quick and slow tests, `fresh` runs code in a fresh interpreter, `oracle` imports gensim or skips,
and `gensim_suite` runs the test suite of gensim.
"""

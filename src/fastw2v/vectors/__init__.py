"""Vectors by key: storage, growth, queries, similarity, evaluation, drift."""

"""gensim's import paths for its scripts."""

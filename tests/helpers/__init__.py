"""What several test modules share: generated corpora, and code that runs in a fresh interpreter."""

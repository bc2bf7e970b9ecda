"""Counts to words: selection, subsampling, the noise table, Huffman trees, growth."""

"""From counts to a vocabulary: the choice and the order of words, and the tables that training reads.

* `selection`: which words of the raw counts stay, and in which order.
* `subsampling`: keep probabilities of frequent words.
* `noise_distribution`: the table from which negatives are drawn.
* `huffman`: Huffman trees for hierarchical softmax.
* `vocabulary`: the class `Vocabulary`, which joins these for the words of a `RowTable`.
* `merged_counts`: which raw counts an update compares with `min_count`, and which it keeps.
* `scan_cache`: a corpus that the vocabulary scan of the constructor has encoded already.

The package may import `vectors`, `text`, `engine` and `common`.
"""

"""Text to tokens, counts and ids.

* `readers`: re-iterable text files (`LineSentence`, `PathLineSentences`, `Text8Corpus`, `BrownCorpus`)
* `corpus`: the corpus that a pair of arguments names (`open_corpus`, `is_reusable`, `is_long_list`)
* `scanning`: count words, and encode by provisional ids (`scan`, `Scan`, `provisional_table`, `renumber`)
* `encoding`: encode with a vocabulary (`encode`, `stream`, `RecordingStream`)
* `encoded_corpus`: the form that training reads (`EncodedCorpus`)
* `tokens`: which objects are tokens (`as_word`)
* `trim_rule`: which words a vocabulary keeps (`TrimRule`, `keep_vocab_item`, `prune_vocab`)
* `word_counts`: words as bytes, and their counts (`WordCounts`, `SelectedWords`)
* `phrase_scanning`: count words and phrases (`scan_phrases`), with `phrase_table` (Cython)

The other modules serve these: `file_reader` reads files with several threads, `tokenizer` (Cython) tokenises their
bytes, `token_encoder` (Cython) encodes Python tokens, and `corpus_builder` collects ids in memory or in a temporary
file.

The public modules `fastw2v.corpora` and `fastw2v.utils` export what users need. The package imports `common` only.
"""

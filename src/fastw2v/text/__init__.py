"""Text to tokens, counts and ids: readers, the token encoder, `EncodedCorpus`."""

"""Vectors for other libraries: one module for each format.

* `tables`: pandas, polars and Parquet.
* `archive`: NumPy's ``.npz``.
* `tensorboard`: the files of the TensorBoard projector.
* `static_embedding`: a folder that sentence-transformers and model2vec load.
* `spacy_pipeline`: a spaCy pipeline with the vectors.
* `embedding_matrix`: a matrix for the embedding layer of a neural network.
* `hub`: folders and repositories of the Hugging Face hub.
* `methods`: the methods of `fastw2v.KeyedVectors` that call these modules; `words`: what they pass.
* `optional`: importing libraries that are extras.

The functions take a `Words` (keys, matrix and attributes), and know no model class. A library that a format needs is
imported when the function is called. The package may import `common`, `engine`, `text`, `vectors`, `vocabulary` and
`formats`.
"""

"""Pictures and tables of models and vectors.

* `html`: tables and curves for notebooks.
* `projection`: vectors in two dimensions.
* `figures`, `picture`: figures of matplotlib, and their class.
* `explorer`: a page with a map of words, which needs no network and no server.

The functions take words and arrays, and know no model class; `fastw2v.plotting` has the functions for users.
matplotlib, umap-learn and scikit-learn are imported when they are needed. The package may import `common`, `engine`,
`text`, `vectors`, `vocabulary`, `formats` and `export`.
"""

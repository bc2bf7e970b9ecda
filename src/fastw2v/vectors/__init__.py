"""Storage of keyed vectors, and computations with them.

* `row_table`: `RowTable`, the owner of the keys and of every array with one row for each key.
* `growable_array`: the buffers behind arrays that grow row by row.
* `initialization`: random initial vectors, and initial vectors from another set.
* `queries`, `similarity`, `ranking`: from the arguments of a query to its answer.
* `postprocessing`: removal of the component that all vectors have in common.
* `evaluation`, `drift`: benchmarks of one set of vectors, and comparison of two sets.

All functions take keys, arrays and norms; the class `fastw2v.KeyedVectors` calls them. The package may import `common`
and `engine`.
"""

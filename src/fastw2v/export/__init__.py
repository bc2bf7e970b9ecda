"""Vectors for other libraries.

* `optional`: importing libraries that are extras.

A library that a format needs is imported when the function is called. The package may import `common`, `engine`,
`text`, `vectors`, `vocabulary` and `formats`.
"""

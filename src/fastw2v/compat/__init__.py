"""What stands between fastw2v and code that was written for gensim, one concept a file.

`legacy*` carry gensim 3's names, `names` and `kernels` what only gensim's module level had, `jobs` the hooks that
subclasses override, `standin` the metaclass and `shim`, `overlay` and `original` what `install_as_gensim` needs.
Nothing is imported here: the model's classes use some of these files, others use the model's classes.
"""

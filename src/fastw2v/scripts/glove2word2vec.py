"""Convert vectors in the GloVe format to the word2vec text format, as ``gensim.scripts.glove2word2vec`` does.

The formats differ in the header of word2vec's. `KeyedVectors.load_word2vec_format` reads GloVe files directly, with
``no_header=True``, and ``fastw2v convert`` recognises them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastw2v.common.files import PathLike
from fastw2v.common.logs import get_logger
from fastw2v.keyedvectors import KeyedVectors

logger = get_logger("fastw2v.scripts.glove2word2vec", "scripts.glove2word2vec")


def glove2word2vec(glove_input_file: PathLike, word2vec_output_file: PathLike) -> tuple[int, int]:
    """Convert vectors in the GloVe format to the word2vec text format.

    Parameters
    ----------
    glove_input_file, word2vec_output_file : str or os.PathLike
        Compressed, if the suffix says so.

    Returns
    -------
    tuple of int
        The number of words and the number of dimensions.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     glove, output = os.path.join(folder, "glove.txt"), os.path.join(folder, "vectors.txt")
    ...     with open(glove, "w") as file:
    ...         _ = file.write("the 0.5 1.5 2\\ncat 1 2 3\\n")
    ...     glove2word2vec(glove, output)
    (2, 3)
    """
    vectors = KeyedVectors.load_word2vec_format(glove_input_file, binary=False, no_header=True)
    vectors.save_word2vec_format(word2vec_output_file, binary=False)
    return len(vectors), vectors.vector_size


def main(arguments: Sequence[str] | None = None) -> None:
    """Convert a file.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line arguments; by default those of the process.
    """
    parser = argparse.ArgumentParser(
        prog="glove2word2vec",
        description="Convert vectors in the GloVe format to the word2vec text format.",
    )
    parser.add_argument("-i", "--input", required=True, metavar="FILE", help="file in the GloVe format")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="file to write")
    options = parser.parse_args(arguments)
    words, dimensions = glove2word2vec(options.input, options.output)
    logger.info("converted %i vectors of %i dimensions", words, dimensions)


if __name__ == "__main__":
    main()

"""The compiled modules and their compiler flags; everything else is in pyproject.toml.

The build does not use ``-march=native``: the row kernels have explicit target attributes and are chosen at run time, so
that one build serves every machine of its architecture.

Environment variables:

* CFLAGS with -O0, -O1 or -Og replaces the optimisation level of this file: the package compiles faster and trains
  slower.
* FASTW2V_SANITIZE=address,undefined (or thread) builds the modules with these sanitizers, for the tests.
"""

import os
import re
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# Modules with loops that gain from -O3 over -O2.
HOT = {"_inner", "_rounds", "kernels", "phrase_table", "ranking", "token_encoder", "tokenizer"}
SANITIZE = os.environ.get("FASTW2V_SANITIZE", "")
PACKAGE = Path("src/fastw2v")
SOURCES = sorted(PACKAGE.rglob("*.pyx"))
HEADERS = sorted(str(header) for header in PACKAGE.rglob("*.h"))

OPTIMISE = not re.search(r"(^|\s)-O[01g](\s|$)", os.environ.get("CFLAGS", ""))


def compile_args(module):
    """Return the compiler flags of a module."""
    if sys.platform == "win32":
        return ["/O2"]
    # The compiler must not change the floating-point operations that the kernels spell out: -fno-math-errno and
    # -ffp-contract=off. -Wno-psabi silences a note on the passing of vectors to functions, which does not occur here.
    # -g0 overrides the -g of Python's own flags.
    flags = ["-fno-math-errno", "-ffp-contract=off", "-Wno-psabi", "-g0"]
    if SANITIZE:
        return [*flags, f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer", "-g", "-O1"]
    return [*flags, "-O3" if module in HOT else "-O2"] if OPTIMISE else flags


def link_args():
    """Return the linker flags of all modules."""
    if SANITIZE:
        return [f"-fsanitize={SANITIZE}"]
    return ["-Wl,-s"] if sys.platform == "linux" else []  # leave out the symbol tables


class ParallelBuild(build_ext):
    """Compile as many modules at a time as there are cores, the one that takes longest first."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()
        self.extensions = sorted(
            self.extensions or [], key=lambda extension: not extension.name.endswith(".kernels")
        )


if __name__ == "__main__":  # cythonize starts processes that import this file
    setup(
        cmdclass={"build_ext": ParallelBuild},
        ext_modules=cythonize(
            [
                Extension(
                    ".".join(source.with_suffix("").parts[1:]),
                    [str(source)],
                    include_dirs=[str(PACKAGE)],
                    depends=HEADERS,
                    extra_compile_args=compile_args(source.stem),
                    extra_link_args=link_args(),
                )
                for source in SOURCES
            ],
            nthreads=os.cpu_count() or 1,
            language_level=3,
            compiler_directives={"freethreading_compatible": True, "embedsignature": True},
        ),
    )

"""The compiled modules and their compiler flags; everything else is in pyproject.toml.

No ``-march=native``: the row kernels carry explicit target attributes and are chosen at run time,
so one build serves every machine of its architecture.

A low level of optimisation in CFLAGS takes the place of -O3: with -O1 the package compiles in less time, and trains
slower.

FASTW2V_SANITIZE=address,undefined (or thread) builds the modules with those sanitizers, for the tests.
"""

import os
import re
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SANITIZE = os.environ.get("FASTW2V_SANITIZE", "")
PACKAGE = Path("src/fastw2v")
SOURCES = sorted(PACKAGE.rglob("*.pyx"))
HEADERS = sorted(str(header) for header in PACKAGE.rglob("*.h"))

if sys.platform == "win32":
    compile_args, link_args = ["/O2"], []
else:
    # -fno-math-errno and -ffp-contract=off keep the compiler from changing what the kernels spell out; -Wno-psabi
    # spares a note on how vectors are passed to functions, which none of ours are; -g0 leaves out debug sections.
    compile_args, link_args = ["-fno-math-errno", "-ffp-contract=off", "-Wno-psabi", "-g0"], []
    if not re.search(r"(^|\s)-O[01g](\s|$)", os.environ.get("CFLAGS", "")):
        compile_args.insert(0, "-O3")
if SANITIZE:
    flags = [f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer", "-g", "-O1"]
    compile_args, link_args = [*compile_args, *flags], flags


class ParallelBuild(build_ext):
    """Compile as many modules at a time as there are cores."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()


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
                    extra_compile_args=compile_args,
                    extra_link_args=link_args,
                )
                for source in SOURCES
            ],
            nthreads=os.cpu_count() or 1,
            language_level=3,
            compiler_directives={"freethreading_compatible": True, "embedsignature": True},
        ),
    )

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
from glob import glob
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

SANITIZE = os.environ.get("FASTW2V_SANITIZE", "")
MODULES = sorted(Path(source).stem for source in glob("src/fastw2v/*.pyx"))

if sys.platform == "win32":
    compile_args, link_args = ["/O2"], []
else:
    # -fno-math-errno and -ffp-contract=off keep the compiler from changing what the kernels spell out; -Wno-psabi
    # spares a note on how vectors are passed to functions, which none of ours are.
    compile_args, link_args = ["-fno-math-errno", "-ffp-contract=off", "-Wno-psabi"], []
    if not re.search(r"(^|\s)-O[01g](\s|$)", os.environ.get("CFLAGS", "")):
        compile_args.insert(0, "-O3")
if SANITIZE:
    flags = [f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer", "-g", "-O1"]
    compile_args, link_args = [*compile_args, *flags], flags

HEADERS = sorted(glob("src/fastw2v/_*/*.h"))

setup(
    ext_modules=cythonize(
        [
            Extension(
                f"fastw2v.{name}",
                [f"src/fastw2v/{name}.pyx"],
                include_dirs=["src/fastw2v/engine/simd"],
                depends=HEADERS,
                extra_compile_args=compile_args,
                extra_link_args=link_args,
            )
            for name in MODULES
        ],
        language_level=3,
        compiler_directives={"freethreading_compatible": True, "embedsignature": True},
    ),
)

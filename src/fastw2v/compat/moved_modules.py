"""Import paths of fastw2v 0.1 that have moved, so that its pickles load and old import statements work.

Version 0.1 kept most modules at the top of the package. A pickle names the module of every class that it holds, so a
pickle that version 0.1 wrote names, for example, ``fastw2v.huffman.HuffmanTree``. `MOVED_MODULES` maps each old module
name to the module that has its contents now.

`install_finder` puts a finder at the end of ``sys.meta_path``. Python asks it only after every ordinary finder has
failed, so an import of a module that exists is neither slower nor changed. For a name in the table the finder creates a
module whose attributes are those of the new module. It gives no warning, because an import by ``pickle.load`` cannot be
told from an import statement, and whoever loads a pickle did not choose the names in it. For a part of gensim that
fastw2v does not have, the finder raises an error that says what to use (`fastw2v.compat.missing_modules`).

When a module moves again, change its right-hand side here. When a module is split, name the part that holds the classes
that pickles can contain. ``tests/compat/test_pickles_of_version_0_1.py`` imports every entry.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_MOVED = {
    # engine
    "_jobs": "engine.job_queue",
    "_kernels": "engine.kernels",
    "_network": "engine.network",
    "_scoring": "engine.scoring",
    # common
    "crew": "common.worker_pool",
    "formats.atomic": "common.files",
    "formats.codecs": "common.codecs",
    "memory": "common.memory",
    "parallel": "common.parallel",
    "parameters": "common.validation",
    # text
    "_text": "text.tokenizer",
    "_tokens": "text.token_encoder",
    "encoding": "text.encoding",
    "textfile": "text.file_reader",
    "wordcounts": "text.word_counts",
    # vectors
    "_ranking": "vectors.ranking",
    "drift": "vectors.drift",
    "evaluation": "vectors.evaluation",
    "initial": "vectors.initialization",
    "keyedrows": "vectors.row_table",
    "queries": "vectors.queries",
    "similarity": "vectors.similarity",
    "spareroom": "vectors.growable_array",
    "vectorstore": "vectors.row_table",
    # vocabulary
    "growth": "vocabulary.merged_counts",
    "huffman": "vocabulary.huffman",
    "lexicon": "vocabulary.vocabulary",
    "sampling": "vocabulary.subsampling",
    "selection": "vocabulary.selection",
    "weights": "vocabulary.vocabulary",
    # formats
    "_checksum": "formats.xxh64",
    "_vectors": "formats.word2vec_rows",
    "anyvectors": "formats.detect",
    "formats.admitted": "formats.pickle_globals",
    "formats.companions": "formats.npy",
    "formats.gensim_state": "formats.gensim",
    "formats.gensim_writer": "formats.gensim",
    "formats.rows": "formats.word2vec",
    "formats.word2vec_writer": "formats.word2vec",
    "modelstate": "formats.model_state",
    "vectorfiles": "formats.vector_state",
    # training
    "checkpoints": "training.checkpoints",
    "epochs": "training.session",
    "heldout": "training.held_out",
    "incremental": "training.update",
    "network": "training.network",
    "pauses": "training.barriers",
    "progress": "training.progress",
    "replay": "training.replay",
    "termination": "training.sigterm",
    "trainable": "training.session",
    "warmstart": "vectors.initialization",
    # compat
    "compat.kernels": "compat.word2vec_names",
    "compat.legacy": "compat.descriptors",
    "compat.legacy_model": "compat.gensim3",
    "compat.legacy_vectors": "compat.gensim3",
    "compat.names": "compat.word2vec_names",
    "compat.original": "compat.installed_gensim",
    "compat.pickled": "compat.pickle_state",
    "compat.records": "compat.gensim3",
    "compat.shim": "compat.install",
    "compat.standin": "compat.class_alias",
    # cli
    "anyfile": "cli.files",
    "commands": "cli.commands",
    "demo": "cli.demo",
}

MOVED_MODULES = {f"fastw2v.{old}": f"fastw2v.{new}" for old, new in _MOVED.items()}
"""Full name of each module of version 0.1 that has moved -> full name of the module that has its contents now."""


class MovedModuleFinder:
    """Meta path finder for the names in `MOVED_MODULES`, and for parts of gensim that are missing."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a forwarding module, or None if `fullname` has not moved."""
        if not fullname.startswith("fastw2v."):
            return None
        if fullname not in MOVED_MODULES:
            from fastw2v.compat.missing_modules import check_import

            check_import(fullname)
            return None
        loader = _ForwardingLoader()
        return ModuleSpec(fullname, loader, origin=MOVED_MODULES[fullname])  # type: ignore[arg-type]


class _ForwardingLoader:
    """Loader of modules whose attributes are those of another module.

    It does not derive from `importlib.abc.Loader`, because ``import fastw2v`` would have to import that.
    """

    def create_module(self, spec: ModuleSpec) -> None:
        """Let the import system create an empty module."""

    def exec_module(self, module: ModuleType) -> None:
        """Look up every attribute of `module` in the module that replaces it."""
        target = importlib.import_module(MOVED_MODULES[module.__name__])
        module.__doc__ = f"Moved to `{target.__name__}`."
        vars(module)["__getattr__"] = functools.partial(getattr, target)
        vars(module)["__dir__"] = functools.partial(dir, target)


def install_finder() -> None:
    """Append a `MovedModuleFinder` to ``sys.meta_path``, unless one is there."""
    if not any(type(finder).__name__ == MovedModuleFinder.__name__ for finder in sys.meta_path):
        sys.meta_path.append(MovedModuleFinder())

"""What a pickle of a gensim model may name, and the inert things that stand for it.

A global becomes an entry of a fixed table or an error. Of gensim's classes there remain `Instance`s (a
class name and a dictionary), of random generators `RandomData`; arrays are rebuilt from validated dtype,
shape and bytes, for NumPy's own constructors take field offsets and object flags on trust. Nothing is
imported, and every argument is checked by type before it is used: a pickle may pass anything anywhere.
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.memory import empty

Array = NDArray[Any]

LARGE = 1 << 16  # byte strings from here on are not copied on the stack; arrays get aligned memory
_MAX_DIMENSIONS = 32
_MAX_LENGTH = 1 << 48
_FLAT = {str, int, float, bool, bytes, type(None)}
_DTYPE = re.compile(r"[<>|=]?([iu][1248]|f[248]|b1|O[48]?)")


class Instance:
    """An object of one of gensim's classes: the class's name and the attributes."""

    __slots__ = ("name", "state")

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: dict[str, Any] = {}


class Constant:
    """A function or class that a model refers to and that is not called: `hash`, `int`, ..."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class RandomData:
    """A random generator, or a part of one: what its constructor and its `__setstate__` were given."""

    __slots__ = ("arguments", "state")

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None


class ArrayBox:
    """An array to be: complete once its state has come."""

    __slots__ = ("array",)

    def __init__(self, array: Array | None = None) -> None:
        self.array = array


class Dtype:
    __slots__ = ("dtype",)

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype


class Class:
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Function:
    """What stands for a constructor: a function of this module that validates its arguments.

    `copies` tells that its result takes memory in proportion to its arguments.
    """

    __slots__ = ("call", "copies", "name")

    def __init__(self, name: str, call: Callable[..., Any], copies: bool = False) -> None:
        self.name = name
        self.call = call
        self.copies = copies


def plain(value: Any) -> Any:
    """`value` with an `ArrayBox` replaced by its array."""
    if type(value) is not ArrayBox:
        return value
    if value.array is None:
        raise pickle.UnpicklingError("an array without content; the file is damaged")
    return value.array


def require(condition: bool, what: str, value: Any = None) -> None:
    """Refuse the pickle for `what` unless `condition`; of `value` only what is short enough is shown."""
    if not condition:
        shown = f" {value!r:.60}" if isinstance(value, (str, int)) else ""
        raise pickle.UnpicklingError(f"it holds {what}{shown}; the file is damaged or hostile")


def _dtype(code: Any, align: Any = False, copy: Any = True) -> Dtype:
    require(
        isinstance(code, str) and _DTYPE.fullmatch(code) is not None,
        "an array dtype that no model has:",
        code,
    )
    return Dtype(np.dtype("O") if "O" in code else np.dtype(code))


def set_dtype_state(box: Dtype, state: Any) -> None:
    """Only the byte order is taken from the state; structure has no place in the arrays of a model."""
    require(isinstance(state, tuple) and len(state) >= 5, "a malformed dtype")
    require(all(part is None for part in state[2:5]), "a structured dtype")
    require(isinstance(state[1], str) and state[1] in "<>|=", "a malformed byte order")
    if state[1] in "<>":
        box.dtype = box.dtype.newbyteorder(state[1])


def _build_array(dtype: Any, shape: Any, fortran: Any, data: Any) -> Array:
    """An array of its own memory, native byte order and C order, from parts that are not trusted."""
    require(type(dtype) is Dtype, "an array without dtype")
    require(type(shape) is tuple and len(shape) <= _MAX_DIMENSIONS, "an array of an impossible shape")
    for length in shape:
        require(type(length) is int and 0 <= length < _MAX_LENGTH, "an array of an impossible shape")
    size = math.prod(shape)
    if dtype.dtype.hasobject:
        require(isinstance(data, list) and len(data) == size, "an object array of the wrong length")
        return _object_array(shape, data)
    if type(data) is str:
        data = data.encode("latin1")
    require(isinstance(data, (bytes, bytearray, memoryview)), "an array without bytes")
    require(len(data) == size * dtype.dtype.itemsize, "an array whose shape and bytes disagree")
    source: Array = np.frombuffer(data, dtype.dtype) if size else np.empty(0, dtype.dtype)
    if dtype.dtype.kind == "b":
        source = source.view(np.uint8) != 0
    if len(shape) != 1:
        source = source.reshape(shape, order="F" if fortran else "C")
    native = dtype.dtype if dtype.dtype.isnative else dtype.dtype.newbyteorder("=")
    if len(data) < LARGE:
        return np.array(source, dtype=native, order="C")
    array = empty(shape, native)
    array[...] = source
    return array


def _object_array(shape: tuple[int, ...], data: list[Any]) -> Array:
    """Arrays of arrays are how gensim keeps Huffman codes; of strings, what users attach to words."""
    array: Array = np.empty(len(data), dtype=object)
    for index, item in enumerate(data):
        require(
            type(item) is ArrayBox or type(item) in _FLAT, "an object array of something else than arrays"
        )
        array[index] = plain(item)
    return array.reshape(shape)


def _reconstruct(kind: Any, shape: Any, code: Any) -> ArrayBox:
    require(isinstance(kind, Constant) and kind.name == "numpy.ndarray", "an array of an unknown class")
    return ArrayBox()


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> ArrayBox:
    return ArrayBox(_build_array(dtype, shape, order == "F", data))


def _scalar(dtype: Any, data: Any) -> Any:
    return _build_array(dtype, (), False, data).item()


def set_array_state(box: ArrayBox, state: Any) -> None:
    require(isinstance(state, tuple) and len(state) in (4, 5), "a malformed array")
    shape, dtype, fortran, data = state[-4:]
    box.array = _build_array(dtype, shape, fortran, data)


def _encode(text: Any, encoding: Any = "utf-8") -> bytes:
    require(
        isinstance(text, str) and encoding in ("latin1", "latin-1", "iso-8859-1"),
        "a text to be encoded other than as Latin-1:",
        encoding,
    )
    encoded: bytes = text.encode("latin1")
    return encoded


def _dictionary(*arguments: Any) -> dict[Any, Any]:
    """collections.defaultdict, OrderedDict and Counter, without a factory."""
    result: dict[Any, Any] = {}
    for argument in arguments:
        if isinstance(argument, dict):
            result.update(argument)
        elif isinstance(argument, list):
            require(
                all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in argument),
                "malformed pairs",
            )
            store(result, [part for pair in argument for part in pair])
        else:
            require(
                argument is None or isinstance(argument, Constant), "a dictionary with an unknown factory"
            )
    return result


def make_set(items: Any = ()) -> set[Any]:
    require(isinstance(items, (list, tuple, set)), "a malformed set")
    check_keys(items)
    return set(items)


def _no_bytes(*arguments: Any) -> bytes:
    require(not arguments, "bytes made by a call")
    return b""


def _reconstructor(kind: Any, base: Any, state: Any) -> Instance:
    require(
        isinstance(kind, Class)
        and isinstance(base, Constant)
        and base.name == "builtins.object"
        and state is None,
        "copyreg._reconstructor of something else than a model",
    )
    return Instance(kind.name)


def check_keys(keys: Any) -> None:
    """Keys must be flat, so that hashing them takes no recursion."""
    for kind in set(map(type, keys)) - _FLAT:
        require(kind is tuple, "a dictionary key of type", kind.__name__)
        require(
            all(type(part) in _FLAT for key in keys if type(key) is tuple for part in key),
            "a nested dictionary key",
        )


def store(target: dict[Any, Any], items: list[Any]) -> None:
    """Put keys and values, which alternate in `items`, into `target`."""
    require(len(items) % 2 == 0, "a key without a value")
    keys = items[::2]
    check_keys(keys)
    target.update(zip(keys, items[1::2], strict=True))


def _table() -> dict[tuple[str, str], Any]:
    """Everything that a pickle may name."""
    table: dict[tuple[str, str], Any] = {}
    for builtins in ("builtins", "__builtin__"):
        for name in ("hash", "int", "float", "object"):
            table[builtins, name] = Constant(f"builtins.{name}")
        table[builtins, "set"] = table[builtins, "frozenset"] = Function("set", make_set, copies=True)
        table[builtins, "bytes"] = Function("bytes", _no_bytes)
    table["__builtin__", "long"] = table["builtins", "int"]
    dictionary = Function("dict", _dictionary, copies=True)
    for module, name in (
        ("collections", "defaultdict"),
        ("collections", "OrderedDict"),
        ("collections", "Counter"),
        ("UserString", "defaultdict"),  # what some Python 3 wrote under protocol 2
    ):
        table[module, name] = dictionary
    table["_codecs", "encode"] = Function("_codecs.encode", _encode, copies=True)
    for module in ("copyreg", "copy_reg"):
        table[module, "_reconstructor"] = Function("copyreg._reconstructor", _reconstructor)
    table["numpy", "ndarray"] = Constant("numpy.ndarray")
    table["numpy", "dtype"] = Function("numpy.dtype", _dtype)
    for core in ("numpy.core", "numpy._core"):
        table[f"{core}.multiarray", "_reconstruct"] = Function("numpy._reconstruct", _reconstruct)
        table[f"{core}.multiarray", "scalar"] = Function("numpy.scalar", _scalar, copies=True)
        table[f"{core}.numeric", "_frombuffer"] = Function("numpy._frombuffer", _from_buffer, copies=True)
    random = Function("numpy.random", RandomData)
    for name in ("__RandomState_ctor", "__randomstate_ctor", "__bit_generator_ctor", "__generator_ctor"):
        table["numpy.random", name] = table["numpy.random._pickle", name] = random
    for module, name in (
        ("_mt19937", "MT19937"),
        ("_pcg64", "PCG64"),
        ("_pcg64", "PCG64DXSM"),
        ("_philox", "Philox"),
        ("_sfc64", "SFC64"),
    ):
        table[f"numpy.random.{module}", name] = Constant(name)
    seeds = ("SeedSequence", "ISeedSequence", "ISpawnableSeedSequence", "__pyx_unpickle_SeedSequence")
    for name in seeds:
        table["numpy.random.bit_generator", name] = random
    table["gensim.utils", "call_on_class_only"] = Constant("gensim.utils.call_on_class_only")
    for module, name in (
        ("word2vec", "Word2Vec"),
        ("word2vec", "Vocab"),
        ("word2vec", "Word2VecVocab"),
        ("word2vec", "Word2VecTrainables"),
        ("keyedvectors", "KeyedVectors"),
        ("keyedvectors", "Word2VecKeyedVectors"),
        ("keyedvectors", "EuclideanKeyedVectors"),
        ("keyedvectors", "Doc2VecKeyedVectors"),
        ("keyedvectors", "Vocab"),
        ("keyedvectors", "CompatVocab"),
    ):
        table[f"gensim.models.{module}", name] = Class(name)
    return table


TABLE = _table()


def refusal(module: str, name: str) -> str:
    full = f"{module}.{name}"
    if module.startswith("gensim."):
        return f"it holds a {full:.120}, which fastw2v does not read; open it with gensim"
    return (
        f"it refers to {full:.120}, which no Word2Vec model needs; nothing was run. If you trust the file, "
        "load it with gensim, remove what refers to this name (a hashfxn or callback, say) and save it again"
    )

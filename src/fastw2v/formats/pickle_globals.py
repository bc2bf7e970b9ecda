"""The classes and functions that the pickle of a gensim model may name, and the inert values that replace them.

`GLOBALS` maps each name to a value of this module. gensim's classes become `GensimClass`, whose instances are
`Instance`: a class name and a dictionary. Random generators become `PickledRandomState`. NumPy's constructors become
functions that check dtype, shape and bytes, because NumPy's own trust the field offsets and object flags of a pickle. A
name that is not in the table is an error. Nothing is imported, and every argument is checked by type before it is used,
since a pickle can pass anything to anything.
"""

from __future__ import annotations

import math
import pickle
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.memory import empty

Array = NDArray[Any]

LARGE_BYTES = 1 << 16  # longer byte strings are not copied, and arrays of that size get aligned memory
_MAX_DIMENSIONS = 32
_MAX_LENGTH = 1 << 48
_FLAT = {str, int, float, bool, bytes, type(None)}
_DTYPE = re.compile(r"[<>|=]?([iu][1248]|f[248]|b1|O[48]?|[SU][0-9]{1,7})")


class OtherClassError(pickle.UnpicklingError):
    """The file holds an object of a class of gensim's that fastw2v does not have."""


class Instance:
    """An object of one of gensim's classes: the class's name and the attributes."""

    __slots__ = ("name", "state")

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: dict[str, Any] = {}


class Constant:
    """A function or class that a model names but that is not called: `hash`, `int`, ..."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class PickledRandomState:
    """A random generator or a part of one: the arguments of its constructor and of its `__setstate__`."""

    __slots__ = ("arguments", "state")

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None


class PickledArray:
    """An array under construction; `array` is None until the pickle gives it a state."""

    __slots__ = ("array",)

    def __init__(self, array: Array | None = None) -> None:
        self.array = array


class PickledDtype:
    """A NumPy dtype."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype


class GensimClass:
    """A class of gensim, by name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class SafeFunction:
    """A constructor: a function of this module that checks its arguments.

    Parameters
    ----------
    name : str
        For error messages.
    call : callable
    copies : bool, default False
        Whether the result takes memory in proportion to the arguments.
    """

    __slots__ = ("call", "copies", "name")

    def __init__(self, name: str, call: Callable[..., Any], copies: bool = False) -> None:
        self.name = name
        self.call = call
        self.copies = copies


def unwrap_array(value: Any) -> Any:
    """Return the array of a `PickledArray`, and any other value as it is."""
    if type(value) is not PickledArray:
        return value
    if value.array is None:
        raise pickle.UnpicklingError("it holds an array without content; the file is damaged")
    return value.array


def require(condition: bool, what: str, value: Any = None) -> None:
    """Raise UnpicklingError unless `condition`; the message names `what` and shows the beginning of `value`."""
    if not condition:
        shown = f" {value!r:.60}" if isinstance(value, (str, int)) else ""
        raise pickle.UnpicklingError(f"it holds {what}{shown}; the file is damaged or hostile")


def _dtype(code: Any, align: Any = False, copy: Any = True) -> PickledDtype:
    require(
        isinstance(code, str) and _DTYPE.fullmatch(code) is not None,
        "an array of a dtype that no model has:",
        code,
    )
    return PickledDtype(np.dtype("O") if "O" in code else np.dtype(code))


def set_dtype_state(box: PickledDtype, state: Any) -> None:
    """Set the byte order of `box`; raise if the state describes a structured dtype, which no model has."""
    require(isinstance(state, tuple) and len(state) >= 5, "a malformed dtype")
    require(all(part is None for part in state[2:5]), "a structured dtype")
    require(isinstance(state[1], str) and state[1] in "<>|=", "a malformed byte order")
    if state[1] in "<>":
        box.dtype = box.dtype.newbyteorder(state[1])


def _build_array(dtype: Any, shape: Any, fortran: Any, data: Any) -> Array:
    """Return a new array in native byte order and C order, from parts that are not trusted."""
    require(type(dtype) is PickledDtype, "an array without dtype")
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
    if dtype.dtype.kind in "SU":
        require(dtype.dtype.itemsize > 0, "an array of strings without length")
    if dtype.dtype.kind == "U":
        points = np.frombuffer(data, np.dtype(np.uint32).newbyteorder(dtype.dtype.byteorder))
        require(bool((points <= sys.maxunicode).all()), "strings of characters that do not exist")
    source: Array = np.frombuffer(data, dtype.dtype) if size else np.empty(0, dtype.dtype)
    if dtype.dtype.kind == "b":
        source = source.view(np.uint8) != 0
    if len(shape) != 1:
        source = source.reshape(shape, order="F" if fortran else "C")
    native = np.dtype(
        dtype.dtype.newbyteorder("=").str
    )  # the type itself: a memoryview of "<f4" has no items
    # np.array(source, dtype=native) would keep the type of `source`, where the two only differ in their spelling.
    array = np.empty(shape, native) if len(data) < LARGE_BYTES else empty(shape, native)
    array[...] = source
    return array


def _object_array(shape: tuple[int, ...], data: list[Any]) -> Array:
    """Return an array of arrays, as gensim keeps Huffman codes, or of strings, as users attach to words."""
    array: Array = np.empty(len(data), dtype=object)
    for index, item in enumerate(data):
        require(
            type(item) is PickledArray or type(item) in _FLAT,
            "an object array of anything but arrays and flat values,",
        )
        array[index] = unwrap_array(item)
    return array.reshape(shape)


def _reconstruct(kind: Any, shape: Any, code: Any) -> PickledArray:
    require(isinstance(kind, Constant) and kind.name == "numpy.ndarray", "an array of an unknown class")
    return PickledArray()


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> PickledArray:
    return PickledArray(_build_array(dtype, shape, order == "F", data))


def _scalar(dtype: Any, data: Any) -> Any:
    """Return a number or a string of NumPy as Python's own; bytes become a str."""
    if type(dtype) is PickledDtype and dtype.dtype.itemsize == 0:
        return ""
    value = _build_array(dtype, (), False, data).item()
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def set_array_state(box: PickledArray, state: Any) -> None:
    require(isinstance(state, tuple) and len(state) in (4, 5), "a malformed array")
    shape, dtype, fortran, data = state[-4:]
    box.array = _build_array(dtype, shape, fortran, data)


def _encode(text: Any, encoding: Any = "utf-8") -> bytes:
    require(
        isinstance(text, str) and encoding in ("latin1", "latin-1", "iso-8859-1"),
        "a text with an encoding other than Latin-1:",
        encoding,
    )
    encoded: bytes = text.encode("latin1")
    return encoded


def _dictionary(*arguments: Any) -> dict[Any, Any]:
    """Return a dict in place of a collections.defaultdict, OrderedDict or Counter."""
    result: dict[Any, Any] = {}
    for argument in arguments:
        if isinstance(argument, dict):
            result.update(argument)
        elif isinstance(argument, list):
            require(
                all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in argument),
                "malformed pairs",
            )
            update_dict(result, [part for pair in argument for part in pair])
        else:
            require(
                argument is None or isinstance(argument, Constant), "a dictionary with an unknown factory"
            )
    return result


def make_set(items: Any = ()) -> set[Any]:
    """Return a set of flat values."""
    require(isinstance(items, (list, tuple, set)), "a malformed set")
    check_keys(items)
    return set(items)


def _no_bytes(*arguments: Any) -> bytes:
    require(not arguments, "bytes made by a call")
    return b""


def _reconstructor(kind: Any, base: Any, state: Any) -> Instance:
    require(
        isinstance(kind, GensimClass)
        and isinstance(base, Constant)
        and base.name == "builtins.object"
        and state is None,
        "copyreg._reconstructor of anything but a model",
    )
    return Instance(kind.name)


def check_keys(keys: Any) -> None:
    """Raise unless all keys are flat, so that hashing them needs no recursion."""
    for kind in set(map(type, keys)) - _FLAT:
        require(kind is tuple, "a dictionary key of type", kind.__name__)
        require(
            all(type(part) in _FLAT for key in keys if type(key) is tuple for part in key),
            "a nested dictionary key",
        )


def update_dict(target: dict[Any, Any], items: list[Any]) -> None:
    """Add keys and values, which alternate in `items`, to `target`."""
    require(len(items) % 2 == 0, "a key without a value")
    keys = items[::2]
    check_keys(keys)
    target.update(zip(keys, items[1::2], strict=True))


def _make_globals() -> dict[tuple[str, str], Any]:
    """Return the table: (module, name) -> value."""
    table: dict[tuple[str, str], Any] = {}
    for builtins in ("builtins", "__builtin__"):
        for name in ("hash", "int", "float", "object"):
            table[builtins, name] = Constant(f"builtins.{name}")
        table[builtins, "set"] = table[builtins, "frozenset"] = SafeFunction("set", make_set, copies=True)
        table[builtins, "bytes"] = SafeFunction("bytes", _no_bytes)
    table["__builtin__", "long"] = table["builtins", "int"]
    dictionary = SafeFunction("dict", _dictionary, copies=True)
    for module, name in (
        ("collections", "defaultdict"),
        ("collections", "OrderedDict"),
        ("collections", "Counter"),
        ("UserString", "defaultdict"),  # the module that some versions of Python 3 wrote under protocol 2
    ):
        table[module, name] = dictionary
    table["_codecs", "encode"] = SafeFunction("_codecs.encode", _encode, copies=True)
    for module in ("copyreg", "copy_reg"):
        table[module, "_reconstructor"] = SafeFunction("copyreg._reconstructor", _reconstructor)
    table["numpy", "ndarray"] = Constant("numpy.ndarray")
    table["numpy", "dtype"] = SafeFunction("numpy.dtype", _dtype)
    for core in ("numpy.core", "numpy._core"):
        table[f"{core}.multiarray", "_reconstruct"] = SafeFunction("numpy._reconstruct", _reconstruct)
        table[f"{core}.multiarray", "scalar"] = SafeFunction("numpy.scalar", _scalar, copies=True)
        table[f"{core}.numeric", "_frombuffer"] = SafeFunction("numpy._frombuffer", _from_buffer, copies=True)
    random = SafeFunction("numpy.random", PickledRandomState)
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
        ("phrases", "FrozenPhrases"),
        ("phrases", "Phraser"),
        ("phrases", "Phrases"),
    ):
        table[f"gensim.models.{module}", name] = GensimClass(name)
    for name in ("npmi_scorer", "original_scorer"):
        table["gensim.models.phrases", name] = Constant(f"gensim.models.phrases.{name}")
    return table


GLOBALS = _make_globals()


def refusal(module: str, name: str) -> pickle.UnpicklingError:
    """Return the error for a name that is not in `GLOBALS`."""
    full = f"{module}.{name}"
    if module.startswith("gensim."):
        return OtherClassError(
            f"it holds a {full:.120}, which fastw2v does not read; open it with the method load of that class of gensim"
        )
    return pickle.UnpicklingError(
        f"it refers to {full:.120}, which no Word2Vec model needs; nothing was executed. If you trust the "
        "file, load it with gensim, remove what refers to this name (such as a hashfxn or callback) and save it again"
    )

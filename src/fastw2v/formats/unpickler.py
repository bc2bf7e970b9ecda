"""Reading pickles of gensim models as data: nothing is imported, and nothing that the pickle chooses is called.

A pickle is a program for a small stack machine. `_Machine` is that machine, reduced to the opcodes that models and
arrays need. `pickle_globals` holds the names that a pickle may use, and what they become.

The standard `pickle.Unpickler` with a restricted ``find_class`` would not do, because a pickle can break it without
naming anything: a memo index of 2**31 makes it allocate a table of 32 GiB, hashing a deeply nested tuple as a
dictionary key overflows the C stack, and extension codes come from a cache that is never checked. This machine checks
every length against the data that is left and accepts only flat dictionary keys.

Memory is limited in proportion to the length of the pickle. An opcode of one byte can make a set of 216 bytes, and a
call can copy a large value that takes two bytes to name. Containers, objects and copies are therefore charged to a
budget of 32 bytes for each byte of the pickle. All other opcodes make less than 24 bytes for each of their own. Data
of an unpickled model thus takes at most 64 bytes for each byte of the pickle.

Opcodes are described in the module `pickletools` of the standard library. Byte strings of Python 2 are read as Latin-1.
"""

from __future__ import annotations

import codecs
import gc
import pickle
import struct
from collections.abc import Callable, Mapping
from typing import Any

from fastw2v.formats import pickle_globals
from fastw2v.formats.pickle_globals import (
    LARGE_BYTES,
    GensimClass,
    Instance,
    PickledArray,
    PickledDtype,
    PickledRandomState,
    SafeFunction,
    make_set,
    require,
    update_dict,
)

_BUDGET_PER_BYTE = 32  # bytes of containers, objects and copies for each byte of the pickle
_BYTES_PER_ITEM = 64  # of a list, set or dictionary that a call copies
_BYTES_PER_PAIR = 24  # of a dictionary
_FIRST_PAIRS = 160  # bytes that a dictionary takes for its first pairs
_MAX_MARKS = 1000  # that are open at a time

_CONTAINERS = {
    b"]": 64, b"l": 64, b"}": 72, b"d": 72, b"\x8f": 224, b"\x91": 224, b"t": 48, b"\x85": 56, b"\x86": 64, b"\x87": 72,
    b"R": 120, b"\x81": 120, b"\x92": 120, b"o": 120, b"i": 120, b"b": 120,
}  # fmt: skip
_COSTS = [_CONTAINERS.get(bytes([code]), 0) for code in range(256)]  # bytes that an opcode makes, on 64 bits


class _Unset:
    """What stands in the memo for a number that was left out."""


_UNSET = _Unset()


class _Machine:
    """The state of one run over one pickle: position, stack and memo."""

    def __init__(self, data: bytes, classes: Mapping[tuple[str, str], str]) -> None:
        self.data = data
        self.classes = classes
        self.position = 0
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []  # the stacks below the marks
        self.memo: list[Any] = []
        self.budget = _BUDGET_PER_BYTE * len(data) + LARGE_BYTES

    def run(self) -> Any:
        """Execute the pickle up to STOP.

        The opcodes that large vocabularies consist of are handled here for speed, all others by a table.
        """
        data, memo, position = self.data, self.memo, 0
        stack = self.stack
        end = len(data)
        while True:
            code = data[position]
            if code == 0x94:  # MEMOIZE
                memo.append(stack[-1])
                position += 1
            elif code == 0x8C:  # SHORT_BINUNICODE
                start = position + 2
                position = start + data[position + 1]
                require(position <= end, "a string longer than the file")
                stack.append(data[start:position].decode("utf-8", "surrogatepass"))
            elif code == 0x6A:  # LONG_BINGET
                stack.append(memo[int.from_bytes(data[position + 1 : position + 5], "little")])
                position += 5
            elif code == 0x4D:  # BININT2
                stack.append(data[position + 1] | data[position + 2] << 8)
                position += 3
            elif code == 0x4B:  # BININT1
                stack.append(data[position + 1])
                position += 2
            elif code == 0x68:  # BINGET
                stack.append(memo[data[position + 1]])
                position += 2
            elif code == 0x2E:  # STOP
                return stack.pop()
            else:
                self.position = position + 1
                if _COSTS[code]:
                    self.spend(_COSTS[code])
                _OPCODES[code](self)
                position, stack = self.position, self.stack

    def take(self, count: int) -> bytes:
        start = self.position
        self.position = start + count
        require(self.position <= len(self.data), "a value longer than the file")
        return self.data[start : self.position]

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def line(self) -> bytes:
        end = self.data.index(b"\n", self.position)
        start, self.position = self.position, end + 1
        return self.data[start:end]

    def since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.outer.pop()
        return items

    def unknown(self) -> None:
        code = self.data[self.position - 1]
        what = {0x50: "a persistent id", 0x51: "a persistent id", 0x97: "an out-of-band buffer"}.get(code)
        if code in (0x82, 0x83, 0x84):
            what = "an extension code"
        raise pickle.UnpicklingError(
            f"it holds {what or f'opcode {code:#x}'}, which no model needs; nothing was executed"
        )

    # -- structure ------------------------------------------------------------------------------------------

    def mark(self) -> None:
        require(len(self.outer) < _MAX_MARKS, "more than 1000 nested marks")
        self.outer.append(self.stack)
        self.stack = []

    def pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.stack = self.outer.pop()

    def append(self) -> None:
        self.extend([self.stack.pop()])

    def appends(self) -> None:
        self.extend(self.since_mark())

    def extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        require(type(target) is list, "items appended to something of type", type(target).__name__)
        target.extend(items)

    def set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        require(type(target) is dict, "items set in something of type", type(target).__name__)
        self.spend(_BYTES_PER_PAIR * len(items) // 2 + (0 if target else _FIRST_PAIRS))
        update_dict(target, items)

    def set_item(self) -> None:
        value = self.stack.pop()
        self.set_items([self.stack.pop(), value])

    def add_items(self) -> None:
        items = self.since_mark()
        target = self.stack[-1]
        require(type(target) is set, "items added to something of type", type(target).__name__)
        target |= make_set(items)

    def make_dict(self) -> None:
        items = self.since_mark()
        self.stack.append({})
        self.set_items(items)

    def make_tuple(self, count: int) -> None:
        require(len(self.stack) >= count, "a tuple of too few items")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def get(self, index: int) -> None:
        require(
            0 <= index < len(self.memo) and self.memo[index] is not _UNSET, "an unknown memo entry", index
        )
        self.stack.append(self.memo[index])

    def put(self, index: int) -> None:
        """Store the top of the stack in the memo; numbers that are left out take memory, too."""
        memo = self.memo
        require(index >= 0, "a negative memo entry")
        if index >= len(memo):
            n_unset = index - len(memo)
            self.spend(8 * n_unset)
            memo += [_UNSET] * n_unset
            memo.append(self.stack[-1])
        else:
            memo[index] = self.stack[-1]

    def frame(self) -> None:
        length = self.unsigned(8)
        require(length <= len(self.data) - self.position, "a frame longer than the file")

    # -- objects --------------------------------------------------------------------------------------------

    def find(self, module: Any, name: Any) -> Any:
        """Return the value that a global name stands for."""
        require(type(module) is str and type(name) is str, "a global without a name")
        found = pickle_globals.GLOBALS.get((module, name))
        if found is None and (module, name) in self.classes:
            found = GensimClass(self.classes[module, name])
        if found is None:
            raise pickle_globals.refusal(module, name)
        return found

    def text_global(self) -> Any:
        return self.find(self.line().decode("utf-8"), self.line().decode("utf-8"))

    def stack_global(self) -> None:
        name = self.stack.pop()
        self.stack.append(self.find(self.stack.pop(), name))

    def call(self, function: Any, arguments: Any) -> None:
        require(type(arguments) is tuple, "a call without arguments")
        if type(function) is SafeFunction:
            if function.copies:
                self.charge(arguments)
            self.stack.append(function.call(*arguments))
        else:
            self.new(function, arguments)

    def new(self, kind: Any, arguments: Any) -> None:
        require(
            type(kind) is GensimClass and arguments == (),
            "a call of",
            getattr(kind, "name", type(kind).__name__),
        )
        self.stack.append(Instance(kind.name))

    def charge(self, arguments: Any) -> None:
        """Subtract the size of the arguments from the budget, because one large value can be copied many times."""
        for argument in arguments:
            if isinstance(argument, (str, bytes, bytearray, memoryview)):
                self.spend(len(argument))
            elif isinstance(argument, (list, tuple, dict, set)):
                self.spend(_BYTES_PER_ITEM * len(argument))

    def spend(self, size: int) -> None:
        """Subtract some bytes from the budget; raise if nothing is left of it."""
        self.budget -= size
        require(self.budget >= 0, "more empty containers, or copies of the same data, than a model needs")

    def reduce(self) -> None:
        arguments = self.stack.pop()
        self.call(self.stack.pop(), arguments)

    def new_object(self) -> None:
        arguments = self.stack.pop()
        self.new(self.stack.pop(), arguments)

    def new_object_with_keywords(self) -> None:
        require(self.stack.pop() == {}, "an object made with keywords")
        self.new_object()

    def old_style_object(self) -> None:
        items = self.since_mark()
        self.new(items[0], tuple(items[1:]))

    def old_style_instance(self) -> None:
        kind = self.text_global()
        self.new(kind, tuple(self.since_mark()))

    def build(self) -> None:
        """Set the state of the object on top of the stack."""
        state = self.stack.pop()
        target = self.stack[-1]
        if type(target) is Instance:
            require(
                type(state) is dict and all(type(key) is str for key in state), "attributes without names"
            )
            target.state = state
        elif type(target) is PickledArray:
            require(type(state) is tuple and len(state) in (4, 5), "a malformed array")
            self.charge(state[-1:])
            pickle_globals.set_array_state(target, state)
        elif type(target) is PickledDtype:
            pickle_globals.set_dtype_state(target, state)
        elif type(target) is PickledRandomState:
            target.state = state
        else:
            raise pickle.UnpicklingError(
                f"a state for a {type(target).__name__}; the file is damaged or hostile"
            )

    # -- values ---------------------------------------------------------------------------------------------

    def integer_line(self) -> None:
        line = self.line()
        self.stack.append(line == b"01" if line in (b"00", b"01") else int(line))

    def quoted_line(self) -> None:
        line = self.line()
        require(len(line) >= 2 and line[:1] == line[-1:] and line[:1] in (b"'", b'"'), "a malformed string")
        decoded: bytes = codecs.escape_decode(line[1:-1])[0]
        self.stack.append(decoded.decode("latin1"))

    def push_bytes(self, count: int, text: bool = False) -> None:
        """Push bytes, or with `text` a byte string of Python 2; large ones, the contents of arrays, are not copied."""
        if count >= LARGE_BYTES:
            require(count <= len(self.data) - self.position, "a value longer than the file")
            self.stack.append(memoryview(self.data)[self.position : self.position + count])
            self.position += count
        else:
            value = self.take(count)
            self.stack.append(value.decode("latin1") if text else value)

    def push_text(self, count: int) -> None:
        self.stack.append(self.take(count).decode("utf-8", "surrogatepass"))

    def push(self, value: Any) -> None:
        self.stack.append(value)


def _opcodes() -> list[Callable[[_Machine], Any]]:
    """Return the handler of each opcode."""
    m = _Machine
    table: dict[bytes, Callable[[_Machine], Any]] = {
        b"\x80": lambda s: require(s.unsigned(1) <= 5, "a pickle protocol above 5"),
        b"\x95": m.frame,
        b"(": m.mark,
        b"0": m.pop,
        b"1": lambda s: s.since_mark() and None,
        b"2": lambda s: s.push(s.stack[-1]),
        b"N": lambda s: s.push(None),
        b"\x88": lambda s: s.push(True),
        b"\x89": lambda s: s.push(False),
        b"I": m.integer_line,
        b"J": lambda s: s.push(int.from_bytes(s.take(4), "little", signed=True)),
        b"L": lambda s: s.push(int(s.line().rstrip(b"L"))),
        b"\x8a": lambda s: s.push(int.from_bytes(s.take(s.unsigned(1)), "little", signed=True)),
        b"\x8b": lambda s: s.push(int.from_bytes(s.take(s.unsigned(4)), "little", signed=True)),
        b"F": lambda s: s.push(float(s.line())),
        b"G": lambda s: s.push(struct.unpack(">d", s.take(8))[0]),
        b"S": m.quoted_line,
        b"T": lambda s: s.push_bytes(s.unsigned(4), text=True),
        b"U": lambda s: s.push_bytes(s.unsigned(1), text=True),
        b"B": lambda s: s.push_bytes(s.unsigned(4)),
        b"C": lambda s: s.push_bytes(s.unsigned(1)),
        b"\x8e": lambda s: s.push_bytes(s.unsigned(8)),
        b"\x96": lambda s: s.push_bytes(s.unsigned(8)),
        b"V": lambda s: s.push(s.line().decode("raw-unicode-escape")),
        b"X": lambda s: s.push_text(s.unsigned(4)),
        b"\x8d": lambda s: s.push_text(s.unsigned(8)),
        b"]": lambda s: s.push([]),
        b"}": lambda s: s.push({}),
        b")": lambda s: s.push(()),
        b"\x8f": lambda s: s.push(set()),
        b"l": lambda s: s.push(s.since_mark()),
        b"d": m.make_dict,
        b"t": lambda s: s.push(tuple(s.since_mark())),
        b"\x85": lambda s: s.make_tuple(1),
        b"\x86": lambda s: s.make_tuple(2),
        b"\x87": lambda s: s.make_tuple(3),
        b"\x91": lambda s: s.push(make_set(s.since_mark())),
        b"a": m.append,
        b"e": m.appends,
        b"s": m.set_item,
        b"u": lambda s: s.set_items(s.since_mark()),
        b"\x90": m.add_items,
        b"g": lambda s: s.get(int(s.line())),
        b"p": lambda s: s.put(int(s.line())),
        b"q": lambda s: s.put(s.unsigned(1)),
        b"r": lambda s: s.put(s.unsigned(4)),
        b"c": lambda s: s.push(s.text_global()),
        b"\x93": m.stack_global,
        b"R": m.reduce,
        b"b": m.build,
        b"\x81": m.new_object,
        b"\x92": m.new_object_with_keywords,
        b"o": m.old_style_object,
        b"i": m.old_style_instance,
    }
    return [table.get(bytes([code]), m.unknown) for code in range(256)]


_OPCODES = _opcodes()


def unpickle(data: bytes, classes: Mapping[tuple[str, str], str] | None = None) -> Any:
    """Return the contents of a pickle as data.

    Parameters
    ----------
    data : bytes
        A pickle of any protocol up to 5.
    classes : mapping of (module, name) to str, optional
        More classes, and for each of them the class of gensim from which it derives.

    Returns
    -------
    object
        None, bool, int, float, str, bytes, list, tuple, dict, set, `Instance`, `Constant`, `PickledRandomState` and
        `PickledArray` (see `unwrap_array`), nested as in the pickle. They may share parts and contain themselves.

    Raises
    ------
    pickle.UnpicklingError
        If the pickle names anything that is not in `pickle_globals.GLOBALS`, uses an opcode that no model needs, or
        is damaged. Nothing that it names has been called then.
    """
    collecting = gc.isenabled()
    gc.disable()  # the collector would search millions of new objects, of which none is garbage
    try:
        return _Machine(data, classes or {}).run()
    except pickle.UnpicklingError:
        raise
    except (MemoryError, RecursionError) as error:
        raise pickle.UnpicklingError(f"it needs more memory than there is ({error})") from None
    except (ArithmeticError, LookupError, TypeError, ValueError, struct.error) as error:
        raise pickle.UnpicklingError(
            f"it is damaged or truncated ({type(error).__name__}: {error})"
        ) from None
    finally:
        if collecting:
            gc.enable()

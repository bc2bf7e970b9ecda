"""The unpickler builds data only; a pickle that needs anything else is refused, and nothing is executed."""

import collections
import contextlib
import copyreg
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fastw2v.formats.pickle_globals import Constant, Instance, PickledArray, PickledRandomState, unwrap_array
from fastw2v.formats.unpickler import unpickle
from helpers.parameters import one_in

PROTOCOLS = range(6)


class Calls:
    """An object that is pickled as the call of a function."""

    def __init__(self, function, *arguments, state=None):
        self.function, self.arguments, self.state = function, arguments, state

    def __reduce__(self):
        return (self.function, self.arguments, self.state) if self.state else (self.function, self.arguments)


def named(module, name, arguments="()", opcode=b"R"):
    """Return a pickle of protocol 0 that calls a global by name, which need not exist."""
    return f"c{module}\n{name}\n(V{arguments}\nt".encode() + opcode + b"."


def stacked(module, name):
    """Return such a pickle that uses STACK_GLOBAL."""
    parts = b"".join(b"\x8c" + bytes([len(part)]) + part.encode() for part in (module, name))
    return b"\x80\x04" + parts + b"\x93\x8c\x01x\x85R."


REFUSED_GLOBALS = [
    ("os", "system"),
    ("posix", "system"),
    ("nt", "system"),
    ("os", "popen"),
    ("subprocess", "Popen"),
    ("subprocess", "check_output"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "compile"),
    ("builtins", "open"),
    ("builtins", "getattr"),
    ("builtins", "setattr"),
    ("builtins", "globals"),
    ("builtins", "__import__"),
    ("builtins", "breakpoint"),
    ("builtins", "map"),
    ("builtins", "type"),
    ("__builtin__", "eval"),
    ("__builtin__", "execfile"),
    ("__builtin__", "apply"),
    ("functools", "partial"),
    ("functools", "reduce"),
    ("operator", "attrgetter"),
    ("operator", "methodcaller"),
    ("importlib", "import_module"),
    ("imp", "load_source"),
    ("runpy", "run_path"),
    ("pickle", "loads"),
    ("_pickle", "loads"),
    ("marshal", "loads"),
    ("types", "FunctionType"),
    ("types", "CodeType"),
    ("ctypes", "CDLL"),
    ("codecs", "open"),
    ("codecs", "decode"),
    ("_codecs", "decode"),
    ("_codecs", "register"),
    ("code", "interact"),
    ("pty", "spawn"),
    ("shutil", "rmtree"),
    ("socket", "create_connection"),
    ("webbrowser", "open"),
    ("timeit", "timeit"),
    ("numpy", "load"),
    ("numpy", "fromfile"),
    ("numpy", "memmap"),
    ("numpy", "ndarray.tofile"),
    ("numpy.lib.npyio", "load"),
    ("numpy.lib.npyio", "loadtxt"),
    ("numpy.f2py", "compile"),
    ("numpy.distutils.exec_command", "exec_command"),
    ("numpy.testing._private.utils", "runstring"),
    ("numpy.core.multiarray", "fromfile"),
    ("numpy.core.multiarray", "set_string_function"),
    ("numpy.random._pickle", "os.system"),
    ("gensim.utils", "unpickle"),
    ("gensim.utils", "check_output"),
    ("gensim.utils", "open"),
    ("gensim.models.word2vec", "utils.unpickle"),
    ("gensim.models.word2vec", "LineSentence"),
    ("gensim.models.word2vec", "os.system"),
    ("gensim.models.keyedvectors", "KeyedVectors.load"),
    ("gensim.downloader", "load"),
    ("copyreg", "add_extension"),
    ("copyreg", "__newobj__"),
    ("collections", "namedtuple"),
    ("torch.storage", "_load_from_bytes"),
    ("__main__", "anything"),
]


@pytest.mark.parametrize(("module", "name"), REFUSED_GLOBALS)
def test_globals_beyond_the_list_are_refused_by_name(module, name):
    for content in (
        named(module, name),
        stacked(module, name),
        named(module, name, opcode=b"0N"),  # named, but not called
        f"(i{module}\n{name}\n.".encode(),
        b"(" + named(module, name)[:-2] + b"o.",
        b"c" + f"{module}\n{name}\n)\x81.".encode(),
    ):
        with pytest.raises(pickle.UnpicklingError, match=r"it (refers to|holds a)") as caught:
            unpickle(content)
        assert f"{module}.{name}" in str(caught.value)


MARKER = "touch executed"


@pytest.fixture
def nothing_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert os.listdir(tmp_path) == []


def hostile_objects():
    call = Calls(os.system, MARKER)
    wrapped = collections.OrderedDict(a=call)
    return {
        "plain": call,
        "in a list": [1, [call]],
        "as a dictionary value": {"wv": {"vectors": call}},
        "as a dictionary key": {Calls(tuple, call): 1},
        "in an OrderedDict": wrapped,
        "as a state": Calls(copyreg._reconstructor, Instance, object, None, state={"x": call}),
        "in an object array": np.array([call, None], dtype=object),
        "as the factory of a defaultdict": collections.defaultdict(Calls, {1: call}),
        "eval": Calls(eval, f"__import__('os').system({MARKER!r})"),
        "exec": Calls(exec, f"import os; os.system({MARKER!r})"),
        "getattr": Calls(getattr, "text", "upper"),
        "import": Calls(__import__, "os"),
        "a process": Calls(subprocess.Popen, ["touch", "executed"]),
        "numpy.load": Calls(np.load, "file.npy", None, True),
        "numpy.fromfile": Calls(np.fromfile, "/etc/hostname"),
        "pickle in pickle": Calls(pickle.loads, pickle.dumps(call)),
        "a slot state": Calls(dict, state=(None, {"name": call})),
    }


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", hostile_objects())
def test_hostile_objects_are_refused_wherever_they_sit(name, protocol):
    content = pickle.dumps(hostile_objects()[name], protocol)
    with pytest.raises(pickle.UnpicklingError):
        unpickle(content)


KEYED = b"cgensim.models.keyedvectors\nKeyedVectors\n"
DTYPE = b"cnumpy\ndtype\n"
BOX = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntVb\ntR"
HOSTILE = {
    "extension code": b"\x80\x02\x82\x01.",
    "extension code of two bytes": b"\x80\x02\x83\x01\x00.",
    "extension code of four bytes": b"\x80\x02\x84\x01\x00\x00\x00.",
    "persistent id": b"Pos.system\n.",
    "binary persistent id": b"\x80\x02NQ.",
    "out-of-band buffer": b"\x80\x05\x97.",
    "read-only buffer": b"\x80\x05N\x98.",
    "future protocol": b"\x80\x06N.",
    "unknown opcode": b"\xff.",
    "a class called with arguments": KEYED + b"(I1\ntR.",
    "a class called with a keyword": KEYED + b")}(Va\nI1\nu\x92.",
    "a class given a state": KEYED + b"}(Vname\nVx\nub.",
    "a function given a state": DTYPE + b"}(V__code__\nNub.",
    "a function given a slot state": DTYPE + b"(N}(V__defaults__\nNutb.",
    "a constant called": b"cbuiltins\nint\n(V1\ntR.",
    "hash called": b"cbuiltins\nhash\n(V1\ntR.",
    "object made": b"cbuiltins\nobject\n)\x81.",
    "an object given a list as its state": KEYED + b")\x81]b.",
    "attributes without names": KEYED + b")\x81}(I1\nI2\nub.",
    "a number called": b"I1\n)R.",
    "a string called": b"Vos.system\n(Vls\ntR.",
    "arguments that are a list": DTYPE + b"](Vf4\neR.",
    "items for a tuple": b"(I1\nt(I2\ne.",
    "items for an instance": KEYED + b")\x81(Va\nI1\nu.",
    "items for an array": BOX + b"(I0\nI1\nu.",
    "an item for a number": b"I1\nI2\na.",
    "_reconstructor of a foreign base": b"ccopyreg\n_reconstructor\n(" + KEYED + b"cbuiltins\nint\nI5\ntR.",
    "_reconstruct of another class": b"cnumpy.core.multiarray\n_reconstruct\n(" + KEYED + b"(I0\ntVb\ntR.",
    "structured dtype": DTYPE + b"(VV8\nI00\nI01\ntR.",
    "dtype with fields": DTYPE + b"(Vi8\nI00\nI01\ntR(I3\nV|\nN(Va\nt}I8\nI1\nI0\ntb.",
    "dtype by module name": DTYPE + b"(Vos.system\ntR.",
    "object array from bytes": BOX + b"(I1\n(I1\nt" + DTYPE + b"(VO8\ntRI00\nC\x08AAAAAAAAtb.",
    "array beyond its bytes": BOX + b"(I1\n(I1000000\nt" + DTYPE + b"(Vf4\ntRI00\nC\x04AAAAtb.",
    "array of a negative shape": BOX + b"(I1\n(I-1\nt" + DTYPE + b"(Vf4\ntRI00\nC\x00tb.",
    "array of an overflowing shape": BOX
    + b"(I1\n(L4294967296\nL4294967296\nI0\nt"
    + DTYPE
    + b"(Vf4\ntRI00\nC\x00tb.",
    "array of a shape of strings": BOX + b"(I1\n(Va\nt" + DTYPE + b"(Vf4\ntRI00\nC\x00tb.",
    "strings of no characters": BOX + b"(I1\n(I1\nt" + DTYPE + b"(VU1\ntRI00\nC\x04\xff\xff\xff\xfftb.",
    "strings of no length": BOX + b"(I1\n(I999999999\nt" + DTYPE + b"(VU0\ntRI00\nC\x00tb.",
    "array without dtype": BOX + b"(I1\n(I1\ntNI00\nC\x04AAAAtb.",
    "array that holds itself": BOX + b"p0\n(I1\n(I1\nt" + DTYPE + b"(VO8\ntRI00\n](g0\netb.",
    "scalar of too few bytes": b"cnumpy.core.multiarray\nscalar\n(" + DTYPE + b"(Vf8\ntRC\x04AAAAtR.",
    "codecs to another encoding": b"c_codecs\nencode\n(Vx\nVzlib\ntR.",
    "codecs of an object": b"c_codecs\nencode\n(I5\nVlatin1\ntR.",
    "bytes of a given length": b"cbuiltins\nbytes\n(L99999999999\ntR.",
    "a set of a number": b"cbuiltins\nset\n(I5\ntR.",
    "a defaultdict with a calling factory": b"ccollections\ndefaultdict\n(" + DTYPE + b"tR.",
    "a list as a key": b"}(]I1\nu.",
    "a nested tuple as a key": b"}(((I1\nttI1\nu.",
    "an instance as a key": b"}(" + KEYED + b")\x81I1\nu.",
    "a list in a set": b"\x80\x04\x8f(]\x90.",
    "string beyond the file": b"\x80\x04\x8c\xffabc.",
    "long string beyond the file": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"abc.",
    "bytes beyond the file": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"abc.",
    "bytearray beyond the file": b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b"abc.",
    "frame beyond the file": b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + b"N.",
    "integer beyond the file": b"\x80\x02\x8b" + struct.pack("<i", -1) + b"N.",
    "integer of a million digits": b"I" + b"9" * 1_000_000 + b"\n.",
    "memo entry that was never made": b"\x80\x02j\xff\xff\xff\x7f.",
    "pop of nothing": b"0.",
    "mark that was never set": b"t.",
    "nothing": b"",
    "no end": b"\x80\x04N",
    "end of nothing": b".",
    "string without quotes": b"Sabc\n.",
    "bad UTF-8": b"\x80\x04\x8c\x02\xff\xfe.",
    "no pickle": b"the quick brown fox",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_programs_are_refused(name):
    with pytest.raises(pickle.UnpicklingError):
        unpickle(HOSTILE[name])


def test_a_cached_extension_is_refused_too():
    """CPython's unpickler does not call find_class for an extension code that was used before."""
    copyreg.add_extension(os.system.__module__, "system", 77)
    try:
        content = pickle.dumps(os.system, 2)
        assert pickle.loads(content) is os.system
        with pytest.raises(pickle.UnpicklingError, match="an extension code"):
            unpickle(content)
    finally:
        copyreg.remove_extension(os.system.__module__, "system", 77)
        copyreg.clear_extension_cache()


BOMBS = {
    "a memo index of two thousand million": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "tuples to the depth of a million": b"\x80\x02)" + b"\x85" * 1_000_000 + b".",
    "tuples of that depth as a key": b"\x80\x02})" + b"\x85" * 1_000_000 + b"Ns.",
    "lists to the depth of a million": b"\x80\x02]" + b"]" * 1_000_000 + b"a" * 1_000_000 + b".",
    "a million laughs": b"\x80\x02]q\x00" + b"](h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00eq\x00" * 60 + b".",
    "laughs as the shape of an array": b"\x80\x02)q\x00"
    + b"(h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00tq\x00" * 60
    + b"0"
    + BOX
    + b"(I1\nh\x00"
    + DTYPE
    + b"(Vf4\ntRI00\nC\x00tb.",
    "laughs as a dtype": b"\x80\x02)q\x00"
    + b"(h\x00h\x00h\x00h\x00tq\x00" * 60
    + b"0"
    + DTYPE
    + b"(h\x00tR.",
    "the same text encoded over and over": b"\x80\x02c_codecs\nencode\nq\x00X"
    + struct.pack("<I", 500_000)
    + b"x" * 500_000
    + b"X\x06\x00\x00\x00latin1\x86q\x01]("
    + b"h\x00h\x01R" * 100_000
    + b"e.",
    "the same dictionary copied over and over": b"\x80\x02ccollections\nCounter\nq\x00}("
    + b"".join(b"J" + struct.pack("<i", i) + b"N" for i in range(50_000))
    + b"u\x85q\x01]("
    + b"h\x00h\x01R" * 50_000
    + b"e.",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_take_neither_time_nor_memory_nor_the_process(name, tmp_path):
    """Each pickle is loaded in a process of its own with limited memory, which must end within seconds."""
    (tmp_path / "bomb").write_bytes(BOMBS[name])
    script = (
        "import re, resource, sys, pickle, time\n"
        "from fastw2v.formats.unpickler import unpickle\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "try:\n    unpickle(data)\nexcept pickle.UnpicklingError:\n    pass\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1], time.process_time())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "bomb")], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-500:]
    kilobytes, seconds = done.stdout.split()
    assert float(seconds) < 10
    assert int(kilobytes) < 600_000


VALUES = [
    None,
    True,
    0,
    -1,
    255,
    65535,
    -(2**31),
    2**63,
    -(10**30),
    1.5,
    float("inf"),
    "",
    "naïve 字\n\\ \ud800",
    "x" * 70_000,
    b"",
    b"\x00\xff" * 10,
    [],
    [1, [2, ["a"]]],
    (),
    (1,),
    (1, 2, 3, 4),
    {"a": {1: 2.5, None: "b", (1, "x"): b"c"}},
    {1, 2},
    frozenset(),
    collections.defaultdict(int, {"a": 1}),
    collections.OrderedDict(b=1, a=2),
    collections.Counter("aab"),
    list(range(3000)),
    {str(i): i for i in range(3000)},
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__}-{str(value)[:10]!r}")
def test_data_comes_back_as_pickle_reads_it(value, protocol):
    assert unpickle(pickle.dumps(value, protocol)) == value


ARRAYS = [
    np.arange(12, dtype=np.float32).reshape(3, 4),
    np.arange(12, dtype=">f8").reshape(3, 4),
    np.asfortranarray(np.arange(12, dtype=np.int64).reshape(3, 4)),
    np.zeros((0, 5), np.uint32),
    np.array(3, np.uint8),
    np.array([True, False]),
    np.ones((300, 300), np.float32),
    np.array([1.5], np.float16),
    np.array(["a", "naïve", "😀"]),
    np.array([["a"], ["bc"]], ">U3"),
    np.array([b"a", b"bc"]),
    np.array(["w"] * 70_000),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}-{array.shape}")
def test_arrays_come_back_whole(array, protocol):
    found = unwrap_array(unpickle(pickle.dumps(array, protocol)))
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype.newbyteorder("=")
    assert found.flags.writeable
    assert found.flags.c_contiguous


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_of_arrays_and_scalars(protocol):
    ragged = np.empty(2, dtype=object)
    ragged[0], ragged[1] = np.array([1, 2], np.uint8), "attached"
    content = pickle.dumps([ragged, ragged, np.float32(0.5), np.int64(-3)], protocol)
    first, again, half, three = unpickle(content)
    assert first is again
    np.testing.assert_array_equal(unwrap_array(first)[0], [1, 2])
    assert unwrap_array(first)[1] == "attached"
    assert (half, three) == (0.5, -3)


def test_what_stands_for_functions_and_generators_is_inert():
    found = unpickle(pickle.dumps([hash, int, np.random.RandomState(3), np.random.default_rng(3)]))
    assert [type(item) for item in found] == [Constant, Constant, PickledRandomState, PickledRandomState]
    assert not any(callable(item) for item in found)


def test_an_array_without_content_is_noticed():
    assert type(unpickle(BOX + b".")) is PickledArray
    with pytest.raises(pickle.UnpicklingError, match="without content"):
        unwrap_array(unpickle(BOX + b"."))


def whole_pickle():
    ragged = np.empty(2, dtype=object)
    ragged[0], ragged[1] = np.array([1, 2], np.uint8), np.array([0], np.uint32)
    return {
        "vectors": np.ones((3, 2), np.float32),
        "expandos": {"code": ragged, "count": np.arange(3)},
        "raw_vocab": collections.defaultdict(int, {"a": 1}),
        "random": np.random.RandomState(1),
        "hashfxn": hash,
        "events": [{"datetime": "now", "params": {"x": 1.5, "y": None}}],
        "scalar": np.float32(1),
    }


WHOLE = [pickle.dumps(whole_pickle(), protocol) for protocol in PROTOCOLS]
EDITS = st.lists(
    st.tuples(st.integers(0, 1 << 20), st.integers(0, 4), st.integers(0, 255)), min_size=1, max_size=5
)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(st.sampled_from(PROTOCOLS), EDITS)
def test_mutated_pickles_are_read_or_refused(protocol, edits):
    content = bytearray(WHOLE[protocol])
    for place, kind, value in edits:
        place %= len(content) or 1
        if kind == 0 and content:
            content[place] = value
        elif kind == 1 and content:
            content[place] ^= 1 << value % 8
        elif kind == 2:
            content.insert(place, value)
        elif kind == 3:
            del content[place : place + 1 + value % 16]
        else:
            del content[place:]
    with contextlib.suppress(pickle.UnpicklingError):
        unpickle(bytes(content))


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(st.binary(max_size=60))
def test_noise_is_read_or_refused(content):
    with contextlib.suppress(pickle.UnpicklingError):
        unpickle(content)


def globals_of(*names):
    """Return opcodes that put globals into the memo, from number 0 on, and then lie below everything else."""
    return b"\x80\x04" + b"".join(b"c" + module + b"\n" + name + b"\n\x94" for module, name in names)


SET, VOCAB = (b"builtins", b"set"), (b"gensim.models.word2vec", b"Vocab")
NUMBERS = b"".join(b"J" + struct.pack("<i", i) for i in range(20_000))


@pytest.mark.parametrize(
    ("begin", "unit"),
    one_in(
        4,
        [
            (b"\x80\x04", b"]"),
            (b"\x80\x04", b"}"),
            (b"\x80\x04", b"\x8f"),
            (b"\x80\x04", b"("),
            (b"\x80\x04", b"(\x91"),
            (b"\x80\x04", b"}K\x00Ns"),
            (b"\x80\x04", b"\x8f(N\x90"),
            (b"\x80\x04N", b"\x94"),
            (b"\x80\x04]", b"\x85"),
            (b"\x80\x04]\x94", b"]a"),
            (b"\x80\x04", b"\x8c\x02ab"),
            (b"\x80\x04", b"\x8c\x03\xe6\xbc\xa2"),
            (globals_of(VOCAB), b"h\x00)\x81"),
            (globals_of(SET), b"h\x00)R"),
            (b"\x80\x04}(" + NUMBERS, b""),
            (b"\x80\x04\x8f(" + NUMBERS + b"\x90", b""),
            (globals_of(SET) + b"(" + NUMBERS + b"t\x94", b"h\x00h\x01\x85R"),
            (b"\x80\x04N", b"r\x00\x00\x10\x00"),
        ],
    ),
)
def test_the_memory_of_a_pickle_is_limited_by_its_length(begin, unit):
    data = begin + unit * (40_000 // max(len(unit), 1)) + b"."
    tracemalloc.start()
    with contextlib.suppress(pickle.UnpicklingError):
        unpickle(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * len(data) + (1 << 18)


def test_memo_numbers_that_are_left_out():
    assert unpickle(b"\x80\x02]q\x05h\x05\x86.") == ([], [])
    for number in (b"9", b"3", b"-1"):
        with pytest.raises(pickle.UnpicklingError, match="memo"):
            unpickle(b"\x80\x02]q\x05g" + number + b"\n.")

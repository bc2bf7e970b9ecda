"""The token loops: every kind of sentence, buffers that overflow, and what goes wrong inside a look-up."""

import datetime
import enum
import itertools
import signal
import sys
import threading
import uuid

import numpy as np
import pytest

from fastw2v.text.token_encoder import TokenEncoder, renumber


def run(corpus, index, grow=False):
    """Encode `corpus` and return (list of sentences, raw lengths, encoder)."""
    ids, kept, raw = [], [], []

    def sink(*chunks):
        for whole, chunk in zip((ids, kept, raw), chunks, strict=True):
            whole.extend(chunk.tolist())

    encoder = TokenEncoder(index, grow, sink)
    assert encoder.feed(iter(corpus), 1 << 60) is False
    ends = list(itertools.accumulate(kept, initial=0))
    return [ids[a:b] for a, b in itertools.pairwise(ends)], raw, encoder


class OnlyIterable:
    def __init__(self, tokens):
        self.tokens = tokens

    def __iter__(self):
        return iter(self.tokens)


KINDS = [
    list,
    tuple,
    iter,
    OnlyIterable,
    lambda tokens: (token for token in tokens),
    lambda tokens: np.array(tokens, dtype=object),
    lambda tokens: dict.fromkeys(tokens),
    type("Sub", (list,), {}),
]


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_of_sentences_encode_alike(kind):
    corpus = [["a", "b", "x"], [], ["b"], ["x"], ["c", "a"]]
    sentences, raw, encoder = run(map(kind, corpus), {"a": 5, "b": 0, "c": 2**31 - 1})
    assert sentences == [[5, 0], [], [0], [], [2**31 - 1, 5]]
    assert raw == [3, 0, 1, 1, 2]
    assert (encoder.n_sentences, encoder.raw_words) == (5, 7)


@pytest.mark.parametrize(
    "tokens",
    [[3, 1, 3], [-(2**70), "1", -(2**70)], ["\ud800", "\0", "\ud800"], np.array([7, 9, 7])],
)
def test_every_str_and_int_is_a_token(tokens):
    sentences, _, encoder = run([tokens], {}, grow=True)
    assert sentences == [[0, 1, 0]]
    assert list(encoder.counts().items()) == [(tokens[0], 2), (tokens[1], 1)]


class ArrowScalar:
    """A scalar of pyarrow, which is equal to no str and no int."""

    __module__ = "pyarrow.lib"
    __hash__ = object.__hash__

    def __init__(self, value):
        self.value = value

    def as_py(self):
        return self.value


@pytest.mark.parametrize(
    ("token", "word"),
    [
        (np.str_("a"), "a"),
        (np.bytes_("ä".encode()), "ä"),
        (np.int64(7), 7),
        (np.bool_(True), 1),
        (True, 1),
        (enum.IntEnum("Node", "A").A, 1),
        (type("Sub", (str,), {"__str__": lambda self: "other"})("a"), "a"),
        (ArrowScalar("a"), "a"),
        (ArrowScalar(7), 7),
    ],
)
def test_scalars_of_other_libraries_become_str_and_int(token, word):
    sentences, _, encoder = run([[token, word, token], (token,)], {}, grow=True)
    assert sentences == [[0, 0, 0], [0]]
    ((counted, count),) = encoder.counts().items()
    assert (counted, type(counted), count) == (word, type(word), 4)
    assert run([[token]], {word: 5})[0] == [[5]]


@pytest.mark.parametrize(
    ("token", "named"),
    [
        (None, "None; a token must be a str or an int: leave missing values out"),
        (float("nan"), r"nan \(float\); .* leave missing values"),
        (ArrowScalar(None), "None; .*leave missing values"),
        (2.5, r"2.5 \(float\); .*by str\(\)"),
        (b"x", r"b'x' \(bytes\); .*decode"),
        (("a", 1), r"\('a', 1\) \(tuple\); .*join its parts"),
        (frozenset("x"), r".*\(frozenset\); .*join its parts"),
        (datetime.date(2020, 1, 1), r".*\(date\); .*convert it"),
        (uuid.UUID(int=1), r".*\(UUID\); .*convert it"),
        (enum.Enum("Color", "RED").RED, r".*\(Color\); .*convert it"),
    ],
)
@pytest.mark.parametrize("kind", [list, tuple, iter])
def test_what_no_file_can_hold_is_not_counted(token, named, kind):
    with pytest.raises(TypeError, match=f"token #1 of sentence #2 is {named}"):
        run([["a"], [], kind(["a", token])], {}, grow=True)
    assert run([["a", token]], {"a": 5})[0] == [[5]]  # an unknown token like any other


def test_an_overridden_iterator_of_a_list_subclass_is_honoured():
    class Shouting(list):
        def __iter__(self):
            return (token.upper() for token in super().__iter__())

    _, _, encoder = run([Shouting(["a", "b"])], {}, grow=True)
    assert encoder.counts() == {"A": 1, "B": 1}


def test_sentences_larger_than_the_buffers():
    sentence = [str(i % 70_000) for i in range(300_000)]
    index: dict[str, int] = {}
    sentences, raw, encoder = run([["x"], sentence, ["x"]], index, grow=True)
    assert raw == [1, 300_000, 1]
    assert sentences[1] == [index[token] for token in sentence]
    assert list(encoder.counts()) == list(index) == ["x", *dict.fromkeys(sentence)]
    assert sum(encoder.counts().values()) == 300_002


def test_many_empty_sentences():
    sentences, raw, _ = run([[]] * 100_000 + [["a"]], {"a": 0})
    assert len(sentences) == len(raw) == 100_001
    assert sentences[-1] == [0]
    assert not any(raw[:-1])


def test_feed_stops_at_whole_sentences():
    encoder = TokenEncoder({}, True)
    corpus = iter([["a"] * 3] * 4)
    assert encoder.feed(corpus, 4) is True
    assert encoder.raw_words == 6
    assert encoder.feed(corpus, 4) is True
    assert encoder.feed(corpus, 4) is False
    assert (encoder.n_sentences, encoder.raw_words) == (4, 12)


@pytest.mark.parametrize("grow", [True, False])
@pytest.mark.parametrize(("bad", "name"), [(None, "NoneType"), (7, "int"), (1.5, "float")])
def test_a_sentence_that_is_none_is_named(bad, name, grow):
    with pytest.raises(TypeError, match=rf"sentence #2 of the corpus is {bad} \({name}\)"):
        run([["a"], [], bad], {"a": 0} if not grow else {}, grow)


@pytest.mark.parametrize("grow", [True, False])
@pytest.mark.parametrize(
    ("bad", "name"), [(["b"], "list"), (("b", {}), "tuple"), ({}, "dict"), (set(), "set")]
)
def test_an_unhashable_token_is_named(bad, name, grow):
    with pytest.raises(TypeError, match=rf"token #1 of sentence #1 is a {name}, which cannot be hashed"):
        run([["a"], ["a", bad]], {"a": 0} if not grow else {}, grow)


def test_errors_of_the_corpus_pass_unchanged():
    error = RuntimeError("the disk is gone")

    def corpus():
        yield ["a"]
        raise error

    def sentence():
        yield "a"
        raise error

    for broken in (corpus(), [["a"], sentence()]):
        with pytest.raises(RuntimeError) as caught:
            run(broken, {}, grow=True)
        assert caught.value is error


def test_an_error_while_comparing_tokens_passes_unchanged():
    class Fussy:
        def __hash__(self):
            return hash("a")

        def __eq__(self, other):
            raise LookupError("I do not compare")

    with pytest.raises(LookupError, match="I do not compare"):
        run([[Fussy()]], {"a": 0})


@pytest.mark.parametrize("index", [-1, 2**31, 2**70])
def test_an_index_that_int32_cannot_hold_is_refused(index):
    with pytest.raises(ValueError, match="between 0 and 2\\*\\*31 - 1"):
        run([["a"]], {"a": index})


def test_a_list_that_shrinks_while_it_is_read():
    sentence: list[object] = []

    class Eraser:
        def __hash__(self):
            sentence.clear()
            return 1

    sentence += [Eraser(), "b", "c"]
    sentences, raw, _ = run([sentence], {"b": 0, "c": 1})
    assert sentences == [[]]
    assert raw == [1]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
def test_an_endless_corpus_can_be_interrupted():
    def interrupt(*_):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            TokenEncoder({}, True).feed(itertools.repeat(("a",)), 1 << 60)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_other_threads_run_meanwhile():
    stop = threading.Event()
    turns = 0

    def count():
        nonlocal turns
        while not stop.is_set():
            turns += 1

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    thread = threading.Thread(target=count)
    try:
        thread.start()
        for _ in range(3):  # on a busy machine a thread may have to wait for a core
            before = turns
            TokenEncoder({}, True).feed(iter([("a", "b")] * 1_000_000), 1 << 60)
            during = turns - before
            if during:
                break
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert during > 0


def test_renumber_drops_and_moves_in_place():
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 9, 500)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    ids = rng.integers(0, 50, offsets[-1]).astype(np.int32)
    table = rng.permutation(50).astype(np.int32) - 10
    table[table < 0] = -1
    expected = [[table[i] for i in ids[a:b] if table[i] >= 0] for a, b in itertools.pairwise(offsets)]
    kept = renumber(ids, offsets, table)
    assert [ids[a:b].tolist() for a, b in itertools.pairwise(offsets)] == expected
    assert kept == offsets[-1] == sum(map(len, expected))


@pytest.mark.parametrize("bad", [-1, 3])
def test_renumber_refuses_an_id_outside_the_table(bad):
    ids = np.array([0, bad], dtype=np.int32)
    with pytest.raises(IndexError, match="outside the table of 3 words"):
        renumber(ids, np.array([0, 1, 2]), np.zeros(3, dtype=np.int32))


def test_renumber_of_nothing():
    assert renumber(np.empty(0, np.int32), np.zeros(1, np.int64), np.empty(0, np.int32)) == 0


# --- the table in front of the dict


@pytest.mark.parametrize("letters", ["ab", "a\0", "aé", "éü", "a漢", "漢字", "a😀", "😀\U0001f601"])
def test_tokens_of_all_lengths_and_widths_are_told_apart(letters):
    first, second = letters
    tokens = [first * n + second * m for n in range(20) for m in range(20)]
    copies = ["".join(list(token)) for token in tokens]  # equal, but other objects
    sentences, _, encoder = run([tokens, copies, iter(tokens)], {}, grow=True)
    expected = {}
    for token in tokens:
        expected[token] = expected.get(token, 0) + 3
    assert list(encoder.counts().items()) == list(expected.items())
    ids = {token: i for i, token in enumerate(expected)}
    assert sentences == [[ids[token] for token in tokens]] * 3
    known = {token: i * 5 for token, i in ids.items() if i % 2}
    sentences, raw, _ = run([tokens, copies], known)
    assert sentences == [[known[token] for token in tokens if token in known]] * 2
    assert raw == [400, 400]


def test_strings_of_a_class_of_their_own_go_by_their_own_equality():
    class Folded(str):
        def __eq__(self, other):
            return self.lower() == other.lower()

        def __hash__(self):
            return hash(self.lower())

    tokens = ["a", Folded("A"), Folded("b"), "b", Folded("B"), "a"]
    _, _, encoder = run([tokens, tokens], {}, grow=True)
    assert list(encoder.counts().values()) == [6, 6]

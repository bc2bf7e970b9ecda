"""A source of inputs that mutates earlier inputs.

An input with a new outcome is mutated further. The harness reports the outcome: the exception and the line that raised
it, or a description of the result.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

MAX_ANCESTORS = 400
MAX_LENGTH = 1 << 14

_NUMBER = re.compile(rb"-?\d+")
_NUMBERS = [
    b"0", b"-1", b"1", b"2", b"255", b"256", b"65536", b"2147483647", b"2147483648", b"-2147483648", b"4294967296",
    b"9223372036854775807", b"9223372036854775808", b"18446744073709551616", b"1e999", b"nan", b"inf", b"-0", b"1.5",
    b"99999999", b"9" * 30, b"9" * 5000, b"null", b"true", b"[]", b"{}", b'""',
]  # fmt: skip
_INTEGERS = [
    0,
    1,
    2,
    7,
    63,
    64,
    127,
    128,
    255,
    256,
    2**15,
    2**16,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**63 - 1,
    2**63,
]
_OCTETS = bytes([0, 1, 9, 10, 13, 32, 0x7F, 0x80, 0xC0, 0xE2, 0xED, 0xF0, 0xFF, 0x1F, 0x85, 0xA0])


class Mutator:
    """An endless source of inputs.

    Parameters
    ----------
    seeds : sequence of bytes
    words : sequence of bytes
        Tokens of the input language, which are inserted.
    seed : int
    """

    def __init__(self, seeds: Sequence[bytes], words: Sequence[bytes] = (), seed: int = 0) -> None:
        self._ancestors = list(seeds)
        self._words = list(words) or [b" "]
        self._random = random.Random(seed)
        self._seed = seed
        self._outcomes: set[str] = set()
        self._changes = [
            self._flip, self._set, self._insert, self._remove, self._repeat, self._splice, self._cut, self._word,
            self._number, self._integer, self._swap,
        ]  # fmt: skip

    def skip(self, used: int) -> None:
        """Continue with other random numbers after `used` inputs."""
        self._random = random.Random(f"{self._seed}/{used}")

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data = bytearray(self._random.choice(self._ancestors))
        for _ in range(1 + int(self._random.expovariate(0.7))):
            self._random.choice(self._changes)(data)
        return bytes(data[:MAX_LENGTH])

    def report(self, data: bytes, outcome: str) -> bool:
        """Mutate `data` further if its outcome is new; return whether it is new."""
        if outcome in self._outcomes:
            return False
        self._outcomes.add(outcome)
        if len(self._ancestors) < MAX_ANCESTORS:
            self._ancestors.append(data)
        return True

    def _position(self, data: bytearray) -> int:
        return self._random.randrange(len(data) + 1)

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)

    def _set(self, data: bytearray) -> None:
        if data:
            data[self._random.randrange(len(data))] = self._random.choice(
                (self._random.choice(_OCTETS), self._random.randrange(256))
            )

    def _insert(self, data: bytearray) -> None:
        position = self._position(data)
        data[position:position] = self._random.randbytes(self._random.randint(1, 8))

    def _remove(self, data: bytearray) -> None:
        position = self._position(data)
        del data[position : position + self._random.randint(1, 16)]

    def _repeat(self, data: bytearray) -> None:
        position, target = self._position(data), self._position(data)
        data[target:target] = data[position : position + self._random.randint(1, 64)] * self._random.randint(
            1, 4
        )

    def _splice(self, data: bytearray) -> None:
        other = self._random.choice(self._ancestors)
        position = self._random.randrange(len(other) + 1)
        data[self._position(data) :] = other[position:]

    def _cut(self, data: bytearray) -> None:
        del data[self._position(data) :]

    def _word(self, data: bytearray) -> None:
        position = self._position(data)
        word = self._random.choice(self._words)
        data[position : position + self._random.choice((0, len(word)))] = word

    def _number(self, data: bytearray) -> None:
        numbers = [match.span() for match in _NUMBER.finditer(data)]
        if numbers:
            start, end = self._random.choice(numbers)
            data[start:end] = self._random.choice(_NUMBERS)

    def _integer(self, data: bytearray) -> None:
        size = self._random.choice((1, 2, 4, 8))
        value = self._random.choice(_INTEGERS) % (1 << 8 * size)
        position = self._position(data)
        data[position : position + size] = value.to_bytes(size, self._random.choice(("little", "big")))

    def _swap(self, data: bytearray) -> None:
        a, b, size = self._position(data), self._position(data), self._random.randint(1, 16)
        data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]

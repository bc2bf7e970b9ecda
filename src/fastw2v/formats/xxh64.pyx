# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""XXH64 as a Python class; the algorithm is in the C header ``xxh64.h``.

It runs about as fast as memory is read, and without the GIL.
"""

from libc.stdint cimport uint8_t, uint64_t

cdef extern from "formats/xxh64.h" nogil:
    ctypedef struct fw_xxh64:
        pass
    void fw_xxh64_init(fw_xxh64 *state)
    void fw_xxh64_update(fw_xxh64 *state, const uint8_t *data, size_t length)
    uint64_t fw_xxh64_value(const fw_xxh64 *state)


cdef class XXH64:
    """The XXH64, with seed 0, of data that is passed in pieces.

    Attributes
    ----------
    value : int
        The checksum of the data so far, an unsigned 64-bit integer.
    """

    cdef fw_xxh64 _state

    def __cinit__(self):
        fw_xxh64_init(&self._state)

    def update(self, const uint8_t[::1] data not None):
        """Add the next piece of data. Only one thread at a time may call this method."""
        if data.shape[0]:
            with nogil:
                fw_xxh64_update(&self._state, &data[0], <size_t>data.shape[0])

    @property
    def value(self):
        return fw_xxh64_value(&self._state)

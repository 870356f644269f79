# cython: boundscheck=False, wraparound=False, cdivision=True
"""Values of the rows that were asked for last, compiled. ``row_memory_numpy`` documents the class.

Entries lie one behind the other as they came; chains from a table of heads find them by their words, and a list through
all of them is kept in the order in which they were asked for.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy

cimport numpy as cnp

from gigaevo.kernels.compiled._boundary cimport are_below, fits, new_array, new_table

import numpy as np

from gigaevo.kernels.checks import row_memory_checks as checks

cnp.import_array()

cdef int64_t FIRST_ROOM = 64


cdef class RowMemory:
    """See ``row_memory_numpy.RowMemory``."""

    cdef readonly int64_t capacity
    cdef readonly int64_t width
    cdef int64_t count, room, oldest, newest
    cdef uint64_t* words
    cdef double* values
    cdef int64_t* older  # the entry that was asked for before, -1 for the oldest
    cdef int64_t* newer
    cdef int64_t* chain  # the next entry of the same head, -1 for the last
    cdef int64_t* heads  # twice as many as there is room for entries

    def __cinit__(self, capacity, width):  # not __init__: there is never one without its room
        checks.check_sizes(capacity, width)
        self.capacity, self.width = capacity, width
        self.oldest = self.newest = -1
        self.reserve(1)

    def __dealloc__(self):
        free(self.words)
        free(self.values)
        free(self.older)
        free(self.newer)
        free(self.chain)
        free(self.heads)

    def __len__(self):
        return self.count

    def __reduce__(self):
        return restored_memory, (self.capacity, self.width, *self.items())

    def items(self):
        """See ``row_memory_numpy.RowMemory.items``."""
        cdef int64_t entry = self.oldest, place = 0
        rows = new_table(self.count, self.width, cnp.NPY_UINT64)
        values = new_array(self.count, cnp.NPY_FLOAT64)
        cdef uint64_t* to_rows = <uint64_t*>cnp.PyArray_DATA(rows)
        cdef double* to_values = <double*>cnp.PyArray_DATA(values)
        while entry >= 0:
            memcpy(to_rows + place * self.width, self.words + entry * self.width, self.width * sizeof(uint64_t))
            to_values[place] = self.values[entry]
            place += 1
            entry = self.newer[entry]
        return rows, values

    def recall(self, rows, values, wanted):
        """See ``row_memory_numpy.RowMemory.recall``."""
        self.check(rows, values, wanted)
        cdef const uint64_t* words = <const uint64_t*>cnp.PyArray_DATA(<cnp.ndarray>rows)
        cdef double* known = <double*>cnp.PyArray_DATA(<cnp.ndarray>values)
        cdef const int64_t* asked = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>wanted)
        cdef int64_t n = cnp.PyArray_DIM(<cnp.ndarray>wanted, 0), slots = 4, missing = 0, again = 0, slot, found
        while slots < 2 * n:
            slots *= 2
        cdef int64_t* table = <int64_t*>malloc((slots + 3 * n) * sizeof(int64_t))
        if table == NULL:
            raise MemoryError
        cdef int64_t* absent = table + slots
        cdef int64_t* pairs = absent + n
        with nogil:
            for slot in range(slots):
                table[slot] = -1
            found = self.look_up(words, known, asked, n, table, slots, absent, pairs, &missing, &again)
        first = new_array(missing, cnp.NPY_INT64)
        twins = new_table(again, 2, cnp.NPY_INT64)
        memcpy(cnp.PyArray_DATA(first), absent, missing * sizeof(int64_t))
        memcpy(cnp.PyArray_DATA(twins), pairs, 2 * again * sizeof(int64_t))
        free(table)
        return found, first, twins

    def remember(self, rows, values, wanted):
        """See ``row_memory_numpy.RowMemory.remember``."""
        self.check(rows, values, wanted)
        cdef const uint64_t* words = <const uint64_t*>cnp.PyArray_DATA(<cnp.ndarray>rows)
        cdef const double* known = <const double*>cnp.PyArray_DATA(<cnp.ndarray>values)
        cdef const int64_t* asked = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>wanted)
        cdef int64_t n = cnp.PyArray_DIM(<cnp.ndarray>wanted, 0), item
        self.reserve(min(self.capacity, self.count + n))
        with nogil:
            for item in range(n):
                self.keep(words + asked[item] * self.width, known[asked[item]])

    cdef int check(self, object rows, object values, object wanted) except -1:
        cdef int64_t n
        if (
            (fits(rows, cnp.NPY_UINT64, 2) or fits(rows, cnp.NPY_FLOAT64, 2))
            and fits(values, cnp.NPY_FLOAT64, 1)
            and fits(wanted, cnp.NPY_INT64, 1)
            and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>values)
        ):
            n = cnp.PyArray_DIM(<cnp.ndarray>rows, 0)
            if (
                cnp.PyArray_DIM(<cnp.ndarray>rows, 1) == self.width
                and cnp.PyArray_DIM(<cnp.ndarray>values, 0) == n
                and are_below(
                    <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>wanted), cnp.PyArray_DIM(<cnp.ndarray>wanted, 0), n
                )
            ):
                return 0
        checks.check_rows(self.width, rows, values, wanted)
        return 0

    cdef int64_t look_up(
        self,
        const uint64_t* words,
        double* known,
        const int64_t* asked,
        int64_t n,
        int64_t* table,
        int64_t slots,
        int64_t* absent,
        int64_t* pairs,
        int64_t* missing,
        int64_t* again,
    ) noexcept nogil:
        cdef int64_t item, row, entry, other, found = 0
        cdef uint64_t mixed, slot
        cdef const uint64_t* key
        for item in range(n):
            row = asked[item]
            if known[row] == known[row]:
                continue
            key = words + row * self.width
            mixed = mix(key, self.width)
            entry = self.find(key, mixed)
            if entry >= 0:
                known[row] = self.values[entry]
                self.unlink(entry)
                self.link(entry)
                found += 1
                continue
            slot = mixed & <uint64_t>(slots - 1)
            while True:
                other = table[slot]
                if other < 0:
                    table[slot] = absent[missing[0]] = row
                    missing[0] += 1
                    break
                if are_same(key, words + other * self.width, self.width):
                    pairs[2 * again[0]], pairs[2 * again[0] + 1] = row, other
                    again[0] += 1
                    break
                slot = (slot + 1) & <uint64_t>(slots - 1)
        return found

    cdef void keep(self, const uint64_t* key, double value) noexcept nogil:
        """An entry for ``key``; there is room, or the oldest gives way."""
        cdef uint64_t mixed = mix(key, self.width)
        cdef int64_t entry = self.find(key, mixed)
        cdef int64_t* head
        if entry >= 0:
            self.unlink(entry)
        else:
            if self.count < self.capacity:
                entry = self.count
                self.count += 1
            else:
                entry = self.oldest
                self.unlink(entry)
                self.unchain(entry)
            memcpy(self.words + entry * self.width, key, self.width * sizeof(uint64_t))
            head = self.heads + self.place(mixed)
            self.chain[entry], head[0] = head[0], entry
        self.values[entry] = value
        self.link(entry)

    cdef int64_t place(self, uint64_t mixed) noexcept nogil:
        return <int64_t>(mixed & <uint64_t>(2 * self.room - 1))

    cdef int64_t find(self, const uint64_t* key, uint64_t mixed) noexcept nogil:
        """The entry of ``key``, -1 if there is none."""
        cdef int64_t entry = self.heads[self.place(mixed)]
        while entry >= 0 and not are_same(key, self.words + entry * self.width, self.width):
            entry = self.chain[entry]
        return entry

    cdef void unchain(self, int64_t entry) noexcept nogil:
        """Take ``entry`` out of the chain of its head."""
        cdef int64_t* link = self.heads + self.place(mix(self.words + entry * self.width, self.width))
        while link[0] != entry:
            link = self.chain + link[0]
        link[0] = self.chain[entry]

    cdef void unlink(self, int64_t entry) noexcept nogil:
        """Take ``entry`` out of the order of use."""
        if self.older[entry] >= 0:
            self.newer[self.older[entry]] = self.newer[entry]
        else:
            self.oldest = self.newer[entry]
        if self.newer[entry] >= 0:
            self.older[self.newer[entry]] = self.older[entry]
        else:
            self.newest = self.older[entry]

    cdef void link(self, int64_t entry) noexcept nogil:
        """Let ``entry`` be the newest."""
        self.older[entry], self.newer[entry] = self.newest, -1
        if self.newest >= 0:
            self.newer[self.newest] = entry
        else:
            self.oldest = entry
        self.newest = entry

    cdef int reserve(self, int64_t entries) except -1:
        """Have room for so many entries."""
        cdef int64_t room = max(self.room, FIRST_ROOM), entry
        while room < entries:
            room *= 2
        if room == self.room:
            return 0
        self.words = <uint64_t*>resized(self.words, room * self.width)
        self.values = <double*>resized(self.values, room)
        self.older = <int64_t*>resized(self.older, room)
        self.newer = <int64_t*>resized(self.newer, room)
        self.chain = <int64_t*>resized(self.chain, room)
        self.heads = <int64_t*>resized(self.heads, 2 * room)
        self.room = room
        cdef int64_t* head
        for entry in range(2 * room):
            self.heads[entry] = -1
        for entry in range(self.count):
            head = self.heads + self.place(mix(self.words + entry * self.width, self.width))
            self.chain[entry], head[0] = head[0], entry
        return 0


def restored_memory(capacity, width, rows, values):
    """The memory that was pickled."""
    memory = RowMemory(capacity, width)
    memory.remember(rows, values, np.arange(len(values)))
    return memory


cdef void* resized(void* there, int64_t entries) except NULL:
    """Room for so many entries of 8 bytes; what is there stays, and on failure stays where it is."""
    cdef void* found = realloc(there, entries * 8)
    if found == NULL:
        raise MemoryError
    return found


cdef uint64_t mix(const uint64_t* words, int64_t width) noexcept nogil:
    cdef uint64_t mixed = 0
    cdef int64_t word
    for word in range(width):
        mixed = (mixed ^ words[word]) * <uint64_t>0x9E3779B97F4A7C15
        mixed ^= mixed >> 29
    return mixed


cdef bint are_same(const uint64_t* words, const uint64_t* others, int64_t width) noexcept nogil:
    return memcmp(words, others, width * sizeof(uint64_t)) == 0

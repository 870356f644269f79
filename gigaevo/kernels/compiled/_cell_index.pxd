# Which row of an archive holds a cell: a table of all cells where they are few, else a hash table of occupied ones.

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset


cdef extern from "_memory.h" nogil:
    void will_read(const void* address)


cdef enum:
    DENSE_LIMIT = 4194304  # cells up to which a table of all of them is kept: 16 MiB, touched only where occupied


cdef struct CellIndex:
    int32_t* dense  # of each cell its row + 1, 0 where empty; NULL when hashed
    int64_t* slot_cells  # open addressing with linear probing
    int32_t* slot_rows  # of each slot its row + 1, 0 where free
    uint64_t mask  # number of slots - 1; it is a power of two and at least twice the number of rows
    int shift  # takes the upper bits of a hash as a slot


cdef inline uint64_t home_slot(const CellIndex* index, int64_t cell) noexcept nogil:
    """The slot in which the search for ``cell`` begins (Fibonacci hashing: neighbouring cells land far apart)."""
    return (<uint64_t>cell * <uint64_t>0x9E3779B97F4A7C15) >> index.shift


cdef inline uint64_t slot_of(const CellIndex* index, int64_t cell) noexcept nogil:
    """The slot that holds ``cell``, or the free one where it would go."""
    cdef uint64_t slot = home_slot(index, cell)
    while index.slot_rows[slot] != 0 and index.slot_cells[slot] != cell:
        slot = (slot + 1) & index.mask
    return slot


cdef inline int32_t row_of_cell(const CellIndex* index, int64_t cell) noexcept nogil:
    """The row that holds ``cell``, -1 when it is empty."""
    if index.dense != NULL:
        return index.dense[cell] - 1
    return index.slot_rows[slot_of(index, cell)] - 1


cdef inline void prefetch_row(const CellIndex* index, int64_t cell) noexcept nogil:
    """Ask for the memory that ``row_of_cell`` will look at."""
    if index.dense != NULL:
        will_read(&index.dense[cell])
    else:
        will_read(&index.slot_rows[home_slot(index, cell)])
        will_read(&index.slot_cells[home_slot(index, cell)])


cdef inline void set_row(CellIndex* index, int64_t cell, int32_t row) noexcept nogil:
    """Let ``row`` hold ``cell``. There must be room (``reserve_index``)."""
    cdef uint64_t slot
    if index.dense != NULL:
        index.dense[cell] = row + 1
        return
    slot = slot_of(index, cell)
    index.slot_cells[slot] = cell
    index.slot_rows[slot] = row + 1


cdef inline void forget_cell(CellIndex* index, int64_t cell) noexcept nogil:
    """Make ``cell`` empty.

    The cells that follow without a gap move up where their search allows it, so that no search stops too early and
    no markers of removed cells pile up.
    """
    cdef uint64_t hole, slot, home
    if index.dense != NULL:
        index.dense[cell] = 0
        return
    hole = slot_of(index, cell)
    if index.slot_rows[hole] == 0:
        return
    slot = hole
    while True:
        slot = (slot + 1) & index.mask
        if index.slot_rows[slot] == 0:
            break
        home = home_slot(index, index.slot_cells[slot])
        if ((slot - home) & index.mask) >= ((slot - hole) & index.mask):
            index.slot_cells[hole] = index.slot_cells[slot]
            index.slot_rows[hole] = index.slot_rows[slot]
            hole = slot
    index.slot_rows[hole] = 0


cdef inline int allocate_slots(CellIndex* index, int64_t rows) except -1:
    """New free slots for up to ``rows`` cells, in place of the old ones."""
    cdef int bits = 4
    while (<int64_t>1 << bits) < 2 * rows:
        bits += 1
    cdef size_t slots = <size_t>1 << bits
    cdef int64_t* slot_cells = <int64_t*>calloc(slots, sizeof(int64_t))
    cdef int32_t* slot_rows = <int32_t*>calloc(slots, sizeof(int32_t))
    if slot_cells == NULL or slot_rows == NULL:
        free(slot_cells)
        free(slot_rows)
        raise MemoryError(f"no memory for an index of {rows} elites")
    free_index(index)
    index.slot_cells, index.slot_rows = slot_cells, slot_rows
    index.mask = slots - 1
    index.shift = 64 - bits
    return 0


cdef inline int reserve_index(CellIndex* index, int64_t rows, const int64_t* cells, int64_t used) except -1:
    """Make room for ``rows`` rows; the first ``used`` of them hold ``cells``."""
    cdef int64_t row
    if index.dense == NULL and 2 * rows > <int64_t>index.mask + 1:
        allocate_slots(index, rows)
        for row in range(used):
            set_row(index, cells[row], <int32_t>row)
    return 0


cdef inline int make_index(CellIndex* index, int64_t total_cells, int64_t rows) except -1:
    """Begin with an empty index, at first with room for ``rows`` rows."""
    memset(index, 0, sizeof(CellIndex))
    if total_cells > DENSE_LIMIT:
        return allocate_slots(index, rows)
    index.dense = <int32_t*>calloc(total_cells, sizeof(int32_t))
    if index.dense == NULL:
        raise MemoryError(f"no memory for an index of {total_cells} cells")
    return 0


cdef inline void clear_index(CellIndex* index, const int64_t* cells, int64_t used) noexcept nogil:
    """Forget the ``cells`` of the first ``used`` rows, which are all there are."""
    cdef int64_t row
    if index.dense == NULL:
        memset(index.slot_rows, 0, (index.mask + 1) * sizeof(int32_t))
        return
    for row in range(used):
        index.dense[cells[row]] = 0


cdef inline void free_index(CellIndex* index) noexcept nogil:
    free(index.dense)
    free(index.slot_cells)
    free(index.slot_rows)

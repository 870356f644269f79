# cython: boundscheck=False, wraparound=False, cdivision=True
"""The elite archive, compiled. ``archive_numpy`` documents the class and is its twin.

The loops are nogil functions, called with the lock held: they take microseconds, and another thread can never see
half a batch.
"""

cimport cython
from libc.math cimport isfinite
from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t
from libc.string cimport memcpy

cimport numpy as cnp

from gigaevo.kernels._boundary cimport are_uniforms, fits, new_array
from gigaevo.kernels._cell_index cimport (
    CellIndex,
    clear_index,
    forget_cell,
    free_index,
    make_index,
    reserve_index,
    row_of_cell,
    set_row,
)

import numpy as np

from gigaevo.kernels import checks
from gigaevo.kernels.codes import AddStatus

cnp.import_array()

cdef enum:
    REJECTED = 0
    IMPROVED = 1
    NEW = 2

cdef tuple STATUSES = (AddStatus.REJECTED, AddStatus.IMPROVED, AddStatus.NEW)
cdef int64_t MAX_ROWS = checks.MAX_ROWS


cdef struct Items:
    # What is offered; behaviors and solutions are NULL where the archive keeps none.
    const int64_t* cells
    const double* objectives
    const int64_t* keys
    const double* behaviors
    const double* solutions


cdef inline const double* floats_in(object array) noexcept:
    """The numbers of a float64 array, NULL for None."""
    if array is None:
        return NULL
    return <const double*>cnp.PyArray_DATA(<cnp.ndarray>array)


cdef inline const double* row_in(const double* rows, int64_t row, int64_t width) noexcept nogil:
    if rows == NULL:
        return NULL
    return rows + row * width


cdef bint items_are_sound(const Items* items, Py_ssize_t n, int64_t total_cells) noexcept nogil:
    cdef bint sound = True
    cdef Py_ssize_t item
    for item in range(n):
        sound &= <uint64_t>items.cells[item] < <uint64_t>total_cells
        sound &= isfinite(items.objectives[item]) != 0
    return sound


cdef object checked_row(str name, object given, int64_t width):
    """An array of ``width`` numbers; None if the archive keeps none."""
    if width > 0 and fits(given, cnp.NPY_FLOAT64, 1) and cnp.PyArray_DIM(<cnp.ndarray>given, 0) == width:
        return given
    return checks.optional_rows(name, given, (width,))


@cython.final
cdef class EliteArchive:
    """See ``archive_numpy.EliteArchive``."""

    cdef readonly int64_t total_cells
    cdef int64_t count, capacity, behavior_dim, solution_dim
    cdef CellIndex index
    # The arrays own the rows, the pointers are to their data.
    cdef cnp.ndarray cell_rows, objective_rows, key_rows, behavior_rows, solution_rows
    cdef int64_t* row_cells
    cdef double* row_objectives
    cdef int64_t* row_keys
    cdef double* row_behaviors
    cdef double* row_solutions

    def __cinit__(self, total_cells, *, behavior_dim=0, solution_dim=0, capacity=64):
        checks.check_archive(total_cells, behavior_dim, solution_dim, capacity)
        self.total_cells = total_cells
        self.behavior_dim, self.solution_dim = behavior_dim, solution_dim
        self.count = 0
        make_index(&self.index, self.total_cells, capacity)
        self.resize(capacity)

    def __dealloc__(self):
        free_index(&self.index)

    def add(self, cells, objectives, keys, behaviors=None, solutions=None):
        """See ``archive_numpy.EliteArchive.add``."""
        cdef Py_ssize_t n
        cdef Items items
        if not fits(cells, cnp.NPY_INT64, 1):
            cells = checks.int_array("cells", cells, 1)
        if not fits(objectives, cnp.NPY_FLOAT64, 1):
            objectives = checks.float_array("objectives", objectives, 1)
        if not fits(keys, cnp.NPY_INT64, 1):
            keys = checks.int_array("keys", keys, 1)
        n = cnp.PyArray_DIM(<cnp.ndarray>cells, 0)
        if cnp.PyArray_DIM(<cnp.ndarray>objectives, 0) != n:
            checks.check_shape("objectives", objectives, (n,))
        if cnp.PyArray_DIM(<cnp.ndarray>keys, 0) != n:
            checks.check_shape("keys", keys, (n,))
        behaviors = checks.optional_rows("behaviors", behaviors, (n, self.behavior_dim))
        solutions = checks.optional_rows("solutions", solutions, (n, self.solution_dim))
        items.cells = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>cells)
        items.objectives = floats_in(objectives)
        items.keys = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>keys)
        items.behaviors = floats_in(behaviors)
        items.solutions = floats_in(solutions)
        if not items_are_sound(&items, n, self.total_cells):
            checks.check_cells(cells, self.total_cells)
            checks.check_finite("objectives", objectives)
        self.reserve(self.count + n)
        status = new_array(n, cnp.NPY_INT8)
        displaced = new_array(n, cnp.NPY_INT64)
        self.offer_all(&items, n, <int8_t*>cnp.PyArray_DATA(status), <int64_t*>cnp.PyArray_DATA(displaced))
        return status, displaced

    def add_one(self, int64_t cell, double objective, int64_t key, behavior=None, solution=None):
        """See ``archive_numpy.EliteArchive.add_one``."""
        cdef int64_t displaced
        cdef int status
        self.check_item(cell, objective)
        behavior = checked_row("behavior", behavior, self.behavior_dim)
        solution = checked_row("solution", solution, self.solution_dim)
        self.reserve(self.count + 1)
        status = self.offer(cell, objective, key, floats_in(behavior), floats_in(solution), &displaced)
        return STATUSES[status], displaced

    def put_one(self, int64_t cell, double objective, int64_t key, behavior=None, solution=None):
        """See ``archive_numpy.EliteArchive.put_one``."""
        cdef int64_t displaced = -1
        cdef int64_t row
        self.check_item(cell, objective)
        behavior = checked_row("behavior", behavior, self.behavior_dim)
        solution = checked_row("solution", solution, self.solution_dim)
        self.reserve(self.count + 1)
        row = row_of_cell(&self.index, cell)
        if row < 0:
            row = self.append(cell)
        else:
            displaced = self.row_keys[row]
        self.write(row, objective, key, floats_in(behavior), floats_in(solution))
        return displaced

    def row_of(self, int64_t cell):
        """See ``archive_numpy.EliteArchive.row_of``."""
        return self.checked_row_of(cell)

    def key_at(self, int64_t cell):
        """See ``archive_numpy.EliteArchive.key_at``."""
        cdef int64_t row = self.checked_row_of(cell)
        return self.row_keys[row] if row >= 0 else -1

    def objective_at(self, int64_t cell):
        """See ``archive_numpy.EliteArchive.objective_at``."""
        cdef int64_t row = self.checked_row_of(cell)
        if row < 0:
            raise KeyError(f"cell {cell} is empty")
        return self.row_objectives[row]

    def remove(self, int64_t cell):
        """See ``archive_numpy.EliteArchive.remove``."""
        cdef int64_t row = self.checked_row_of(cell)
        cdef int64_t last = self.count - 1
        cdef int64_t removed
        if row < 0:
            return -1
        removed = self.row_keys[row]
        forget_cell(&self.index, cell)
        if row != last:
            self.row_cells[row] = self.row_cells[last]
            set_row(&self.index, self.row_cells[row], <int32_t>row)
            self.write(
                row,
                self.row_objectives[last],
                self.row_keys[last],
                row_in(self.row_behaviors, last, self.behavior_dim),
                row_in(self.row_solutions, last, self.solution_dim),
            )
        self.count = last
        return removed

    def clear(self):
        """See ``archive_numpy.EliteArchive.clear``."""
        clear_index(&self.index, self.row_cells, self.count)
        self.count = 0

    def __len__(self):
        return self.count

    @property
    def coverage(self):
        """See ``archive_numpy.EliteArchive.coverage``."""
        return self.count / <double>self.total_cells

    @property
    def cells(self):
        """See ``archive_numpy.EliteArchive.cells``."""
        return self.used(self.cell_rows)

    @property
    def objectives(self):
        """See ``archive_numpy.EliteArchive.objectives``."""
        return self.used(self.objective_rows)

    @property
    def keys(self):
        """See ``archive_numpy.EliteArchive.keys``."""
        return self.used(self.key_rows)

    @property
    def behaviors(self):
        """See ``archive_numpy.EliteArchive.behaviors``."""
        return self.used(self.behavior_rows)

    @property
    def solutions(self):
        """See ``archive_numpy.EliteArchive.solutions``."""
        return self.used(self.solution_rows)

    @property
    def objective_sum(self):
        """See ``archive_numpy.EliteArchive.objective_sum``."""
        return float(self.objectives.sum())

    def best(self):
        """See ``archive_numpy.EliteArchive.best``."""
        return int(self.objectives.argmax()) if self.count else -1

    def worst(self):
        """See ``archive_numpy.EliteArchive.worst``."""
        return int(self.objectives.argmin()) if self.count else -1

    def worst_rows(self, n):
        """See ``archive_numpy.EliteArchive.worst_rows``."""
        checks.check_count(n)
        return self.objectives.argsort(kind="stable")[:n]

    def sample(self, uniforms):
        """See ``archive_numpy.EliteArchive.sample``."""
        if not fits(uniforms, cnp.NPY_FLOAT64, 1):
            uniforms = checks.float_array("uniforms", uniforms, 1)
        cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>uniforms, 0)
        cdef const double* drawn = floats_in(uniforms)
        if not are_uniforms(drawn, n):
            checks.check_uniforms(uniforms)
        if n:
            checks.check_not_empty(self.count)
        rows = new_array(n, cnp.NPY_INT64)
        cdef int64_t* row_data = <int64_t*>cnp.PyArray_DATA(rows)
        cdef Py_ssize_t item
        for item in range(n):  # the product can round up to the number of elites
            row_data[item] = min(<int64_t>(drawn[item] * self.count), self.count - 1)
        return rows

    cdef void offer_all(self, const Items* items, Py_ssize_t n, int8_t* status, int64_t* displaced) noexcept nogil:
        cdef Py_ssize_t item
        for item in range(n):
            status[item] = <int8_t>self.offer(
                items.cells[item],
                items.objectives[item],
                items.keys[item],
                row_in(items.behaviors, item, self.behavior_dim),
                row_in(items.solutions, item, self.solution_dim),
                &displaced[item],
            )

    cdef inline int offer(
        self,
        int64_t cell,
        double objective,
        int64_t key,
        const double* behavior,
        const double* solution,
        int64_t* displaced,
    ) noexcept nogil:
        """Let an item have its cell if it is better; there must be room for a row."""
        cdef int64_t row = row_of_cell(&self.index, cell)
        displaced[0] = -1
        if row < 0:
            self.write(self.append(cell), objective, key, behavior, solution)
            return NEW
        if objective > self.row_objectives[row]:
            displaced[0] = self.row_keys[row]
            self.write(row, objective, key, behavior, solution)
            return IMPROVED
        return REJECTED

    cdef inline int64_t append(self, int64_t cell) noexcept nogil:
        """A new row for an empty cell; there must be room."""
        cdef int64_t row = self.count
        self.row_cells[row] = cell
        set_row(&self.index, cell, <int32_t>row)
        self.count += 1
        return row

    cdef inline void write(
        self, int64_t row, double objective, int64_t key, const double* behavior, const double* solution
    ) noexcept nogil:
        self.row_objectives[row] = objective
        self.row_keys[row] = key
        if behavior != NULL:
            memcpy(&self.row_behaviors[row * self.behavior_dim], behavior, self.behavior_dim * sizeof(double))
        if solution != NULL:
            memcpy(&self.row_solutions[row * self.solution_dim], solution, self.solution_dim * sizeof(double))

    cdef inline int check_item(self, int64_t cell, double objective) except -1:
        if not 0 <= cell < self.total_cells:
            checks.check_cell(cell, self.total_cells)
        if not isfinite(objective):
            checks.check_objective(objective)
        return 0

    cdef inline int64_t checked_row_of(self, int64_t cell) except -2:
        if not 0 <= cell < self.total_cells:
            checks.check_cell(cell, self.total_cells)
        return row_of_cell(&self.index, cell)

    cdef cnp.ndarray used(self, cnp.ndarray rows):
        view = rows[: self.count]
        view.flags.writeable = False
        return view

    cdef inline int reserve(self, int64_t rows) except -1:
        """Make room for ``rows`` rows, of which there can be no more than cells."""
        rows = min(rows, self.total_cells)
        if rows > self.capacity:
            self.grow(rows)
        return 0

    cdef int grow(self, int64_t rows) except -1:
        checks.check_rows(rows)
        rows = max(rows, min(2 * self.capacity, MAX_ROWS))
        reserve_index(&self.index, rows, self.row_cells, self.count)
        self.resize(rows)
        return 0

    cdef int resize(self, int64_t capacity) except -1:
        """Move the rows into arrays of ``capacity`` rows."""
        old = (self.cell_rows, self.objective_rows, self.key_rows, self.behavior_rows, self.solution_rows)
        new = (
            np.empty(capacity, np.int64),
            np.empty(capacity, np.float64),
            np.empty(capacity, np.int64),
            np.empty((capacity, self.behavior_dim), np.float64),
            np.empty((capacity, self.solution_dim), np.float64),
        )
        if self.count:
            for source, target in zip(old, new):
                target[: self.count] = source[: self.count]
        self.cell_rows, self.objective_rows, self.key_rows, self.behavior_rows, self.solution_rows = new
        self.row_cells = <int64_t*>cnp.PyArray_DATA(self.cell_rows)
        self.row_objectives = <double*>cnp.PyArray_DATA(self.objective_rows)
        self.row_keys = <int64_t*>cnp.PyArray_DATA(self.key_rows)
        self.row_behaviors = <double*>cnp.PyArray_DATA(self.behavior_rows) if self.behavior_dim else NULL
        self.row_solutions = <double*>cnp.PyArray_DATA(self.solution_rows) if self.solution_dim else NULL
        self.capacity = capacity
        return 0

# cython: boundscheck=False, wraparound=False, cdivision=True
"""The elite archive, compiled. ``archive_numpy`` documents the class and is its twin.

The loops are nogil functions, called with the lock held: they take microseconds, and another thread can never see
half a batch. A batch is gone through twice: first objectives are compared, without a branch that could be guessed
wrongly but for new cells, then what the winners describe is copied.
"""

cimport cython
from libc.math cimport isfinite
from libc.stdint cimport int8_t, int32_t, int64_t

cimport numpy as cnp

from gigaevo.kernels.compiled._archive_items cimport (
    Items,
    Outcome,
    are_equal,
    behavior_in,
    checked_depth,
    checked_keys,
    checked_row,
    checked_rows,
    first_of_the_best,
    floats_in,
    load_rows,
    new_notes,
    note_in,
    row_in,
)
from gigaevo.kernels.compiled._boundary cimport are_uniforms, fits, new_array
from gigaevo.kernels.compiled._cell_index cimport (
    CellIndex,
    clear_index,
    forget_cell,
    free_index,
    make_index,
    prefetch_row,
    reserve_index,
    row_of_cell,
    set_row,
)

import numpy as np

from gigaevo.kernels.checks import archive_checks, array_checks
from gigaevo.kernels.codes import AddStatus

cnp.import_array()

cdef extern from "_archive_loops.h" nogil:
    bint cells_are_sound(const int64_t* cells, Py_ssize_t n, int64_t total_cells)
    bint numbers_are_finite(const double* numbers, Py_ssize_t n)

cdef extern from "_memory.h" nogil:
    void copy_row(double* target, const double* source, int64_t width)
    void will_write(const void* address)

cdef enum:
    AHEAD = 8  # items for which memory is asked before it is needed
    NOTED = 1024  # items of a batch for which room is kept
    CACHED_ROWS = 32768  # rows of which objectives are likely to be near anyway
    REJECTED = 0
    IMPROVED = 1
    NEW = 2

cdef tuple STATUSES = (AddStatus.REJECTED, AddStatus.IMPROVED, AddStatus.NEW)
cdef int64_t MAX_ROWS = array_checks.MAX_ROWS


@cython.final
cdef class EliteArchive:
    """See ``archive_numpy.EliteArchive``."""

    cdef readonly int64_t total_cells
    cdef readonly bint keyed
    cdef int64_t count, capacity, behavior_dim, solution_dim
    cdef CellIndex index
    # The arrays own the rows, the pointers are to their data.
    cdef cnp.ndarray cell_rows, objective_rows, key_rows, behavior_rows, solution_rows
    cdef int64_t* row_cells
    cdef double* row_objectives
    cdef int64_t* row_keys
    cdef double* row_behaviors
    cdef double* row_solutions
    cdef cnp.ndarray notes  # room for what becomes of NOTED items

    def __cinit__(self, total_cells, *, behavior_dim=0, solution_dim=0, keyed=True, capacity=64):
        archive_checks.check_archive(total_cells, behavior_dim, solution_dim, capacity)
        self.total_cells = total_cells
        self.keyed = keyed
        self.behavior_dim, self.solution_dim = behavior_dim, solution_dim
        self.count = 0
        self.notes = new_notes(NOTED)
        make_index(&self.index, self.total_cells, capacity)
        self.resize(capacity)

    def __dealloc__(self):
        free_index(&self.index)

    def __reduce__(self):
        rows = (self.cells, self.objectives, self.keys if self.keyed else None, self.behaviors, self.solutions)
        return restored_archive, (self.total_cells, *(None if row is None else row.copy() for row in rows))

    def add(self, cells, objectives, keys=None, behaviors=None, solutions=None, *, depth=1):
        """See ``archive_numpy.EliteArchive.add``."""
        return self.admit(cells, objectives, keys, behaviors, solutions, depth, True)

    def absorb(self, cells, objectives, keys=None, behaviors=None, solutions=None, *, depth=1):
        """See ``archive_numpy.EliteArchive.absorb``."""
        return self.admit(cells, objectives, keys, behaviors, solutions, depth, False)

    cdef object admit(self, cells, objectives, keys, behaviors, solutions, depth, bint telling):
        """``add`` where ``telling``, else ``absorb``."""
        cdef Py_ssize_t n
        cdef Items items
        cdef Outcome outcome
        if not fits(cells, cnp.NPY_INT64, 1):
            cells = array_checks.int_array("cells", cells, 1)
        if not fits(objectives, cnp.NPY_FLOAT64, 1):
            objectives = array_checks.float_array("objectives", objectives, 1)
        n = cnp.PyArray_DIM(<cnp.ndarray>cells, 0)
        if cnp.PyArray_DIM(<cnp.ndarray>objectives, 0) != n:
            array_checks.check_shape("objectives", objectives, (n,))
        keys = checked_keys(keys, n, self.keyed)
        behaviors = load_rows(&items.behaviors, "behaviors", behaviors, n, self.behavior_dim)
        solutions = checked_rows("solutions", solutions, n, self.solution_dim)
        cdef int64_t run = checked_depth(depth, self.total_cells)
        items.cells = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>cells)
        items.objectives = floats_in(objectives)
        items.keys = NULL
        if keys is not None:
            items.keys = <const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>keys)
        items.solutions = floats_in(solutions)
        if not (
            cells_are_sound(items.cells, n, self.total_cells // run) and numbers_are_finite(items.objectives, n)
        ):
            array_checks.check_below("cells", cells, self.total_cells // run)
            array_checks.check_finite("objectives", objectives)
        self.reserve(self.count + n)
        notes = self.notes if n <= NOTED else new_notes(n)
        note_in(notes, n, &outcome)
        if telling:
            status = new_array(n, cnp.NPY_INT8)
            rows = new_array(n, cnp.NPY_INT64)
            gains = new_array(n, cnp.NPY_FLOAT64)
            outcome.status = <int8_t*>cnp.PyArray_DATA(status)
            outcome.rows = <int64_t*>cnp.PyArray_DATA(rows)
            outcome.gains = <double*>cnp.PyArray_DATA(gains)
        if run > 1:
            self.offer_to_runs(&items, n, run, &outcome)
        else:
            self.describe(&items, self.compare(&items, n, &outcome), &outcome)
        if telling:
            return status, rows, gains
        return first_of_the_best(items.objectives, n)

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
            displaced = self.key_in(row)
        self.write(row, objective, key, floats_in(behavior), 1, floats_in(solution))
        return displaced

    def row_of(self, int64_t cell):
        """See ``archive_numpy.EliteArchive.row_of``."""
        return self.checked_row_of(cell)

    def key_at(self, int64_t cell):
        """See ``archive_numpy.EliteArchive.key_at``."""
        cdef int64_t row = self.checked_row_of(cell)
        return self.key_in(row) if row >= 0 else -1

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
        removed = self.key_in(row)
        forget_cell(&self.index, cell)
        if row != last:
            self.row_cells[row] = self.row_cells[last]
            set_row(&self.index, self.row_cells[row], <int32_t>row)
            self.write(
                row,
                self.row_objectives[last],
                self.key_in(last),
                row_in(self.row_behaviors, last, self.behavior_dim),
                1,
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
        archive_checks.check_keyed(self.keyed)
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
        with np.errstate(over="ignore", invalid="ignore"):
            return float(self.objectives.sum())

    def best(self):
        """See ``archive_numpy.EliteArchive.best``."""
        return int(self.objectives.argmax()) if self.count else -1

    def worst(self):
        """See ``archive_numpy.EliteArchive.worst``."""
        return int(self.objectives.argmin()) if self.count else -1

    def worst_rows(self, n):
        """See ``archive_numpy.EliteArchive.worst_rows``."""
        array_checks.check_count(n)
        return self.objectives.argsort(kind="stable")[:n]

    def sample(self, uniforms):
        """See ``archive_numpy.EliteArchive.sample``."""
        if not fits(uniforms, cnp.NPY_FLOAT64, 1):
            uniforms = array_checks.float_array("uniforms", uniforms, 1)
        cdef Py_ssize_t n = cnp.PyArray_DIM(<cnp.ndarray>uniforms, 0)
        cdef const double* drawn = floats_in(uniforms)
        if not are_uniforms(drawn, n):
            array_checks.check_uniforms(uniforms)
        if n:
            archive_checks.check_not_empty(self.count)
        rows = new_array(n, cnp.NPY_INT64)
        cdef int64_t* row_data = <int64_t*>cnp.PyArray_DATA(rows)
        cdef Py_ssize_t item
        for item in range(n):  # the product can round up to the number of elites
            row_data[item] = min(<int64_t>(drawn[item] * self.count), self.count - 1)
        return rows

    cdef Py_ssize_t compare(self, const Items* items, Py_ssize_t n, const Outcome* outcome) noexcept nogil:
        """Let each item that is better have its cell, as far as objectives go; how many were."""
        cdef Py_ssize_t item, winners = 0
        cdef int64_t row
        cdef double objective, held
        cdef bint better, far = self.index.dense != NULL and self.count > CACHED_ROWS
        for item in range(n):
            if item + 2 * AHEAD < n:
                prefetch_row(&self.index, items.cells[item + 2 * AHEAD])
            if far and item + AHEAD < n:
                row = row_of_cell(&self.index, items.cells[item + AHEAD])
                will_write(&self.row_objectives[max(row, 0)])
            row = row_of_cell(&self.index, items.cells[item])
            objective = items.objectives[item]
            if row < 0:
                row = self.append(items.cells[item])
                self.row_objectives[row] = objective
                outcome.status[item], outcome.rows[item], outcome.gains[item] = NEW, row, objective
                outcome.winners[winners] = <int32_t>item
                winners += 1
                continue
            held = self.row_objectives[row]
            better = objective > held
            self.row_objectives[row] = objective if better else held
            outcome.status[item] = <int8_t>better
            outcome.rows[item] = row if better else -1
            outcome.gains[item] = objective - held
            outcome.winners[winners] = <int32_t>item
            winners += better
        return winners

    cdef void describe(self, const Items* items, Py_ssize_t winners, const Outcome* outcome) noexcept nogil:
        """Copy what belongs to the winners into their rows; where two had the same row, the later one's stays."""
        cdef Py_ssize_t place, item
        cdef int64_t row
        for place in range(winners):
            if place + AHEAD < winners:
                row = outcome.rows[outcome.winners[place + AHEAD]]
                if self.row_solutions != NULL:
                    will_write(&self.row_solutions[row * self.solution_dim])
                if self.row_behaviors != NULL:
                    will_write(&self.row_behaviors[row * self.behavior_dim])
            item = outcome.winners[place]
            row = outcome.rows[item]
            if items.keys != NULL:
                self.row_keys[row] = items.keys[item]
            self.write_description(
                row,
                behavior_in(items, item),
                items.behaviors.column_step,
                row_in(items.solutions, item, self.solution_dim),
            )

    cdef void offer_to_runs(
        self, const Items* items, Py_ssize_t n, int64_t depth, const Outcome* outcome
    ) noexcept nogil:
        cdef Py_ssize_t item
        cdef int64_t row, free_cell
        cdef double objective
        for item in range(n):
            objective = items.objectives[item]
            row = self.rival(
                items.cells[item] * depth, depth, row_in(items.solutions, item, self.solution_dim), &free_cell
            )
            if row < 0:
                row = self.append(free_cell)
                outcome.status[item], outcome.gains[item] = NEW, objective
            else:
                outcome.gains[item] = objective - self.row_objectives[row]
                if not objective > self.row_objectives[row]:
                    outcome.status[item], outcome.rows[item] = REJECTED, -1
                    continue
                outcome.status[item] = IMPROVED
            outcome.rows[item] = row
            self.write(
                row,
                objective,
                0 if items.keys == NULL else items.keys[item],
                behavior_in(items, item),
                items.behaviors.column_step,
                row_in(items.solutions, item, self.solution_dim),
            )

    cdef inline int64_t rival(
        self, int64_t first, int64_t depth, const double* solution, int64_t* free_cell
    ) noexcept nogil:
        """The row that an item must beat in a run of cells: its equal's, else the least; -1 where a cell is free."""
        cdef int64_t cell, row, least = -1
        free_cell[0] = -1
        for cell in range(first, first + depth):
            row = row_of_cell(&self.index, cell)
            if row < 0:
                if free_cell[0] < 0:
                    free_cell[0] = cell
                continue
            if solution != NULL and are_equal(solution, &self.row_solutions[row * self.solution_dim], self.solution_dim):
                return row
            if least < 0 or self.row_objectives[row] < self.row_objectives[least]:
                least = row
        return -1 if free_cell[0] >= 0 else least

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
            self.write(self.append(cell), objective, key, behavior, 1, solution)
            return NEW
        if objective > self.row_objectives[row]:
            displaced[0] = self.key_in(row)
            self.write(row, objective, key, behavior, 1, solution)
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
        self, int64_t row, double objective, int64_t key, const double* behavior, int64_t step, const double* solution
    ) noexcept nogil:
        """Fill a row; ``step`` is how many numbers it is from one of the behaviour to the next."""
        self.row_objectives[row] = objective
        if self.row_keys != NULL:
            self.row_keys[row] = key
        self.write_description(row, behavior, step, solution)

    cdef inline void write_description(
        self, int64_t row, const double* behavior, int64_t step, const double* solution
    ) noexcept nogil:
        cdef int64_t place
        if behavior != NULL:
            for place in range(self.behavior_dim):
                self.row_behaviors[row * self.behavior_dim + place] = behavior[place * step]
        if solution != NULL:
            copy_row(&self.row_solutions[row * self.solution_dim], solution, self.solution_dim)

    cdef inline int64_t key_in(self, int64_t row) noexcept nogil:
        return -1 if self.row_keys == NULL else self.row_keys[row]

    cdef inline int check_item(self, int64_t cell, double objective) except -1:
        if not 0 <= cell < self.total_cells:
            archive_checks.check_cell(cell, self.total_cells)
        if not isfinite(objective):
            array_checks.check_number("objective", objective)
        return 0

    cdef inline int64_t checked_row_of(self, int64_t cell) except -2:
        if not 0 <= cell < self.total_cells:
            archive_checks.check_cell(cell, self.total_cells)
        return row_of_cell(&self.index, cell)

    cdef cnp.ndarray used(self, cnp.ndarray rows):
        """The rows that hold elites, as a view that may not be written to."""
        cdef cnp.npy_intp[2] shape
        shape[0], shape[1] = self.count, 0
        if cnp.PyArray_NDIM(rows) == 2:
            shape[1] = cnp.PyArray_DIM(rows, 1)
        cdef cnp.ndarray view = cnp.PyArray_SimpleNewFromData(
            cnp.PyArray_NDIM(rows), shape, cnp.PyArray_TYPE(rows), cnp.PyArray_DATA(rows)
        )
        cnp.set_array_base(view, rows)
        cnp.PyArray_CLEARFLAGS(view, cnp.NPY_ARRAY_WRITEABLE)
        return view

    cdef inline int reserve(self, int64_t rows) except -1:
        """Make room for ``rows`` rows, of which there can be no more than cells."""
        rows = min(rows, self.total_cells)
        if rows > self.capacity:
            self.grow(rows)
        return 0

    cdef int grow(self, int64_t rows) except -1:
        array_checks.check_rows(rows)
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
            np.empty(capacity if self.keyed else 0, np.int64),
            np.empty((capacity, self.behavior_dim), np.float64),
            np.empty((capacity, self.solution_dim), np.float64),
        )
        if self.count:
            for source, target in zip(old, new):
                if target.size:
                    target[: self.count] = source[: self.count]
        self.cell_rows, self.objective_rows, self.key_rows, self.behavior_rows, self.solution_rows = new
        self.row_cells = <int64_t*>cnp.PyArray_DATA(self.cell_rows)
        self.row_objectives = <double*>cnp.PyArray_DATA(self.objective_rows)
        self.row_keys = <int64_t*>cnp.PyArray_DATA(self.key_rows) if self.keyed else NULL
        self.row_behaviors = <double*>cnp.PyArray_DATA(self.behavior_rows) if self.behavior_dim else NULL
        self.row_solutions = <double*>cnp.PyArray_DATA(self.solution_rows) if self.solution_dim else NULL
        self.capacity = capacity
        return 0


def restored_archive(total_cells, cells, objectives, keys, behaviors, solutions):
    """See ``archive_numpy.restored_archive``."""
    _, behavior_dim = behaviors.shape
    _, solution_dim = solutions.shape
    cdef EliteArchive archive = EliteArchive(
        total_cells,
        behavior_dim=behavior_dim,
        solution_dim=solution_dim,
        keyed=keys is not None,
        capacity=max(len(cells), 1),
    )
    archive.add(cells, objectives, keys, behaviors if behavior_dim else None, solutions if solution_dim else None)
    return archive

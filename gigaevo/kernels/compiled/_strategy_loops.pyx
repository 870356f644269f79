# cython: boundscheck=False, wraparound=False, cdivision=True
"""Whole runs of the strategies, compiled: ``strategy_loops_numpy`` documents the functions."""

from libc.math cimport INFINITY, NAN
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

cimport numpy as cnp

from gigaevo.kernels.compiled._herd cimport (
    FLIP,
    Cross,
    Herd,
    Mutation,
    Scoring,
    elite_selection,
    let_aged_die,
    share,
    tournament_selection,
)
from gigaevo.kernels.compiled._offspring cimport best_row, clone_row, crossover, mutate, score
from gigaevo.kernels.compiled._random cimport RandomStream
from gigaevo.kernels.compiled._rng cimport Rng, below
from gigaevo.kernels.compiled._strategy cimport open_herd, read_crossing, read_task

from gigaevo.kernels.checks import strategy_checks as checks

cnp.import_array()


cdef struct Race:
    # The first five: see ``strategy_laws.Plan``; then ``strategy_laws.Goal`` and ``strategy_laws.Progress``.
    int64_t target_size
    double replacement_rate
    double elitism_rate
    int64_t tournament_size
    int64_t max_age
    double target_merit
    double valid_merit
    int64_t max_generations
    int64_t max_stale_generations
    int64_t stale_break
    int64_t last_generation
    bint replace_on_equal
    int64_t generation
    int64_t stale_generations
    int64_t best_generation
    double best_merit
    uint64_t* best_genes
    int64_t evaluations


cdef int read_race(Race* race, object progress, object goal) except -1:
    race.target_merit, race.valid_merit = goal.target_merit, goal.valid_merit
    race.max_generations, race.max_stale_generations = goal.max_generations, goal.max_stale_generations
    race.stale_break, race.last_generation = goal.stale_break, goal.last_generation
    race.replace_on_equal = goal.replace_on_equal
    race.generation, race.stale_generations = progress.generation, progress.stale_generations
    race.best_generation, race.best_merit = progress.best_generation, progress.best_merit
    race.evaluations = progress.evaluations
    race.best_genes = <uint64_t*>cnp.PyArray_DATA(<cnp.ndarray>progress.best_genes)
    return 0


cdef int write_race(const Race* race, const Herd* herd, object progress) except -1:
    progress.size, progress.generation = herd.size, race.generation
    progress.stale_generations, progress.best_generation = race.stale_generations, race.best_generation
    progress.best_merit, progress.evaluations = race.best_merit, race.evaluations
    return 0


cdef bint is_over(const Race* race) noexcept nogil:
    if race.generation >= race.last_generation or 0 < race.stale_break <= race.stale_generations:
        return True
    if race.best_merit < race.valid_merit:
        return False
    return (
        race.best_merit >= race.target_merit
        or 0 < race.max_generations <= race.generation
        or 0 < race.max_stale_generations <= race.stale_generations
    )


cdef void note_best(Herd* herd, Race* race) noexcept nogil:
    cdef int64_t best = best_row(herd, race.replace_on_equal)
    cdef double merit = herd.merits[best]
    if merit > race.best_merit:
        race.best_generation, race.stale_generations = race.generation, 0
    else:
        race.stale_generations += 1
        if not (race.replace_on_equal and merit == race.best_merit > -INFINITY):
            return
    race.best_merit = merit
    memcpy(race.best_genes, herd.genes + best * herd.width, herd.width * sizeof(uint64_t))


cdef void run_generations(
    Herd* herd, const Cross* cross, const Mutation* mutation, const Scoring* scoring, Race* race, Rng* rng
) noexcept nogil:
    cdef int64_t first
    while not is_over(race):
        race.generation += 1
        if race.max_age:
            let_aged_die(herd, race.max_age)
        if race.tournament_size:
            tournament_selection(
                herd, race.target_size, race.replacement_rate, race.elitism_rate, race.tournament_size, rng
            )
        else:
            elite_selection(herd, race.target_size, race.replacement_rate, race.elitism_rate)
        first = crossover(herd, cross, rng)
        mutate(herd, mutation, first, rng)
        race.evaluations += score(herd, scoring)
        note_best(herd, race)


cdef void run_climb(
    Herd* herd, const Mutation* mutation, const Scoring* scoring, Race* race, Rng* rng
) noexcept nogil:
    cdef int64_t stand, trial
    cdef double merit, present
    while not is_over(race):
        race.generation += 1
        stand, trial = herd.order[0], herd.order[1]
        clone_row(herd, stand, trial)
        herd.size = 2
        mutate(herd, mutation, 1, rng)
        race.evaluations += score(herd, scoring)
        note_best(herd, race)
        herd.size = 1
        merit, present = herd.merits[trial], herd.merits[stand]
        if merit > present or present == -INFINITY or (race.replace_on_equal and merit == present):
            herd.order[0], herd.order[1] = trial, stand


cdef int64_t count_neighbours(const Herd* herd, const Mutation* mutation) noexcept nogil:
    cdef int64_t count = 0, gene
    if mutation.change == FLIP:
        return mutation.mutable_count
    for gene in range(herd.width):
        count += mutation.stops[gene] - gene - 1
    return count


cdef inline void change_pair(
    Herd* herd, const Mutation* mutation, int64_t row, int64_t left, int64_t right
) noexcept nogil:
    """Flip the gene ``left``, or swap the two; doing it again undoes it."""
    cdef uint64_t* words = herd.genes + row * herd.width
    if mutation.change == FLIP:
        words[left >> 6] ^= <uint64_t>1 << (left & 63)
    else:
        words[left], words[right] = words[right], words[left]


cdef void score_neighbours(
    Herd* herd, const Mutation* mutation, const Scoring* scoring, int64_t trial, double* merits, int64_t wanted
) noexcept nogil:
    """Merits of all neighbours of the row ``trial``, which is left as it was; or only the change to ``wanted``."""
    cdef int64_t place = 0, first, left, right, stop
    for first in range(mutation.mutable_count if mutation.change == FLIP else herd.width):
        left = mutation.mutable[first] if mutation.change == FLIP else first
        stop = left + 2 if mutation.change == FLIP else mutation.stops[left]
        for right in range(left + 1, stop):
            if wanted < 0:
                change_pair(herd, mutation, trial, left, right)
                herd.merits[trial] = NAN
                score(herd, scoring)
                merits[place] = herd.merits[trial]
                change_pair(herd, mutation, trial, left, right)
            elif wanted == place:
                change_pair(herd, mutation, trial, left, right)
                return
            place += 1


cdef void run_steepest(
    Herd* herd, const Mutation* mutation, const Scoring* scoring, Race* race, int64_t around, double* merits,
    int64_t* places, Rng* rng
) noexcept nogil:
    cdef int64_t stand, trial, item, other, chosen
    cdef double present
    while not is_over(race):
        race.generation += 1
        if around == 0:
            race.stale_generations += 1
            continue
        stand, trial = herd.order[0], herd.order[1]
        present = herd.merits[stand]
        clone_row(herd, stand, trial)
        herd.order[0], herd.order[1] = trial, stand  # it is alone in the population while it is looked at
        score_neighbours(herd, mutation, scoring, trial, merits, -1)
        race.evaluations += around
        for item in range(around):
            places[item] = item
        if race.replace_on_equal:
            for item in range(around - 1, 0, -1):  # as RandomStream.permutation
                other = below(rng, <uint32_t>(item + 1))
                places[item], places[other] = places[other], places[item]
        chosen = places[0]
        for item in range(1, around):
            other = places[item]
            if merits[other] > merits[chosen] or (race.replace_on_equal and merits[other] == merits[chosen]):
                chosen = other
        score_neighbours(herd, mutation, scoring, trial, merits, chosen)
        herd.merits[trial] = merits[chosen]
        note_best(herd, race)
        if merits[chosen] > present or present == -INFINITY:
            continue
        if not (race.replace_on_equal and merits[chosen] == present):
            herd.order[0], herd.order[1] = stand, trial


def advance(pool, progress, plan, RandomStream stream not None):
    """See ``strategy_loops_numpy.advance``."""
    cdef Herd herd
    cdef Cross cross
    cdef Mutation mutation
    cdef Scoring scoring
    cdef Race race
    cdef int64_t target
    checks.check_selection(plan.target_size, plan.replacement_rate, plan.elitism_rate, plan.tournament_size or 1)
    read_crossing(&cross, pool, plan.crossing)
    read_task(&mutation, &scoring, pool, progress.size, plan.mutation, plan.scoring, cross.genes_size)
    race.target_size = plan.target_size
    race.replacement_rate, race.elitism_rate = plan.replacement_rate, plan.elitism_rate
    race.tournament_size, race.max_age = plan.tournament_size, plan.max_age
    checks.check_best(pool, progress)
    open_herd(&herd, pool, progress.size, max(cross.genes_size, cross.cut_count, mutation.mutable_count))
    try:
        read_race(&race, progress, plan.goal)
        target = min(race.target_size, herd.capacity + 1)  # the sum would not fit 64 bits
        checks.check_room(pool, plan.target_size, target + share(target, cross.selection_rate))
        with nogil:
            run_generations(&herd, &cross, &mutation, &scoring, &race, &stream.rng)
    finally:
        free(herd.scratch)
    write_race(&race, &herd, progress)


def climb(pool, progress, mutation, genes_size, scoring, goal, RandomStream stream not None):
    """See ``strategy_loops_numpy.climb``."""
    cdef Herd herd
    cdef Mutation change
    cdef Scoring told
    cdef Race race
    read_task(&change, &told, pool, 1, mutation, scoring, genes_size)
    change.probability = 1.0
    checks.check_best(pool, progress)
    open_herd(&herd, pool, 1, change.mutable_count)
    try:
        checks.check_room(pool, 1, 2)
        read_race(&race, progress, goal)
        with nogil:
            run_climb(&herd, &change, &told, &race, &stream.rng)
    finally:
        free(herd.scratch)
    write_race(&race, &herd, progress)


def climb_steepest(pool, progress, mutation, genes_size, scoring, goal, RandomStream stream not None):
    """See ``strategy_loops_numpy.climb_steepest``."""
    cdef Herd herd
    cdef Mutation change
    cdef Scoring told
    cdef Race race
    cdef int64_t around
    cdef double* merits = NULL
    read_task(&change, &told, pool, 1, mutation, scoring, genes_size)
    checks.check_steepest(mutation)
    checks.check_best(pool, progress)
    open_herd(&herd, pool, 1, change.mutable_count)
    try:
        checks.check_room(pool, 1, 2)
        read_race(&race, progress, goal)
        around = count_neighbours(&herd, &change)
        merits = <double*>malloc((2 * around + 1) * sizeof(double))
        if merits == NULL:
            raise MemoryError
        with nogil:
            run_steepest(&herd, &change, &told, &race, around, merits, <int64_t*>(merits + around), &stream.rng)
    finally:
        free(merits)
        free(herd.scratch)
    write_race(&race, &herd, progress)

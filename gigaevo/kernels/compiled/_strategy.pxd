# What looks at the arguments of Python, for the loops of ``_strategy_loops``.

from libc.stdint cimport int64_t

from gigaevo.kernels.compiled._herd cimport Cross, Herd, Mutation, Scoring

cdef int open_herd(Herd* herd, object pool, object size, int64_t extra) except -1
cdef int read_crossing(Cross* cross, object pool, object crossing) except -1
cdef int read_task(
    Mutation* mutation, Scoring* scoring, object pool, size, object change, object told, genes_size
) except -1

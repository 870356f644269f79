from gigaevo.kernels.distinct_numpy import new_rows as new_rows

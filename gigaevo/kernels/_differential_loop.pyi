from gigaevo.kernels.differential_loop_numpy import advance as advance

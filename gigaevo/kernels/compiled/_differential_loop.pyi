from gigaevo.kernels.twins.differential_loop_numpy import advance as advance

from gigaevo.kernels.hypervolume_numpy import hypervolume as hypervolume

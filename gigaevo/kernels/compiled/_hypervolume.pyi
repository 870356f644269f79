from gigaevo.kernels.twins.hypervolume_numpy import hypervolume as hypervolume

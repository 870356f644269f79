from gigaevo.kernels.twins.cvt_numpy import CentroidIndex as CentroidIndex

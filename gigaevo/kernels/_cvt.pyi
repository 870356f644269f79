from gigaevo.kernels.cvt_numpy import CentroidIndex as CentroidIndex

from gigaevo.kernels.twins.cma_numpy import cma_advance as cma_advance
from gigaevo.kernels.twins.cma_numpy import cma_factor as cma_factor
from gigaevo.kernels.twins.cma_numpy import cma_fold as cma_fold
from gigaevo.kernels.twins.cma_numpy import cma_sample as cma_sample
from gigaevo.kernels.twins.cma_numpy import cma_update as cma_update

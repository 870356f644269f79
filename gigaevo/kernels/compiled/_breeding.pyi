from gigaevo.kernels.twins.breeding_numpy import advance_bits as advance_bits
from gigaevo.kernels.twins.breeding_numpy import advance_reals as advance_reals
from gigaevo.kernels.twins.breeding_numpy import breed_bits as breed_bits
from gigaevo.kernels.twins.breeding_numpy import breed_reals as breed_reals
from gigaevo.kernels.twins.breeding_numpy import compete as compete
from gigaevo.kernels.twins.breeding_numpy import repeated as repeated
from gigaevo.kernels.twins.breeding_numpy import succeed as succeed

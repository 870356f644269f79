from gigaevo.kernels.twins.row_memory_numpy import RowMemory as RowMemory
from gigaevo.kernels.twins.row_memory_numpy import restored_memory as restored_memory

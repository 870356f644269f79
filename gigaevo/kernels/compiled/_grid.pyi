from gigaevo.kernels.twins.grid_numpy import bin_cell as bin_cell
from gigaevo.kernels.twins.grid_numpy import bin_grid as bin_grid
from gigaevo.kernels.twins.grid_numpy import bin_point as bin_point

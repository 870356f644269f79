from gigaevo.kernels.grid_numpy import bin_cell as bin_cell

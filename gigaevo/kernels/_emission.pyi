from gigaevo.kernels.emission_numpy import iso_line as iso_line

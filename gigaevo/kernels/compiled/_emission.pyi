from gigaevo.kernels.twins.emission_numpy import iso_line as iso_line
